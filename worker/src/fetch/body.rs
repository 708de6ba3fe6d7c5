//! Reads a body piece by piece, so that size and pace are checked while it comes.
//!
//! Sizes are those after decompression: the client decodes in small steps and does not tell how many bytes
//! came over the wire, so a decompression bomb ends at the same cap as any other large body.

use metrics::Counter;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::config::MinRate;
use super::error::{FetchError, Slow};

/// A body in the middle of being read.
pub(super) struct BodyReader {
    response: Response,
    bytes: Vec<u8>,
    min_rate: MinRate,
    /// Counts every byte, those of bodies that are given up too.
    bytes_in: Counter,
    window_end: Instant,
    in_window: usize,
    ended: bool,
}

impl BodyReader {
    pub(super) fn new(response: Response, min_rate: MinRate, bytes_in: Counter) -> Self {
        Self {
            response,
            bytes: Vec::new(),
            min_rate,
            bytes_in,
            window_end: Instant::now() + min_rate.window,
            in_window: 0,
            ended: false,
        }
    }

    /// What has been read so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives up the connection and keeps what has been read.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Reads until at least `length` bytes are there or the body ends.
    pub(super) async fn read_to(&mut self, length: usize) -> Result<(), FetchError> {
        while !self.ended && self.bytes.len() < length {
            // Dropping the wait for a piece loses nothing: it is kept in the response.
            match timeout_at(self.window_end, self.response.chunk()).await {
                Err(_) => self.next_window()?,
                Ok(Err(error)) => return Err(FetchError::from_transport(error)),
                Ok(Ok(None)) => self.ended = true,
                Ok(Ok(Some(piece))) => {
                    self.in_window += piece.len();
                    self.bytes_in.increment(piece.len() as u64);
                    self.bytes.extend_from_slice(&piece);
                }
            }
        }
        Ok(())
    }

    fn next_window(&mut self) -> Result<(), FetchError> {
        if self.in_window < self.min_rate.bytes {
            return Err(FetchError::Timeout(Slow::Body));
        }
        self.in_window = 0;
        self.window_end = Instant::now() + self.min_rate.window;
        Ok(())
    }
}

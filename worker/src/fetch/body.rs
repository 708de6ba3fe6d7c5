//! Reads a body piece by piece, so that size and pace are checked while it comes.

mod coding;

use metrics::Counter;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::config::MinRate;
use super::error::{FetchError, Slow};
use coding::{Decoder, Stop};

pub(super) use coding::{ACCEPTED_CODINGS, Coding};

/// Decoded in one go; between two, other tasks get their turn.
const STEP_BYTES: usize = 16 * 1024;

/// A body in the middle of being read.
pub(super) struct BodyReader {
    response: Response,
    decoder: Decoder,
    min_rate: MinRate,
    /// Counts every decoded byte, those of bodies that are given up too.
    bytes_in: Counter,
    window_end: Instant,
    in_window: usize,
    ended: bool,
    is_partial: bool,
}

/// Unpacks a file that was packed beforehand, up to `limit` bytes; none if it is a bomb or no gzip at all.
pub(crate) fn unpacked(file: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(Coding::Gzip, limit).ok()?;
    let pushed = file.chunks(STEP_BYTES).try_for_each(|step| decoder.push(step));
    match pushed.and_then(|()| decoder.finish()) {
        Err(Stop::Bomb) => None,
        _ => Some(decoder.into_bytes()).filter(|bytes| !bytes.is_empty()),
    }
}

impl BodyReader {
    /// Reads up to `limit` bytes after decoding. An error if the body has a coding that was not asked for.
    pub(super) fn new(
        response: Response,
        limit: usize,
        min_rate: MinRate,
        bytes_in: Counter,
    ) -> Result<Self, FetchError> {
        let coding = Coding::of(response.headers()).ok_or(FetchError::UnsupportedEncoding)?;
        let decoder = Decoder::new(coding, limit).map_err(|error| FetchError::Protocol(error.into()))?;
        let window_end = Instant::now() + min_rate.window;
        Ok(Self {
            response,
            decoder,
            min_rate,
            bytes_in,
            window_end,
            in_window: 0,
            ended: false,
            is_partial: false,
        })
    }

    /// What has been read so far.
    pub(super) fn bytes(&self) -> &[u8] {
        self.decoder.bytes()
    }

    /// The coding broke off or was damaged: what came before is there.
    pub(super) fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Gives up the connection and keeps what has been read.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.decoder.into_bytes()
    }

    /// Reads until at least `length` bytes are there, the limit is reached or the body ends.
    pub(super) async fn read_to(&mut self, length: usize) -> Result<(), FetchError> {
        while !self.ended && self.bytes().len() < length {
            // Dropping the wait for a piece loses nothing: it is kept in the response.
            match timeout_at(self.window_end, self.response.chunk()).await {
                Err(_) => self.next_window()?,
                Ok(Err(error)) => return Err(FetchError::from_transport(error)),
                Ok(Ok(None)) => {
                    self.ended = true;
                    let finished = self.decoder.finish();
                    self.judge(finished)?;
                }
                Ok(Ok(Some(piece))) => self.take(&piece).await?,
            }
        }
        Ok(())
    }

    async fn take(&mut self, piece: &[u8]) -> Result<(), FetchError> {
        self.in_window += piece.len();
        let before = self.bytes().len();
        for step in piece.chunks(STEP_BYTES) {
            let pushed = self.decoder.push(step);
            self.judge(pushed)?;
            if self.ended {
                break;
            }
            tokio::task::consume_budget().await;
        }
        self.bytes_in.increment((self.bytes().len() - before) as u64);
        Ok(())
    }

    fn judge(&mut self, decoded: Result<(), Stop>) -> Result<(), FetchError> {
        match decoded {
            Ok(()) => return Ok(()),
            Err(Stop::Bomb) => return Err(FetchError::DecompressionBomb),
            Err(Stop::Full) => {}
            // Nothing at all is not a part of a page.
            Err(Stop::Broken) if self.bytes().is_empty() => {
                return Err(FetchError::Protocol("the content coding is broken".into()));
            }
            Err(Stop::Broken) => self.is_partial = true,
        }
        self.ended = true;
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

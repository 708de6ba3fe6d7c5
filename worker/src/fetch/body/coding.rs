//! Takes the content coding off a body, in small steps and never past a limit.
//!
//! A few hundred bytes can stand for a gigabyte, so a limit on what comes over the wire protects nothing: what has
//! been decoded is bounded, and so is its proportion to the wire.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use zstd::stream::write::Decoder as ZstdDecoder;

/// What is asked for: all that is understood.
pub(in crate::fetch) const ACCEPTED_CODINGS: &str = "gzip, br, zstd, deflate";

/// Text is packed to a tenth or so; what grows beyond this is made to grow.
const MOST_GROWTH: usize = 200;
/// Small pages may consist of one letter.
const FREE_BYTES: usize = 1024 * 1024;
/// Memory of a stream: 8 MiB, which RFC 9659 lets every sender expect and no more.
const ZSTD_WINDOW_LOG: u32 = 23;
const BROTLI_BUFFER: usize = 32 * 1024;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of a body; none if it is one that was not asked for, or more than one.
    pub(in crate::fetch) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut coding = Self::Identity;
        for value in headers.get_all(CONTENT_ENCODING) {
            for name in value.to_str().ok()?.split(',').map(str::trim) {
                let named = Self::named(name)?;
                if named != Self::Identity && coding != Self::Identity {
                    return None;
                }
                coding = if named == Self::Identity { coding } else { named };
            }
        }
        Some(coding)
    }

    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Why no more is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The limit is reached, and one byte more was there.
    Full,
    /// It grows out of proportion.
    Bomb,
    /// The stream is damaged, or goes on after its end.
    Broken,
}

/// Where decoded bytes go, up to the limit.
struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    from_wire: usize,
    stop: Option<Stop>,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        let fair = FREE_BYTES.max(self.from_wire.saturating_mul(MOST_GROWTH));
        if self.bytes.len() > fair {
            self.stop = Some(Stop::Bomb);
        } else if piece.len() > room || self.bytes.len() == self.limit {
            self.stop = Some(Stop::Full);
        }
        match self.stop {
            Some(_) => Err(io::ErrorKind::StorageFull.into()),
            None => Ok(piece.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Stream {
    Identity(Sink),
    Gzip(MultiGzDecoder<Sink>),
    /// The standard means zlib, and some servers send it bare: the first bytes tell.
    Deflate(Option<Sink>, Vec<u8>),
    Zlib(ZlibDecoder<Sink>),
    Bare(DeflateDecoder<Sink>),
    Brotli(Box<DecompressorWriter<Sink>>),
    Zstd(Box<ZstdDecoder<'static, Sink>>),
}

/// A body in the middle of being decoded.
pub(super) struct Decoder {
    stream: Stream,
    coded: bool,
}

impl Decoder {
    /// Decodes up to `limit` bytes.
    pub(super) fn new(coding: Coding, limit: usize) -> io::Result<Self> {
        let sink = Sink { bytes: Vec::new(), limit, from_wire: 0, stop: None };
        let stream = match coding {
            Coding::Identity => Stream::Identity(sink),
            Coding::Gzip => Stream::Gzip(MultiGzDecoder::new(sink)),
            Coding::Deflate => Stream::Deflate(Some(sink), Vec::new()),
            Coding::Brotli => Stream::Brotli(Box::new(DecompressorWriter::new(sink, BROTLI_BUFFER))),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::new(sink)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Stream::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { stream, coded: coding != Coding::Identity })
    }

    /// What has been decoded.
    pub(super) fn bytes(&self) -> &[u8] {
        self.sink().map_or(&[], |sink| &sink.bytes)
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.sink_mut().map(|sink| std::mem::take(&mut sink.bytes)).unwrap_or_default()
    }

    /// Decodes what came over the wire.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Stop> {
        if let Stream::Deflate(sink, start) = &mut self.stream {
            start.extend_from_slice(piece);
            if start.len() < 2 {
                return Ok(());
            }
            let (sink, start) = (sink.take().expect("it is taken once"), std::mem::take(start));
            self.stream = deflate(sink, &start);
            return self.push(&start);
        }
        let coded = self.coded;
        if let Some(sink) = self.sink_mut() {
            // Without a coding nothing grows.
            sink.from_wire = if coded { sink.from_wire + piece.len() } else { usize::MAX };
        }
        self.write(|writer| writer.write_all(piece))
    }

    /// The wire has no more.
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        match &mut self.stream {
            Stream::Gzip(stream) => stream.try_finish().map_err(|_| Stop::Broken),
            Stream::Zlib(stream) => stream.try_finish().map_err(|_| Stop::Broken),
            Stream::Bare(stream) => stream.try_finish().map_err(|_| Stop::Broken),
            Stream::Brotli(stream) => stream.close().map_err(|_| Stop::Broken),
            Stream::Zstd(stream) => stream.flush().map_err(|_| Stop::Broken),
            Stream::Identity(_) | Stream::Deflate(..) => Ok(()),
        }
        .map_err(|stop| self.sink().and_then(|sink| sink.stop).unwrap_or(stop))
    }

    fn write(&mut self, act: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
        let done = match &mut self.stream {
            Stream::Identity(sink) => act(sink),
            Stream::Gzip(stream) => act(stream).and_then(|()| stream.flush()),
            Stream::Zlib(stream) => act(stream).and_then(|()| stream.flush()),
            Stream::Bare(stream) => act(stream).and_then(|()| stream.flush()),
            Stream::Brotli(stream) => act(stream.as_mut()),
            Stream::Zstd(stream) => act(stream.as_mut()).and_then(|()| stream.flush()),
            Stream::Deflate(..) => Ok(()),
        };
        let stopped = self.sink().and_then(|sink| sink.stop);
        match (stopped, done) {
            (Some(stop), _) => Err(stop),
            (None, Err(_)) => Err(Stop::Broken),
            (None, Ok(())) => Ok(()),
        }
    }

    fn sink(&self) -> Option<&Sink> {
        match &self.stream {
            Stream::Identity(sink) => Some(sink),
            Stream::Gzip(stream) => Some(stream.get_ref()),
            Stream::Zlib(stream) => Some(stream.get_ref()),
            Stream::Bare(stream) => Some(stream.get_ref()),
            Stream::Brotli(stream) => Some(stream.get_ref()),
            Stream::Zstd(stream) => Some(stream.get_ref()),
            Stream::Deflate(sink, _) => sink.as_ref(),
        }
    }

    fn sink_mut(&mut self) -> Option<&mut Sink> {
        match &mut self.stream {
            Stream::Identity(sink) => Some(sink),
            Stream::Gzip(stream) => Some(stream.get_mut()),
            Stream::Zlib(stream) => Some(stream.get_mut()),
            Stream::Bare(stream) => Some(stream.get_mut()),
            Stream::Brotli(stream) => Some(stream.get_mut()),
            Stream::Zstd(stream) => Some(stream.get_mut()),
            Stream::Deflate(sink, _) => sink.as_mut(),
        }
    }
}

/// By the check bits of RFC 1950, 2.2.
fn deflate(sink: Sink, start: &[u8]) -> Stream {
    let is_zlib = start[0] & 0x0F == 8 && (u16::from(start[0]) << 8 | u16::from(start[1])).is_multiple_of(31);
    if is_zlib { Stream::Zlib(ZlibDecoder::new(sink)) } else { Stream::Bare(DeflateDecoder::new(sink)) }
}

#[cfg(test)]
mod tests;

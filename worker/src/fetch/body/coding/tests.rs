use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use reqwest::header::HeaderValue;

use super::*;

const LIMIT: usize = 10 * 1024 * 1024;

fn read(mut packer: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    packer.read_to_end(&mut out).unwrap();
    out
}

/// The text in every coding.
fn packed(text: &[u8]) -> Vec<(Coding, Vec<u8>)> {
    let level = Compression::fast;
    vec![
        (Coding::Identity, text.to_vec()),
        (Coding::Gzip, read(GzEncoder::new(text, level()))),
        (Coding::Deflate, read(ZlibEncoder::new(text, level()))),
        (Coding::Deflate, read(DeflateEncoder::new(text, level()))),
        (Coding::Zstd, zstd::encode_all(text, 1).unwrap()),
    ]
}

fn decode(coding: Coding, wire: &[u8], step: usize) -> (Vec<u8>, Result<(), Stop>) {
    let mut decoder = Decoder::new(coding, LIMIT).unwrap();
    let mut stopped = wire.chunks(step).try_for_each(|piece| decoder.push(piece));
    if stopped.is_ok() {
        stopped = decoder.finish();
    }
    (decoder.into_bytes(), stopped)
}

#[test]
fn every_coding_is_taken_off_however_the_wire_cuts_it() {
    let text = "all that is packed comes out again. ".repeat(2_000);
    for (coding, wire) in packed(text.as_bytes()) {
        for step in [1, 7, 4_096, usize::MAX] {
            let (bytes, stopped) = decode(coding, &wire, step);
            assert!(stopped == Ok(()) && bytes == text.as_bytes(), "{coding:?} by {step}: {stopped:?}");
        }
    }
    // `hello` in brotli, by its own rules: an uncompressed block, then an empty last one.
    let hello = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
    assert_eq!(decode(Coding::Brotli, &hello, 1), (b"hello".to_vec(), Ok(())));
}

#[test]
fn a_stream_that_grows_out_of_proportion_is_a_bomb_and_a_large_one_is_full() {
    let zeros = vec![0; LIMIT * 4];
    for (coding, wire) in packed(&zeros).into_iter().skip(1) {
        let (bytes, stopped) = decode(coding, &wire, 8_192);
        assert_eq!(stopped, Err(Stop::Bomb), "{coding:?}");
        assert!(
            bytes.len() <= FREE_BYTES.max(wire.len() * MOST_GROWTH) + 256 * 1024,
            "{coding:?}: {}",
            bytes.len()
        );
    }
    let (bytes, stopped) = decode(Coding::Identity, &zeros, 8_192);
    assert_eq!((bytes.len(), stopped), (LIMIT, Err(Stop::Full)));
}

#[test]
fn what_came_before_the_damage_is_kept() {
    let text = "kept ".repeat(50_000);
    let gzip = read(GzEncoder::new(text.as_bytes(), Compression::fast()));
    let garbage = [&gzip[..], b"garbage behind the end"].concat();
    assert_eq!(decode(Coding::Gzip, &garbage, 100), (text.as_bytes().to_vec(), Err(Stop::Broken)));
    let mut wrong_sum = gzip.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 1;
    assert_eq!(decode(Coding::Gzip, &wrong_sum, 100).1, Err(Stop::Broken));
    let (bytes, stopped) = decode(Coding::Gzip, &gzip[..gzip.len() / 2], 100);
    assert_eq!(stopped, Err(Stop::Broken));
    assert!(!bytes.is_empty() && text.as_bytes().starts_with(&bytes));
}

#[test]
fn a_zstd_window_beyond_8_mib_is_refused() {
    let mut packer = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    packer.window_log(27).unwrap();
    packer.include_contentsize(false).unwrap();
    packer.write_all(&b"wide ".repeat(1_000)).unwrap();
    let wire = packer.finish().unwrap();
    assert_eq!(decode(Coding::Zstd, &wire, 100), (Vec::new(), Err(Stop::Broken)));
}

#[test]
fn one_coding_that_was_asked_for_is_understood() {
    for (values, coding) in [
        (&[][..], Some(Coding::Identity)),
        (&["identity"], Some(Coding::Identity)),
        (&[""], Some(Coding::Identity)),
        (&["GZip"], Some(Coding::Gzip)),
        (&["identity, br"], Some(Coding::Brotli)),
        (&["gzip, gzip"], None),
        (&["gzip", "br"], None),
        (&["compress"], None),
    ] {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        assert_eq!(Coding::of(&headers), coding, "{values:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_end_within_the_limit(wire in proptest::collection::vec(any::<u8>(), 0..400), step in 1_usize..50) {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            let (bytes, _) = decode(coding, &wire, step);
            prop_assert!(bytes.len() <= LIMIT);
        }
    }
}

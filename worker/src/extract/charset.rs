//! Bytes to text, by the order of the HTML standard: byte order mark, header, `<meta>`, guess.

mod prescan;

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::{has_controls, is_text};

/// As much of a page as a guess looks at: its start may be markup only.
const GUESSED_BYTES: usize = 128 * 1024;

/// Decodes a page and takes out control characters.
pub(super) fn decode(body: &[u8], label: Option<&str>) -> String {
    let text = decoded(body, label);
    if !has_controls(&text) {
        return text.into_owned();
    }
    // A form feed is white space in HTML, so words must not grow together.
    let shown = |byte| if matches!(byte, b'\x0c' | b'\r') { b'\n' } else { byte };
    let bytes = text.bytes().map(shown).filter(|byte| is_text(*byte)).collect();
    String::from_utf8(bytes).expect("only ASCII was replaced or taken out")
}

fn decoded<'a>(body: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let mark = Encoding::for_bom(body).map_or(0, |(_, length)| length);
    encoding(body, label).decode_without_bom_handling(&body[mark..]).0
}

/// The encoding of a page, whose Content-Type header has the charset `label`.
fn encoding(body: &[u8], label: Option<&str>) -> &'static Encoding {
    let marked = Encoding::for_bom(body).map(|(encoding, _)| encoding);
    let named = || label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let declared = || prescan::declared(body, prescan::PRESCAN_BYTES);
    // Text that is valid UTF-8 beyond ASCII is never anything else, whatever is declared far below.
    let proved = || (!body.is_ascii() && std::str::from_utf8(body).is_ok()).then_some(UTF_8);
    let late = || prescan::declared(body, prescan::LATE_BYTES);
    marked.or_else(named).or_else(declared).or_else(proved).or_else(late).unwrap_or_else(|| guess(body))
}

fn guess(body: &[u8]) -> &'static Encoding {
    if body.is_ascii() {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&body[..body.len().min(GUESSED_BYTES)], true);
    // A page that is nearly UTF-8 is a damaged one.
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::{decode, encoding};

    #[test]
    fn the_byte_order_mark_beats_the_header_and_the_header_the_page() {
        assert_eq!(decode(b"\xEF\xBB\xBF\xC3\xBC", Some("windows-1252")), "ü");
        assert_eq!(decode(b"\xFE\xFF\x00\xFC", None), "ü");
        let page = b"<meta charset=utf-8>\xFC";
        assert_eq!(decode(page, Some("latin1")), "<meta charset=utf-8>ü");
        assert_eq!(decode(b"<meta charset=koi8-r>\xC1", Some("nonsense")), "<meta charset=koi8-r>а");
    }

    #[test]
    fn the_page_may_declare_its_charset() {
        for start in [
            "<html><META http-equiv='Content-Type' content='text/html; charset=\"windows-1252\"'>",
            "<!-- <meta charset=koi8-r> --><meta name=x charset = 'windows-1252' />",
            "<a title='<meta charset=koi8-r>'><meta charset=windows-1252>",
            "<!doctype html><meta charset=x-user-defined>",
        ] {
            let page = [start.as_bytes(), b"\xC3\xBC"].concat();
            assert!(decode(&page, None).ends_with("Ã¼"), "{start}");
        }
        let page = [b"<meta charset=utf-16>".as_slice(), "ü".as_bytes()].concat();
        assert!(decode(&page, None).ends_with('ü'));
    }

    #[test]
    fn without_a_name_it_is_utf_8_or_else_windows_1252() {
        assert_eq!(decode("ü".as_bytes(), None), "ü");
        assert_eq!(decode(b"\xFC", None), "ü");
        let late = [&[b' '; 2_000], b"<meta charset=koi8-r>\xC1".as_slice()].concat();
        assert!(decode(&late, None).ends_with('а'));
    }

    #[test]
    fn what_declares_nothing_is_guessed_by_its_letters() {
        let detected = |text: &str, name: &str| {
            let named = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap();
            let (bytes, _, _) = named.encode(text);
            assert_eq!(encoding(&bytes, None), named, "{text}");
            assert_eq!(decode(&bytes, None), text);
        };
        detected("Съешь же ещё этих мягких французских булок, да выпей чаю.", "windows-1251");
        detected("これは日本語の文章です。文字コードを推測します。", "shift_jis");
        detected("這是一個繁體中文網頁，沒有宣告編碼。", "big5");
    }

    #[test]
    fn public_pages_of_old_encodings_are_read_without_a_broken_letter() {
        let folder =
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/testdata/charset"));
        let Ok(index) = std::fs::read(folder.join("index.json")) else {
            eprintln!("skipped: no shared test data");
            return;
        };
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        let pages = index.as_array().or_else(|| index["pages"].as_array()).unwrap();
        assert_eq!(pages.len(), 27);
        for page in pages {
            let packed = std::fs::read(folder.join(page["file"].as_str().unwrap())).unwrap();
            let mut body = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut body).unwrap();
            let broken = decode(&body, None).matches('\u{FFFD}').count() as u64;
            let expected = match page["kind"].as_str().unwrap() {
                "legacy" => 0,
                _ => page["invalid_utf8_sequences"].as_u64().unwrap(),
            };
            let declared = page["declared_charset"].as_str().unwrap();
            let named = encoding_rs::Encoding::for_label(declared.as_bytes()).unwrap();
            assert_eq!(encoding(&body, None), named, "{page}");
            assert_eq!(broken, expected, "{page}");
        }
    }

    #[test]
    fn control_characters_are_taken_out() {
        assert_eq!(decode(b"a\0b\x01c\td\ne\x0Cf\r\ng", None), "abc\td\ne\nf\n\ng");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_decoded_to_text(
            start in "(<!-{0,3}>?|<meta charset=|<meta http-equiv=content-type content=.charset|[a-z'\"=<>/ ]){0,6}",
            rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            label in "(utf-8|utf-16le|iso-2022-jp|x-user-defined|[a-z0-9-]{0,12})?",
        ) {
            let body = [start.as_bytes(), &rest].concat();
            let text = decode(&body, (!label.is_empty()).then_some(label.as_str()));
            proptest::prop_assert!(text.chars().all(|c| c >= ' ' || matches!(c, '\n' | '\t')));
        }
    }
}

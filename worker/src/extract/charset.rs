//! Bytes to text, by the order of the HTML standard: byte order mark, header, `<meta>`, guess.

mod prescan;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::is_text;

/// Decodes a page and takes out control characters.
pub(super) fn decode(body: &[u8], label: Option<&str>) -> String {
    let text = decoded(body, label);
    // A form feed is white space in HTML, so words must not grow together.
    text.chars().map(|c| if matches!(c, '\u{c}' | '\r') { '\n' } else { c }).filter(|c| is_text(*c)).collect()
}

fn decoded<'a>(body: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[mark..]).0;
    }
    let named = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let named = named.or_else(|| prescan::declared(body, prescan::PRESCAN_BYTES));
    if let Some(encoding) = named {
        return encoding.decode_without_bom_handling(body).0;
    }
    let utf8 = UTF_8.decode_without_bom_handling_and_without_replacement(body);
    utf8.unwrap_or_else(|| {
        let late = prescan::declared(body, prescan::LATE_BYTES);
        late.unwrap_or(WINDOWS_1252).decode_without_bom_handling(body).0
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

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
    fn control_characters_are_taken_out() {
        assert_eq!(decode(b"a\0b\x01c\td\ne\x0Cf\r\ng", None), "abc\td\ne\nf\n\ng");
    }
}

//! Percent-encoding in one form: unreserved characters decoded, hex digits in upper case.

/// Normalises a path or query; `None` where nothing changes.
///
/// A `%` that starts no escape stays as it is, as in browsers. An escape right behind such a stray `%` is
/// not decoded: `%2%45` would become `%2E`, which is another escape, and the form would not be stable.
pub(super) fn normalise(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    let mut at = 0;
    let mut after_stray = usize::MAX;
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'%') {
        let percent = at + found;
        let Some(byte) = escape(&bytes[percent + 1..]) else {
            after_stray = percent;
            at = percent + 1;
            continue;
        };
        out.push_str(&text[rest..percent]);
        let guarded = after_stray != usize::MAX && percent - after_stray <= 2;
        if is_unreserved(byte) && !guarded {
            out.push(char::from(byte));
        } else {
            push_escape(&mut out, byte);
        }
        at = percent + 3;
        rest = at;
    }
    out.push_str(&text[rest..]);
    (out != text).then_some(out)
}

/// The byte that two hex digits at the start of `digits` stand for.
pub(crate) fn escape(digits: &[u8]) -> Option<u8> {
    let high = char::from(*digits.first()?).to_digit(16)?;
    let low = char::from(*digits.get(1)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Writes a byte as `%XX`.
pub(crate) fn push_escape(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// Letters, digits, `-`, `.`, `_` and `~` of RFC 3986, 2.3.
pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn unreserved_characters_are_decoded_and_digits_raised() {
        assert_eq!(normalise("/%41%2d%7e%2fx").as_deref(), Some("/A-~%2Fx"));
        assert_eq!(normalise("/a%2Fb"), None);
    }

    #[test]
    fn an_escape_behind_a_stray_percent_sign_is_not_decoded() {
        assert_eq!(normalise("/%2%45"), None);
        assert_eq!(normalise("/%%41%42").as_deref(), Some("/%%41B"));
        assert_eq!(normalise("/100%"), None);
    }
}

//! The charset that a `<meta>` at the start of a page declares, by the prescan of the HTML standard.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a page its `<meta>` may stand (HTML standard, 13.2.3.2).
pub(super) const PRESCAN_BYTES: usize = 1_024;

/// How far browsers in practice go to meet a `<meta>` that stands too late: they start over then.
pub(super) const LATE_BYTES: usize = 16 * 1_024;

/// The encoding that the page declares in its first `window` bytes.
pub(super) fn declared(body: &[u8], window: usize) -> Option<&'static Encoding> {
    let mut rest = &body[..body.len().min(window)];
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[at..];
        if rest.starts_with(b"<!--") {
            // `<!-->` is a whole comment: its end may share the dashes of its start.
            let end = rest[2..].windows(3).position(|end| end == b"-->")?;
            rest = &rest[2 + end + 3..];
        } else if is_meta(rest) {
            let mut attributes = Attributes { rest: &rest[5..] };
            if let Some(encoding) = of_meta(&mut attributes) {
                return Some(encoding);
            }
            rest = attributes.rest;
        } else {
            rest = after_tag(rest);
        }
    }
    None
}

fn is_meta(tag: &[u8]) -> bool {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    tag.get(1..5).is_some_and(|name| name.eq_ignore_ascii_case(b"meta")) && tag.get(5).is_some_and(ends)
}

/// Skips a tag with its attributes, whose values may contain `<` and `>`; other marks up to `>`.
fn after_tag(tag: &[u8]) -> &[u8] {
    let name = 1 + usize::from(tag.get(1) == Some(&b'/'));
    match tag.get(name) {
        Some(first) if first.is_ascii_alphabetic() => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
            let end = tag.iter().position(ends).unwrap_or(tag.len());
            let mut attributes = Attributes { rest: &tag[end..] };
            while attributes.next().is_some() {}
            attributes.rest
        }
        _ if matches!(tag.get(1), Some(b'!' | b'/' | b'?')) => {
            let end = tag.iter().position(|byte| *byte == b'>');
            &tag[end.unwrap_or(tag.len())..]
        }
        _ => &tag[1..],
    }
}

fn of_meta(attributes: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let (mut charset, mut content, mut is_type) = (None, None, false);
    for (name, value) in attributes {
        match name.as_slice() {
            b"charset" if charset.is_none() => charset = Some(value),
            b"content" if content.is_none() => content = in_content(&value),
            b"http-equiv" => is_type |= value.eq_ignore_ascii_case(b"content-type"),
            _ => {}
        }
    }
    let label = charset.or_else(|| content.filter(|_| is_type))?;
    let encoding = Encoding::for_label(&label)?;
    // A page whose `<meta>` can be read byte by byte is not in UTF-16, whatever it says.
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    Some(match encoding.name() {
        _ if wide => UTF_8,
        "x-user-defined" => WINDOWS_1252,
        _ => encoding,
    })
}

/// The value behind `charset=` in the content of a `<meta http-equiv>`.
fn in_content(content: &[u8]) -> Option<Vec<u8>> {
    let lower = content.to_ascii_lowercase();
    let mut rest = lower.as_slice();
    let value = loop {
        let at = rest.windows(7).position(|word| word == b"charset")?;
        rest = rest[at + 7..].trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            break value.trim_ascii_start();
        }
    };
    let quote = value.first().filter(|byte| matches!(byte, b'"' | b'\''));
    if let Some(quote) = quote {
        let end = value[1..].iter().position(|byte| byte == quote)?;
        return Some(value[1..=end].to_vec());
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b';';
    let end = value.iter().position(ends).unwrap_or(value.len());
    Some(value[..end].to_vec())
}

/// The attributes of a tag: names in lower case, values as they stand. Afterwards `rest` starts at the end
/// of the tag.
struct Attributes<'a> {
    rest: &'a [u8],
}

impl Iterator for Attributes<'_> {
    type Item = (Vec<u8>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        let start = self.rest.iter().position(|byte| !blank(byte));
        let text = &self.rest[start.unwrap_or(self.rest.len())..];
        self.rest = text;
        if matches!(text.first(), None | Some(b'>')) {
            return None;
        }
        let ends = |byte: &u8| blank(byte) || matches!(byte, b'=' | b'>');
        // An attribute may start with `=`, which then is part of its name.
        let end = 1 + text[1..].iter().position(ends).unwrap_or(text.len() - 1);
        let name = text[..end].to_ascii_lowercase();
        let after = text[end..].trim_ascii_start();
        let Some(value) = after.strip_prefix(b"=") else {
            self.rest = after;
            return Some((name, Vec::new()));
        };
        let split = split_value(value.trim_ascii_start());
        self.rest = split.map_or(&[], |(_, rest)| rest);
        split.map(|(value, _)| (name, value.to_vec()))
    }
}

/// A value and what follows it. One whose end is beyond the scanned bytes does not count.
fn split_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let quote = text.first().filter(|byte| matches!(byte, b'"' | b'\''));
    if let Some(quote) = quote {
        let inner = &text[1..];
        let end = inner.iter().position(|byte| byte == quote)?;
        return Some((&inner[..end], &inner[end + 1..]));
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
    Some(text.split_at(text.iter().position(ends)?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The cases of a file of html5lib: a line `#data`, the page, a line `#encoding`, its name.
    fn cases(file: &[u8]) -> Vec<(&[u8], String)> {
        let find = |text: &[u8], mark: &[u8]| text.windows(mark.len()).position(|word| word == mark);
        let mut cases = Vec::new();
        let mut rest = file;
        while let Some(start) = find(rest, b"#data\n") {
            rest = &rest[start + 6..];
            let end = find(rest, b"\n#encoding\n").unwrap();
            let (data, after) = (&rest[..end], &rest[end + 11..]);
            let name = after.split(|byte| *byte == b'\n').next().unwrap();
            cases.push((data, String::from_utf8_lossy(name).trim().to_lowercase()));
            rest = after;
        }
        cases
    }

    #[test]
    fn the_public_cases_are_answered_as_by_html5lib() {
        let folder =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/testdata/charset/html5lib"));
        if !folder.exists() {
            eprintln!("skipped: no shared test data");
            return;
        }
        let (mut failed, mut seen) = (Vec::new(), 0);
        for name in ["tests1.dat", "tests2.dat", "test-yahoo-jp.dat"] {
            let file = std::fs::read(folder.join(name)).unwrap();
            for (data, expected) in cases(&file) {
                seen += 1;
                let found = super::super::encoding(data, None).name().to_lowercase();
                if found != expected {
                    failed
                        .push(format!("{name}: {found}, not {expected}: {}", String::from_utf8_lossy(data)));
                }
            }
        }
        assert!(failed.is_empty(), "{failed:#?}");
        assert_eq!(seen, 82);
    }
}

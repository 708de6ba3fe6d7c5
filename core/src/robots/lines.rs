//! A robots.txt as numbered lines with their field.

/// Longest line in bytes; the rest of it is cut off. Google's limit: eight times the longest URL.
const MAX_LINE_BYTES: usize = 8 * 2_083 - 1;

/// The fields that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    UserAgent,
    Allow,
    Disallow,
    Sitemap,
    CrawlDelay,
    Other,
}

/// What a key in lower case may start with. The slips are those that Google's parser accepts.
const KEYS: [(Key, &[&str]); 5] = [
    (Key::UserAgent, &["user-agent", "useragent", "user agent"]),
    (Key::Allow, &["allow"]),
    (Key::Disallow, &["disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"]),
    (Key::Sitemap, &["sitemap", "site-map"]),
    (Key::CrawlDelay, &["crawl-delay", "crawldelay", "crawl delay"]),
];

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Counts from 1.
    pub(super) number: u32,
    /// The line as it stands, without its end.
    pub(super) text: &'a [u8],
    /// Key and value, where the line has both.
    pub(super) field: Option<(Key, &'a [u8])>,
}

/// The lines of a file, each ended by LF, CR or CRLF. The empty line behind the last end counts.
pub(super) fn lines(body: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = Some(without_byte_order_mark(body));
    let mut number = 0;
    std::iter::from_fn(move || {
        let body = rest?;
        let end = body.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let text = &body[..end.unwrap_or(body.len())];
        rest = end.map(|end| {
            let long = body[end..].starts_with(b"\r\n");
            &body[end + 1 + usize::from(long)..]
        });
        number += 1;
        let text = &text[..text.len().min(MAX_LINE_BYTES)];
        let field = field(text);
        Some(Line { number, text, field })
    })
}

/// Files that were cut or pasted together may start with a part of the mark.
fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    let mark = [0xEF, 0xBB, 0xBF];
    let common = body.iter().zip(mark).take_while(|(byte, mark)| *byte == mark).count();
    &body[common..]
}

fn field(text: &[u8]) -> Option<(Key, &[u8])> {
    let comment = text.iter().position(|byte| *byte == b'#');
    let text = trim(&text[..comment.unwrap_or(text.len())]);
    let (key, value) = match text.iter().position(|byte| *byte == b':') {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => two_words(text)?,
    };
    let key = trim(key);
    (!key.is_empty()).then(|| (key_of(key), trim(value)))
}

/// `disallow /` without its colon is understood; three words are prose.
fn two_words(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let gap = text.iter().position(blank)?;
    let value = trim(&text[gap..]);
    let one_word = !value.is_empty() && !value.iter().any(blank);
    one_word.then_some((&text[..gap], value))
}

fn key_of(key: &[u8]) -> Key {
    let starts =
        |name: &&str| key.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    let found = KEYS.iter().find(|(_, names)| names.iter().any(starts));
    found.map_or(Key::Other, |(key, _)| *key)
}

/// Also trims the vertical tab, which C and Google's parser count as white space.
fn trim(text: &[u8]) -> &[u8] {
    let solid = |byte: &u8| !byte.is_ascii_whitespace() && *byte != 0x0B;
    let Some(start) = text.iter().position(solid) else {
        return &[];
    };
    let end = text.iter().rposition(solid).map_or(start, |last| last + 1);
    &text[start..end]
}

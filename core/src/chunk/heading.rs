//! Headings: their level, their plain text, and the path that they form.

use super::block::{Block, Kind};

/// Longest heading in a path, in characters; a longer one is a paragraph in disguise.
const MAX_CHARS: usize = 200;

/// The level of a line that starts with one to six `#`.
pub(super) fn level(line: &str) -> Option<u8> {
    let text = line.trim_start_matches(' ');
    let marks = text.bytes().take_while(|byte| *byte == b'#').count();
    let ends = matches!(text.as_bytes().get(marks), None | Some(b' ' | b'\t'));
    let indented = line.len() - text.len() > 3;
    u8::try_from(marks).ok().filter(|level| (1..=6).contains(level) && ends && !indented)
}

/// The heading that a paragraph of one line becomes when `line` underlines it.
pub(super) fn underline(line: &str, block: &Block) -> Option<Kind> {
    let text = line.trim();
    let underlines = |mark: char| text.len() >= 2 && text.chars().all(|c| c == mark);
    if block.kind != Kind::Paragraph || block.lines.len() != 2 {
        None
    } else if underlines('=') {
        Some(Kind::Heading(1))
    } else if underlines('-') {
        Some(Kind::Heading(2))
    } else {
        None
    }
}

/// The headings above the current place, with their levels.
#[derive(Debug, Default)]
pub(super) struct Path {
    above: Vec<(u8, String)>,
}

impl Path {
    /// Goes below a heading, and gives the path from there.
    pub(super) fn enter(&mut self, level: u8, line: &str) -> Vec<String> {
        while self.above.last().is_some_and(|(last, _)| *last >= level) {
            self.above.pop();
        }
        let title = plain(line);
        if !title.is_empty() {
            self.above.push((level, title));
        }
        self.above.iter().map(|(_, title)| title.clone()).collect()
    }
}

/// The text of a heading line without its marks: link targets, emphasis, code and escapes.
fn plain(line: &str) -> String {
    let text = line.trim().trim_start_matches('#').trim();
    let text = match text.trim_end_matches('#') {
        bare if bare.is_empty() || bare.ends_with([' ', '\t']) => bare.trim_end(),
        _ => text,
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek().is_some_and(char::is_ascii_punctuation) => out.extend(rest.next()),
            ']' if rest.peek() == Some(&'(') => while rest.next().is_some_and(|c| c != ')') {},
            '[' | ']' | '`' | '*' => {}
            c => out.push(c),
        }
    }
    out.chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::{level, plain};

    #[test]
    fn levels_are_told_from_hashes_followed_by_space() {
        assert_eq!(level("## a"), Some(2));
        assert_eq!(level("   ###### a"), Some(6));
        assert_eq!(level("#"), Some(1));
        for line in ["####### a", "#a", "    # a", "a"] {
            assert_eq!(level(line), None, "{line}");
        }
    }

    #[test]
    fn a_title_is_plain_text() {
        assert_eq!(plain("## The `map` [method](http://a/b) ##"), "The map method");
        assert_eq!(plain(r"# 2 \* 3 **bold** C#"), "2 * 3 bold C#");
    }
}

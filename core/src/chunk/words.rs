//! The words that the tokenizer cuts a text into before it encodes each.
//!
//! The rules are those of cl100k's pattern. Its regular expression costs more than all else in chunking, so words of
//! ASCII are cut by hand; where another character comes up, the pattern itself is asked for that one word.

/// Iterates over the words of a text; together they are the text.
pub(super) struct Words<'a> {
    text: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.text.is_empty() {
            return None;
        }
        let length = match ascii_word(self.text.as_bytes()) {
            Some(length) => length,
            None => bpe_openai::cl100k_base().split(self.text).next()?.len(),
        };
        let (word, rest) = self.text.split_at(length);
        self.text = rest;
        Some(word)
    }
}

/// What a character is to the pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    /// White space without line breaks.
    Space,
    Break,
    Sign,
    /// Not ASCII: the pattern knows.
    Other,
}

const fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
        b'0'..=b'9' => Class::Digit,
        b'\r' | b'\n' => Class::Break,
        b' ' | b'\t' | 0x0b | 0x0c => Class::Space,
        0x80.. => Class::Other,
        _ => Class::Sign,
    }
}

/// How long the first word is; none where a character that is not ASCII may be part of it.
fn ascii_word(text: &[u8]) -> Option<usize> {
    let at = |index: usize| text.get(index).map(|byte| class(*byte));
    match (at(0)?, at(1)) {
        (Class::Other, _) | (Class::Sign | Class::Space, Some(Class::Other)) => None,
        (Class::Letter, _) => run(text, 1, |class| class == Class::Letter),
        (Class::Digit, _) => digits(text),
        (Class::Sign, Some(Class::Letter)) if text[0] == b'\'' => match contraction(text) {
            Some(length) => Some(length),
            None => run(text, 2, |class| class == Class::Letter),
        },
        // One sign or space goes with the letters behind it.
        (Class::Sign | Class::Space, Some(Class::Letter)) => run(text, 2, |class| class == Class::Letter),
        (Class::Sign, _) => signs(text, 1),
        (Class::Space, Some(Class::Sign)) if text[0] == b' ' => signs(text, 2),
        (Class::Space | Class::Break, _) => spaces(text),
    }
}

/// The end of a run that goes on from `from`; none where it ends at a character that is not ASCII.
fn run(text: &[u8], from: usize, belongs: fn(Class) -> bool) -> Option<usize> {
    let rest = &text[from..];
    let length = rest.iter().position(|byte| !belongs(class(*byte))).unwrap_or(rest.len());
    let end = from + length;
    text.get(end).is_none_or(u8::is_ascii).then_some(end)
}

/// Up to three digits are a word.
fn digits(text: &[u8]) -> Option<usize> {
    let first = &text[..text.len().min(3)];
    run(first, 1, |class| class == Class::Digit)
}

/// The end of an English word: 's, 't, 're, 've, 'm, 'll, 'd.
fn contraction(text: &[u8]) -> Option<usize> {
    let lower = |index: usize| text.get(index).map(u8::to_ascii_lowercase);
    match (lower(1)?, lower(2)) {
        (b's' | b't' | b'm' | b'd', _) => Some(2),
        (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => Some(3),
        _ => None,
    }
}

/// Signs take the line breaks behind them.
fn signs(text: &[u8], from: usize) -> Option<usize> {
    let end = run(text, from, |class| class == Class::Sign)?;
    run(text, end, |class| class == Class::Break)
}

/// White space ends behind its last line break; without one its last character belongs to the next word, if there is
/// a next one.
fn spaces(text: &[u8]) -> Option<usize> {
    let end = run(text, 1, |class| matches!(class, Class::Space | Class::Break))?;
    let last_break = text[..end].iter().rposition(|byte| class(*byte) == Class::Break);
    Some(match last_break {
        Some(last) => last + 1,
        None if end == text.len() || end == 1 => end,
        None => end - 1,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) {
        let words: Vec<_> = Words::of(text).collect();
        let expected: Vec<_> = bpe_openai::cl100k_base().split(text).collect();
        assert_eq!(words, expected, "{text:?}");
    }

    #[test]
    fn words_are_cut_as_the_pattern_cuts_them() {
        for text in [
            "It's they'LL DON'T 've 're 'rx 'l 'quoted' ''s x's",
            "a  b   (c)  [d]\t\te \t f\n\n  g \r\n\r\n h  ",
            "12345 1a2b 1,234.56 1é 12é 123é",
            "naïve café's 'ſ ’s “quoted” — dash… x\u{a0}y \u{a0} z \u{2028} w",
            "```rust\nfn main() {}\n```\n\n| a | b |\n| --- | --- |\n",
            "字。字 x字 (字 \u{3000}字 \0\u{1}\u{1f}\u{7f}a",
        ] {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn random_words_are_cut_as_the_pattern_cuts_them(
            text in "([a-zA-Z]{0,3}|[0-9]{0,4}|[ \t\r\n\u{b}\u{c}]{0,3}|['’.,(*|\u{0}\u{1f}]{0,3}|'[a-zA-Zſ]{0,2}|\\PC){0,20}",
        ) {
            check(&text);
        }
    }
}

//! Path patterns with `*` and `$`, matched in linear time.

use crate::url::percent::{escape, is_unreserved, push_escape};

/// The path pattern of one rule, split at its wildcards.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// The literal parts between the wildcards, in one percent-encoding. Never empty; the first part is
    /// where the path has to start.
    parts: Box<[Box<str>]>,
    /// Whether the path has to end where the pattern ends.
    anchored: bool,
    /// Length of the normal form in bytes: the longest pattern that matches decides.
    length: usize,
}

impl Pattern {
    /// Reads the value of an allow or disallow line.
    pub(super) fn parse(value: &[u8], reading: Reading) -> Self {
        let (body, anchored) = match value.strip_suffix(b"$") {
            Some(body) => (body, true),
            None => (value, false),
        };
        let all: Vec<String> = body.split(|byte| *byte == b'*').map(|part| reading.of_rule(part)).collect();
        let literal: usize = all.iter().map(String::len).sum();
        let length = literal + all.len() - 1 + usize::from(anchored);
        let last = all.len() - 1;
        // `a**b` is `a*b`: an empty part between two wildcards says nothing.
        let parts = all
            .into_iter()
            .enumerate()
            .filter(|(at, part)| *at == 0 || *at == last || !part.is_empty())
            .map(|(_, part)| part.into_boxed_str())
            .collect();
        Self { parts, anchored, length }
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Whether the pattern holds for a path in the reading of the pattern.
    ///
    /// Taking the first place for each part is enough: a later one only leaves less of the path. Each byte
    /// of the path is thus looked at once per pattern, whatever the number of wildcards.
    pub(super) fn matches(&self, path: &str) -> bool {
        let Some((first, others)) = self.parts.split_first() else {
            return false;
        };
        let Some(mut rest) = path.strip_prefix(&**first) else {
            return false;
        };
        let Some((last, middle)) = others.split_last() else {
            return !self.anchored || rest.is_empty();
        };
        for part in middle {
            let Some(at) = rest.find(&**part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
        if self.anchored { rest.ends_with(&**last) } else { rest.contains(&**last) }
    }
}

/// How escapes of letters and digits, and characters that should be escaped, are compared.
///
/// RFC 9309, 2.2.2 wants `/%62az` to stand for `/baz`; Google's library compares what is written. Where the two
/// disagree about a path we keep away from it: a disallow line closes every spelling of its path, an allow line
/// opens only the spelling that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// All spellings are one.
    Every,
    /// An escaped letter or digit is another spelling, and so is a character that should be escaped and is not.
    AsSpelled,
}

/// Stands for a character of a path that no rule can spell.
const UNSPEAKABLE: char = '\u{FFFD}';

impl Reading {
    /// Part of a rule's pattern in the encoding in which it is compared. ASCII only.
    pub(super) fn of_rule(self, text: &[u8]) -> String {
        self.read(text, push)
    }

    /// A path in the encoding in which it is compared.
    pub(super) fn of_path(self, path: &str) -> String {
        match self {
            Self::Every => self.read(path.as_bytes(), push),
            Self::AsSpelled => self.read(path.as_bytes(), |out, byte| {
                if byte.is_ascii() { push(out, byte) } else { out.push(UNSPEAKABLE) }
            }),
        }
    }

    /// Decodes unreserved characters and encodes what may not stand in a URL, with digits in upper case.
    ///
    /// `*` and `$` are decoded because a rule can write them in no other way, `'` because URL parsers encode it in a
    /// query but not in a path. Other reserved characters keep their two meanings.
    fn read(self, text: &[u8], plain: impl Fn(&mut String, u8)) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += 1;
            if byte != b'%' {
                plain(&mut out, byte);
                continue;
            }
            match escape(&text[at..]) {
                Some(byte) if self.decodes(byte) => {
                    out.push(char::from(byte));
                    at += 2;
                }
                Some(byte) => {
                    push_escape(&mut out, byte);
                    at += 2;
                }
                None => out.push('%'),
            }
        }
        out
    }

    fn decodes(self, byte: u8) -> bool {
        let kept = self == Self::AsSpelled && byte.is_ascii_alphanumeric();
        !kept && (is_unreserved(byte) || matches!(byte, b'*' | b'$' | b'\''))
    }
}

fn push(out: &mut String, byte: u8) {
    if is_unreserved(byte) || b"!$&'()*+,;=:@/?#[]".contains(&byte) {
        out.push(char::from(byte));
    } else {
        push_escape(out, byte);
    }
}

//! XML as a row of tokens: tags and text, without a tree and without declarations.

use std::borrow::Cow;

/// Longest entity between `&` and `;`.
const MAX_ENTITY_BYTES: usize = 10;

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open(Tag<'a>),
    /// The end of an element, by name; also follows the opening of an empty one.
    Close(&'a str),
    Text {
        text: &'a str,
        /// It stands in a CDATA section: `&` is itself there.
        is_literal: bool,
    },
    Doctype,
}

/// An opening tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    /// Its name without the prefix of its namespace.
    pub(super) fn local(&self) -> &'a str {
        self.name.rsplit(':').next().unwrap_or_default()
    }

    pub(super) fn prefix(&self) -> &'a str {
        self.name.split_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// The value of an attribute, with its entities replaced.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            let (key, after) = rest.split_once('=')?;
            let value = after.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = value[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(unescape(value).trim().to_owned());
            }
            rest = after;
        }
    }
}

/// The tokens of a document. One that breaks off ends with what came before.
pub(super) struct Markup<'a> {
    rest: &'a str,
    /// An empty element was opened, and this closes it.
    empty: Option<&'a str>,
}

impl<'a> Markup<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, empty: None }
    }

    /// What stands before `end`, and goes on behind it. Without an end the document ends.
    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    fn tag(&mut self) -> Option<Token<'a>> {
        let end = tag_end(self.rest)?;
        let inner = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            return Some(Token::Close(name.trim()));
        }
        let open = inner.strip_suffix('/').unwrap_or(inner);
        let split = open.find(|c: char| c.is_ascii_whitespace()).unwrap_or(open.len());
        let (name, attributes) = open.split_at(split);
        if inner.ends_with('/') {
            self.empty = Some(name);
        }
        Some(Token::Open(Tag { name, attributes }))
    }
}

impl<'a> Iterator for Markup<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(name) = self.empty.take() {
            return Some(Token::Close(name));
        }
        loop {
            let start = self.rest.find('<').unwrap_or(self.rest.len());
            if start > 0 {
                let (text, rest) = self.rest.split_at(start);
                self.rest = rest;
                return Some(Token::Text { text, is_literal: false });
            }
            if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else if self.rest.starts_with("<?") {
                self.until("?>")?;
            } else if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                self.rest = rest;
                return Some(Token::Text { text: self.until("]]>")?, is_literal: true });
            } else if self.rest.starts_with("<!") {
                self.rest = "";
                return Some(Token::Doctype);
            } else {
                return self.tag();
            }
        }
    }
}

/// The `>` that ends the tag at the start of `text`: not one inside of a value.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    text.bytes().enumerate().find_map(|(at, byte)| {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        None
    })
}

/// Replaces the five named entities and numbers; others stay as they are.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= MAX_ENTITY_BYTES);
        let known = entity.and_then(|(name, behind)| Some((character(name)?, behind)));
        let (character, behind) = known.unwrap_or(('&', after));
        out.push(character);
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

//! What a sitemap lists: XML of the sitemap protocol, an index of sitemaps, RSS, Atom, or one URL a line.
//!
//! The document is read once from front to end, without a tree and without declarations: a DOCTYPE, which could name
//! entities that grow or lie elsewhere, refuses it. What is not understood is passed over, and a document that breaks
//! off gives what came before.

mod markup;

use thiserror::Error;

use markup::{Markup, Tag, Token, unescape};

/// Most entries that are read: the limit of the protocol.
pub const MAX_ENTRIES: usize = 50_000;

/// Most bytes that are read, after decompression: the limit of the protocol.
pub const MAX_BYTES: usize = 50 * 1024 * 1024;

/// Longest address that is kept; longer ones are no URLs to us.
const MAX_ADDRESS_BYTES: usize = crate::url::MAX_INPUT_BYTES;

/// Most translations of one page.
const MAX_ALTERNATES: usize = 100;

/// What a document turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pages.
    Pages,
    /// Other sitemaps.
    Index,
    /// The newest pages, in RSS or Atom.
    Feed,
}

/// One line of a sitemap. Addresses are as they were written: not checked, and relative ones are possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its address.
    pub address: String,
    /// When it last changed, as a date that sorts by its text: `2026-05-04T...`.
    pub changed: Option<String>,
    /// The same page in other languages.
    pub alternates: Vec<String>,
}

/// A sitemap that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sitemap {
    /// What its entries are.
    pub kind: Kind,
    /// Its entries, at most [`MAX_ENTRIES`], in the order of the document.
    pub entries: Vec<Entry>,
    /// There were more.
    pub is_truncated: bool,
}

/// Why a document is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SitemapError {
    /// It has a document type declaration.
    #[error("the XML has a document type declaration, which is not read")]
    Dtd,
    /// It is something else.
    #[error("it is neither a sitemap nor a feed")]
    Other,
}

/// Reads a document. More than [`MAX_BYTES`] are not looked at.
pub fn parse(text: &str) -> Result<Sitemap, SitemapError> {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    if text.starts_with('<') { xml(text) } else { lines(text) }
}

fn lines(text: &str) -> Result<Sitemap, SitemapError> {
    let is_address = |line: &&str| line.starts_with("http://") || line.starts_with("https://");
    let mut found =
        text.lines().map(str::trim).filter(is_address).filter(|line| line.len() <= MAX_ADDRESS_BYTES);
    let entries: Vec<_> = found
        .by_ref()
        .take(MAX_ENTRIES)
        .map(|line| Entry { address: line.to_owned(), ..Entry::default() })
        .collect();
    if entries.is_empty() {
        return Err(SitemapError::Other);
    }
    Ok(Sitemap { kind: Kind::Pages, entries, is_truncated: found.next().is_some() })
}

fn xml(text: &str) -> Result<Sitemap, SitemapError> {
    let mut reader = None;
    for token in Markup::new(text) {
        match (token, &mut reader) {
            (Token::Doctype, _) => return Err(SitemapError::Dtd),
            (Token::Open(tag), None) => reader = Some(Reader::of_root(&tag).ok_or(SitemapError::Other)?),
            (Token::Open(tag), Some(reader)) => reader.open(&tag),
            (Token::Close(name), Some(reader)) => reader.close(name),
            (Token::Text { text, is_literal }, Some(reader)) => reader.text(text, is_literal),
            (_, None) => {}
        }
        if reader.as_ref().is_some_and(|reader| reader.sitemap.is_truncated) {
            break;
        }
    }
    reader.map(|reader| reader.sitemap).ok_or(SitemapError::Other)
}

/// What the text of the open element means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Address,
    Changed,
}

struct Reader<'a> {
    sitemap: Sitemap,
    /// Namespace prefix of the root: elements of others, such as `image:loc`, are not ours.
    prefix: &'a str,
    entry: Option<Entry>,
    field: Option<Field>,
    value: String,
}

impl<'a> Reader<'a> {
    fn of_root(tag: &Tag<'a>) -> Option<Self> {
        let kind = match tag.local() {
            "urlset" => Kind::Pages,
            "sitemapindex" => Kind::Index,
            "rss" | "feed" | "RDF" => Kind::Feed,
            _ => return None,
        };
        let sitemap = Sitemap { kind, entries: Vec::new(), is_truncated: false };
        // The items of RSS 1.0 are of another namespace than its root.
        let prefix = if tag.local() == "RDF" { "" } else { tag.prefix() };
        Some(Self { sitemap, prefix, entry: None, field: None, value: String::new() })
    }

    fn open(&mut self, tag: &Tag<'a>) {
        self.field = None;
        self.value.clear();
        let Some(entry) = &mut self.entry else {
            if tag.prefix() == self.prefix && matches!(tag.local(), "url" | "sitemap" | "item" | "entry") {
                self.entry = Some(Entry::default());
            }
            return;
        };
        match tag.local() {
            "link" => {
                let is_page = tag.attribute("rel").is_none_or(|relation| relation == "alternate");
                let to = tag.attribute("href").filter(|to| to.len() <= MAX_ADDRESS_BYTES);
                let is_translation = tag.attribute("hreflang").is_some();
                match (self.sitemap.kind, to) {
                    (Kind::Feed, Some(to)) if is_page => entry.address = to,
                    (Kind::Feed, None) if tag.prefix() == self.prefix => self.field = Some(Field::Address),
                    (Kind::Pages, Some(to)) if is_translation && entry.alternates.len() < MAX_ALTERNATES => {
                        entry.alternates.push(to);
                    }
                    _ => {}
                }
            }
            _ if tag.prefix() != self.prefix => {}
            "loc" => self.field = Some(Field::Address),
            "lastmod" | "updated" => self.field = Some(Field::Changed),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, is_literal: bool) {
        if self.field.is_some() && self.value.len() + text.len() <= MAX_ADDRESS_BYTES {
            self.value.push_str(&if is_literal { text.into() } else { unescape(text) });
        }
    }

    fn close(&mut self, name: &str) {
        let value = std::mem::take(&mut self.value);
        let value = value.trim();
        match (self.field.take(), &mut self.entry) {
            (Some(Field::Address), Some(entry)) => value.clone_into(&mut entry.address),
            (Some(Field::Changed), Some(entry)) => {
                let is_date = value.len() >= 4 && value.bytes().take(4).all(|byte| byte.is_ascii_digit());
                entry.changed = is_date.then(|| value.to_owned());
            }
            _ => {}
        }
        let local = name.rsplit(':').next().unwrap_or_default();
        if matches!(local, "url" | "sitemap" | "item" | "entry") {
            self.end_entry();
        }
    }

    fn end_entry(&mut self) {
        let Some(entry) = self.entry.take().filter(|entry| !entry.address.is_empty()) else { return };
        if self.sitemap.entries.len() < MAX_ENTRIES {
            self.sitemap.entries.push(entry);
        } else {
            self.sitemap.is_truncated = true;
        }
    }
}

#[cfg(test)]
mod tests;

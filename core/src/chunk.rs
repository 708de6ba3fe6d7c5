//! Markdown cut into chunks for retrieval, along its headings and blocks.
//!
//! A chunk is a piece of the page as it stands: `markdown[start..end]`. Blocks (headings, paragraphs,
//! lists, fenced code, tables) stay whole where they fit; one that does not is cut at lines, then
//! sentences, then words. Nothing above and below a heading of level 1 or 2 shares a chunk. Rows of a table that
//! had to be cut have the table's header in front of them: without it nobody knows what they say.
//!
//! Token counts are exact for cl100k, yet each block is counted only once: its tokenizer never makes one
//! token of a line break and the text behind it, so counts of whole lines add up.

mod block;
mod heading;
mod pack;
mod split;
mod tokens;
mod unit;
mod words;

use std::collections::HashMap;

use crate::ids::Hash128;
use pack::Packed;

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Hash of heading path and text, and of how many equal pairs stand above it: it stays the same when
    /// the page changes elsewhere, and is unique in the page.
    pub id: Hash128,
    /// Place in the page, from 0.
    pub ordinal: u32,
    /// The headings above the text from the outermost in, as plain text; with those that the chunk itself
    /// starts with.
    pub heading_path: Vec<String>,
    /// The Markdown of the piece: the page from `start` to `end`, below the header of a table that was cut.
    pub text: String,
    /// Number of cl100k tokens of `text`.
    pub tokens: u32,
    /// Where the piece starts in the page, in bytes.
    pub start: u32,
    /// Where the piece ends in the page, in bytes.
    pub end: u32,
}

/// How large chunks are, in cl100k tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    /// The size at which a chunk is full.
    pub target_tokens: u32,
    /// The size that no chunk exceeds.
    pub max_tokens: u32,
    /// How much of the end of a chunk the next one of the same section has again, in whole blocks.
    pub overlap_tokens: u32,
}

impl Default for ChunkLimits {
    /// The size range that retrieval benchmarks favour, and the input limit of common embedding models. Overlap
    /// costs storage and does not pay there.
    fn default() -> Self {
        Self { target_tokens: 350, max_tokens: 512, overlap_tokens: 0 }
    }
}

/// Cuts a page into chunks. Every character of the page that is not white space is in exactly one, or in two where
/// they overlap.
///
/// A maximum below 4 is taken as 4, which holds any one character. Markdown beyond 4 GiB is ignored.
pub fn chunk(markdown: &str, limits: &ChunkLimits) -> Vec<Chunk> {
    let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    let markdown = &markdown[..markdown.floor_char_boundary(most)];
    let limits = ChunkLimits { max_tokens: limits.max_tokens.max(4), ..*limits };
    let units = unit::units(markdown, limits.max_tokens);
    let mut occurrences = HashMap::new();
    let packed = pack::pack(&units, limits).into_iter();
    packed.zip(0..).map(|(packed, ordinal)| finish(markdown, packed, ordinal, &mut occurrences)).collect()
}

fn finish(
    markdown: &str,
    packed: Packed<'_>,
    ordinal: u32,
    occurrences: &mut HashMap<Hash128, u32>,
) -> Chunk {
    let header = packed.header.map_or("", |header| &markdown[header.start..header.end]);
    let text = [header, &markdown[packed.start..packed.end]].concat();
    let content = content_hash(packed.heading_path, &text);
    let occurrence = occurrences.entry(content).or_insert(0);
    let id = [content.0.to_be_bytes().as_slice(), &occurrence.to_be_bytes()].concat();
    *occurrence += 1;
    let offset = |at: usize| u32::try_from(at).expect("the page was cut at 4 GiB");
    Chunk {
        id: Hash128::of(&id),
        ordinal,
        heading_path: packed.heading_path.to_vec(),
        text,
        tokens: packed.tokens,
        start: offset(packed.start),
        end: offset(packed.end),
    }
}

/// Lengths go in with the texts, so that no two pairs spell the same bytes.
fn content_hash(heading_path: &[String], text: &str) -> Hash128 {
    let mut bytes = Vec::with_capacity(text.len() + 64);
    for part in heading_path.iter().map(String::as_str).chain([text]) {
        bytes.extend_from_slice(&part.len().to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Hash128::of(&bytes)
}

#[cfg(test)]
mod tests;

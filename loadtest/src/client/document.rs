//! What is answered about documents and their chunks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A document without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its number.
    pub document_id: i64,
    /// Final URL.
    pub url: String,
    /// Title.
    pub title: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// Chunks of the current version.
    pub chunk_count: i32,
    /// Tokens of all chunks.
    pub tokens: i64,
}

/// A document whose text is nearly that of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearDuplicate {
    /// Its number.
    pub document_id: i64,
    /// Final URL.
    pub url: String,
    /// Bits in which both differ, 0 to 3 of 64.
    pub distance: i32,
}

/// A document with its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentDetail {
    /// What listings show of it.
    #[serde(flatten)]
    pub document: Document,
    /// The URL that the page calls its own.
    pub canonical: Option<String>,
    /// What the page declares about itself: texts by name.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Documents of the tenant whose text is nearly the same, the nearest first.
    #[serde(default)]
    pub near_duplicates: Vec<NearDuplicate>,
    /// As the server said.
    pub content_type: Option<String>,
    /// As the server said.
    pub last_modified: Option<String>,
    /// When this version was fetched, RFC 3339 in UTC.
    pub fetched_at: String,
    /// BLAKE3 of the decoded body, 128 bits in hexadecimal digits.
    pub content_hash: String,
    /// Size of the decoded body; none where it is no longer kept.
    pub raw_bytes: Option<i64>,
    /// The crawl that wrote this version.
    pub crawl: Option<i64>,
    /// The page's content.
    pub markdown: String,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// UUID in hexadecimal digits.
    pub chunk_id: String,
    /// Its place in the document, from 0.
    pub ordinal: i32,
    /// Headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// Tokens of the text.
    pub tokens: i32,
    /// First byte of the document's Markdown.
    pub start_byte: i64,
    /// The byte after its last.
    pub end_byte: i64,
    /// Markdown.
    pub text: String,
}

/// A chunk with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// URL of the document.
    pub url: String,
    /// Title of the document.
    pub title: Option<String>,
    /// Headings above the chunk, outermost first.
    pub heading_path: Vec<String>,
    /// Tokens of the text.
    pub tokens: i32,
    /// Markdown.
    pub text: String,
}

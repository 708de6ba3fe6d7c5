//! What the API answers, as far as it is used here. Fields that are not known are ignored.

use serde::{Deserialize, Serialize};

/// A crawl with its exact counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlStatus {
    /// Its number.
    pub id: i64,
    /// Where it started, in canonical form.
    pub url: String,
    /// `running`, `paused`, `completed` or `cancelled`.
    pub state: String,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// Most pages it may store.
    pub max_pages: Option<i64>,
    /// Milliseconds from its start to its end or now.
    pub running_ms: i64,
    /// URLs by state.
    pub counts: Counts,
    /// Chunks written.
    pub chunks: i64,
    /// Links that the scope left out.
    pub excluded_links: ExcludedLinks,
    /// Why URLs were skipped, failed or wait, most frequent first.
    pub reasons: Vec<ReasonCount>,
}

impl CrawlStatus {
    /// Whether it will change no more.
    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "cancelled")
    }
}

/// URLs of a crawl by state. `discovered` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named by the states, which rad-core documents")]
pub struct Counts {
    pub discovered: i64,
    pub stored: i64,
    pub unchanged: i64,
    pub duplicate: i64,
    pub redirected: i64,
    pub superseded: i64,
    pub skipped: i64,
    pub failed: i64,
    pub waiting: i64,
}

impl Counts {
    /// Each state with its count, `discovered` apart.
    pub fn by_state(&self) -> [(&'static str, i64); 8] {
        [
            ("stored", self.stored),
            ("unchanged", self.unchanged),
            ("duplicate", self.duplicate),
            ("redirected", self.redirected),
            ("superseded", self.superseded),
            ("skipped", self.skipped),
            ("failed", self.failed),
            ("waiting", self.waiting),
        ]
    }
}

/// Links out of scope, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedLinks {
    /// Lead to another host.
    pub other_host: i64,
    /// Lead out of the start URL's folder.
    pub outside_path: i64,
    /// Are more links away than allowed.
    pub too_deep: i64,
}

/// URLs with one verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// `waiting`, `skipped` or `failed`.
    pub state: String,
    /// The verdict's code.
    pub verdict: String,
    /// How many.
    pub urls: i64,
}

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

/// One life of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Number of this life.
    pub incarnation: i64,
    /// Name of the worker.
    pub worker_id: String,
    /// `alive`, `draining`, `stopped` or `lost`.
    pub state: String,
    /// Tasks it can have in hand.
    pub slots: i32,
    /// Tasks it has in hand.
    pub busy: i32,
}

#[derive(Deserialize)]
pub(super) struct Listing<T> {
    pub(super) data: Vec<T>,
    pub(super) next: Option<i64>,
}

/// An error of the API (RFC 9457).
#[derive(Deserialize)]
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) next_step: String,
}

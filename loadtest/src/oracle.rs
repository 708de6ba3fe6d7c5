//! An independent judge of crawls: walks a loopback site and says what a crawl of it must find.
//!
//! It shares with the crawler only the rules of what a URL is and what robots.txt allows. Fetching, finding
//! links and bookkeeping are written anew and simple, so that a mistake in the crawler isn't repeated here.

mod document;
mod entities;
mod fetch;
mod scan;
pub(crate) mod tags;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rad_core::ids::Hash128;

pub use walk::walk;

/// How a site is walked.
#[derive(Clone, Debug)]
pub struct OracleOptions {
    /// Most requests at the same time; 0 counts as 1. The oracle waits for no crawl delay.
    pub parallel: usize,
    /// `User-Agent` header. What is before the first `/` is the name that robots rules are looked up by.
    pub user_agent: String,
    /// Most URLs that are fetched.
    pub max_pages: usize,
    /// Requests to a URL that answers 5xx, before it counts as failed; 0 counts as 1.
    pub attempts: u32,
}

impl Default for OracleOptions {
    fn default() -> Self {
        Self { parallel: 16, user_agent: "rad/1.0 (oracle)".to_owned(), max_pages: 1_000_000, attempts: 4 }
    }
}

/// The answer to one URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OracleEntry {
    /// HTTP status, after retries.
    pub status: u16,
    /// Hash of the body, with its content coding undone.
    pub content: Hash128,
    /// `Content-Type` without parameters, in lower case; empty if there was none.
    pub content_type: String,
}

/// What was found on a host. URLs are canonical; each is in `pages`, `failed` (without an answer) or
/// `disallowed`.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// Every URL that answered, with any status.
    pub pages: BTreeMap<String, OracleEntry>,
    /// Hash of a body → the URLs that answer with it, in order. Only what a crawl stores: status 200, HTML
    /// or text, and no `noindex`.
    pub stored_contents: HashMap<Hash128, Vec<String>>,
    /// URLs that ended in an error → the status, or why there was no answer.
    pub failed: BTreeMap<String, String>,
    /// URLs that redirect → where to, in canonical form if that is a URL a crawl could fetch. Targets on
    /// the same host have entries of their own.
    pub redirected: BTreeMap<String, String>,
    /// Linked URLs of the host that robots.txt forbids. They were not fetched.
    pub disallowed: BTreeSet<String>,
    /// True if `max_pages` ended the walk before its end.
    pub truncated: bool,
}

//! What is asked and answered about crawls.

use rad_core::scope::Scope;
use serde::{Deserialize, Serialize};

/// A crawl to start.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StartRequest {
    /// Where it starts.
    pub url: String,
    /// What belongs to it.
    pub scope: Scope,
    /// 1 to 10, 10 the most urgent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i16>,
    /// Most pages it may store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pages: Option<i64>,
    /// A repeated start with this key gives the first crawl again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

impl StartRequest {
    /// A crawl of the host of `url`, without limits.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

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
    /// 1 to 10, 10 the most urgent.
    pub priority: i16,
    /// What belongs to it.
    pub scope: Scope,
    /// Most pages it may store.
    pub max_pages: Option<i64>,
    /// Trace id of the request that started it.
    pub trace_id: String,
    /// When it started, RFC 3339 in UTC.
    pub created_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Milliseconds from its start to its end or now.
    pub running_ms: i64,
    /// URLs by state.
    pub counts: Counts,
    /// Chunks written.
    pub chunks: i64,
    /// Pages that were fetched and then not stored because a limit was reached, each time that happened.
    #[serde(default)]
    pub fetched_not_stored: i64,
    /// Documents that it showed to be gone.
    #[serde(default)]
    pub removed: i64,
    /// Links that the scope left out.
    pub excluded_links: ExcludedLinks,
    /// Why URLs were skipped, failed or wait, most frequent first.
    pub reasons: Vec<ReasonCount>,
    /// Why it does not go on although URLs wait.
    pub pause: Option<Pause>,
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

    /// Whether any page was found that is now stored, by this crawl or by another.
    pub fn stored_something(&self) -> bool {
        self.stored + self.unchanged + self.duplicate + self.superseded > 0
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
    /// Are left out by a pattern of the crawl.
    #[serde(default)]
    pub by_pattern: i64,
    /// Look like one of endlessly many.
    #[serde(default)]
    pub trap: i64,
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

/// Why a crawl does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// `quota`.
    pub verdict: String,
    /// The limit that is reached: `monthly_pages`, `monthly_tokens` or `storage_bytes`.
    pub limit: String,
    /// How much of it is used.
    pub used: i64,
    /// How much may be used.
    pub allowed: i64,
    /// When the crawl goes on by itself, if it does.
    pub resumes_at: Option<String>,
    /// What to do.
    pub next_step: String,
}

/// A URL that failed or was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlError {
    /// The URL.
    pub url: String,
    /// `failed` or `skipped`.
    pub state: String,
    /// The verdict's code.
    pub verdict: String,
    /// What the verdict rests on, such as the HTTP status.
    pub evidence: Option<String>,
    /// Failed fetches.
    pub attempts: i64,
    /// When it ended, RFC 3339 in UTC.
    pub ended_at: Option<String>,
    /// Workers that died with it in hand, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deaths: Vec<Death>,
}

/// A life of a worker that ended with a URL in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    /// The worker's name.
    pub worker_id: String,
    /// Which of its lives.
    pub incarnation: i64,
    /// When it was taken for dead, RFC 3339 in UTC.
    pub at: String,
}

/// A crawl of which failed URLs were opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetriedCrawl {
    /// The crawl as it is now.
    #[serde(flatten)]
    pub crawl: CrawlStatus,
    /// URLs that wait again.
    pub reopened: i64,
}

/// Why a URL was fetched or not, and what comes next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The URL in canonical form.
    pub url: String,
    /// The crawl's number.
    pub crawl: i64,
    /// `waiting`, `stored`, ..., or `unknown` to the crawl.
    pub state: String,
    /// In one sentence.
    pub why: String,
    /// In one sentence.
    pub next: String,
    /// Everything else that is known.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

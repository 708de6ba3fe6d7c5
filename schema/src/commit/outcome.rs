//! What a worker hands to the commit, and what it gets back.

use std::time::Duration;

use rad_core::chunk::Chunk;
use rad_core::ids::{DocumentId, Fence, Hash128, HostId, JobId, TaskId};
use rad_core::likeness::Likeness;
use rad_core::url::CanonicalUrl;
use rad_core::verdict::{State, Verdict};

use crate::window::NewTask;

/// A URL to add to a crawl's ledger.
#[derive(Clone, Debug)]
pub struct Link {
    pub(super) job: JobId,
    pub(super) url: String,
    pub(super) hash: Hash128,
    pub(super) host: HostId,
    pub(super) depth: i16,
    pub(super) priority: i16,
    pub(super) position: i64,
    /// Fence and hydrate time of the caller, for a row that is in hand from the start.
    pub(super) held: Option<(Fence, i64)>,
}

impl Link {
    /// A URL of `job`, `depth` links from its start, at `position` of its page.
    pub fn new(
        job: JobId,
        url: &CanonicalUrl,
        host: HostId,
        depth: u16,
        priority: i16,
        position: usize,
    ) -> Self {
        Self {
            job,
            url: url.as_str().to_owned(),
            hash: url.hash(),
            host,
            depth: i16::try_from(depth).unwrap_or(i16::MAX),
            priority,
            position: i64::try_from(position).unwrap_or(i64::MAX),
            held: None,
        }
    }

    /// The URL in canonical form.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Hash of the URL.
    pub fn hash(&self) -> Hash128 {
        self.hash
    }
}

/// A page to store.
#[derive(Clone, Debug)]
pub struct PageContent {
    /// Final URL: the identity of the document.
    pub url: String,
    /// Its hash.
    pub url_hash: Hash128,
    /// Set when redirects on the same host led to `url`: the ledger row that it gets, unless it has one.
    pub redirect_target: Option<Link>,
    /// Hash of the decoded body.
    pub content_hash: Hash128,
    /// Size of the decoded body in bytes.
    pub raw_bytes: u64,
    /// zstd of the decoded body.
    pub body: Vec<u8>,
    /// Title.
    pub title: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// Canonical URL that the page names.
    pub canonical: Option<String>,
    /// What the page declares about itself, as a JSON object of texts: description, author, published, modified,
    /// site, image, kind, title.
    pub metadata: serde_json::Value,
    /// What its text is like; none where it is too short to tell.
    pub likeness: Option<Likeness>,
    /// Media type.
    pub content_type: Option<String>,
    /// Validators for the next fetch.
    pub etag: Option<String>,
    /// See `etag`.
    pub last_modified: Option<String>,
    /// zstd of all links, one a line.
    pub outlinks: Vec<u8>,
    /// zstd of the Markdown.
    pub markdown: Vec<u8>,
    /// Chunks of the Markdown.
    pub chunks: Vec<Chunk>,
    /// What is not as it should be with the page, if anything: the evidence of its row.
    pub notes: Option<String>,
}

/// How a task ended, or why it waits.
#[derive(Clone, Debug)]
pub enum End {
    /// A page to store, unless it is unchanged, a duplicate or superseded.
    Page(Box<PageContent>),
    /// The server says that the stored document is still right.
    Unchanged {
        /// Which.
        document: Option<DocumentId>,
    },
    /// It leads to this URL, which is among the links if it is in scope.
    Redirected {
        /// The target.
        to: String,
    },
    /// A rule kept it out.
    Skipped {
        /// Which.
        verdict: Verdict,
        /// The rule's line, or what was seen.
        evidence: String,
    },
    /// It can't be had.
    Failed {
        /// Why.
        verdict: Verdict,
        /// What was seen.
        evidence: String,
    },
    /// It stays open.
    Wait {
        /// Why.
        verdict: Verdict,
        /// What was seen.
        evidence: String,
        /// Time to its next attempt.
        wait: Duration,
        /// Counts as a failed attempt.
        failed: bool,
    },
}

/// Links of a page that the scope left out.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    /// To other hosts.
    pub host: i64,
    /// Outside the start path.
    pub path: i64,
    /// Too deep.
    pub depth: i64,
    /// By a pattern of the crawl.
    pub pattern: i64,
    /// One of endlessly many.
    pub trap: i64,
    /// Some of them.
    pub samples: Vec<String>,
}

impl Excluded {
    /// Adds those of another page.
    pub fn add(&mut self, other: Self) {
        self.host += other.host;
        self.path += other.path;
        self.depth += other.depth;
        self.pattern += other.pattern;
        self.trap += other.trap;
        self.samples.extend(other.samples);
    }
}

/// A URL that gets a row which has ended: it is skipped without being dispatched.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The URL.
    pub link: Link,
    /// Why it is skipped.
    pub verdict: Verdict,
    /// What the verdict rests on.
    pub evidence: String,
}

/// One finished task.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The task.
    pub task: TaskId,
    /// Its crawl.
    pub job: JobId,
    /// The token it was hydrated with.
    pub fence: Fence,
    /// When it was hydrated, in microseconds of Postgres' clock.
    pub hydrated_us: i64,
    /// How it ended.
    pub end: End,
    /// URLs to add to the crawl. Added whatever became of the page itself.
    pub links: Vec<Link>,
    /// URLs to add that are skipped at once, unless the crawl knows them.
    pub settled: Vec<Settled>,
    /// Links that were left out.
    pub excluded: Excluded,
}

/// What the commit did with an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The task has ended.
    Ended(State),
    /// It waits for its next attempt at this rank, in microseconds.
    Waits {
        /// Due time.
        rank: i64,
    },
    /// It waits for the tenant's limit.
    Quota,
    /// Somebody else has or had it: nothing was written.
    NotOurs,
    /// Its crawl has ended: nothing was written.
    CrawlEnded,
    /// Its crawl is full: nothing was written.
    CrawlFull,
}

/// The effect of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// An answer for every outcome.
    pub applied: Vec<(TaskId, Applied)>,
    /// URLs that are new in the ledger.
    pub new_tasks: Vec<NewTask>,
    /// Some crawl has nothing open or is full: it can be ended.
    pub finished: bool,
    /// The tenant's month has no page left: what else is fetched could not be stored.
    pub month_full: bool,
    /// URLs of the outcomes' links that their crawls have now, whether they were new or not.
    pub known: Vec<(JobId, Hash128)>,
    /// Tasks whose page was stored, at their own URL or at the one that they redirect to.
    pub stored: Vec<TaskId>,
    /// Chunks of stored pages.
    pub chunks: ChunkDelta,
}

/// How many chunks of stored pages their last versions had, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkDelta {
    /// New in their document.
    pub added: u64,
    /// There before, with the same id and the same row.
    pub kept: u64,
    /// No longer there.
    pub removed: u64,
}

impl ChunkDelta {
    pub(super) fn add(&mut self, other: Self) {
        self.added += other.added;
        self.kept += other.kept;
        self.removed += other.removed;
    }
}

impl Committed {
    pub(super) fn merge(&mut self, other: Self) {
        self.applied.extend(other.applied);
        self.new_tasks.extend(other.new_tasks);
        self.finished |= other.finished;
        self.month_full |= other.month_full;
        self.known.extend(other.known);
        self.stored.extend(other.stored);
        self.chunks.add(other.chunks);
    }

    pub(super) fn answer(&mut self, outcomes: &[Outcome], applied: Applied) {
        self.applied.extend(outcomes.iter().map(|outcome| (outcome.task, applied)));
    }
}

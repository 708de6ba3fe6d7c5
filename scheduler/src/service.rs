//! What the control plane does for a tenant: one rule per operation, whatever face calls it.

use rad_core::errors::chain;
use rad_core::ids::{DocumentId, JobId, TenantId};
use rad_core::scope::Scope;
use rad_core::url::CanonicalUrl;
use rad_core::verdict::State;
use rad_schema::db::{Db, DbError};
use rad_schema::documents::{ChunkSample, DocumentRow};
use rad_schema::fleet::WorkerRow;
use rad_schema::jobs::{JobStatus, NewJob, Reason, Started};
use rad_schema::tenants::Caller;
use rad_schema::window::{Dispatch, LeaseTerms};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::feed::{FeedError, OpenWindow, feed_lanes};

/// Longest page of a listing.
const MAX_LIMIT: i64 = 1_000;

/// Why an operation was refused or failed.
#[derive(Debug, Error)]
pub(crate) enum ServiceError {
    /// A field has a value that can't be used.
    #[error("{detail}")]
    Invalid { field: &'static str, detail: String, fix: &'static str },
    /// The tenant has no such thing.
    #[error("there is no {what}")]
    NotFound { what: String },
    /// Postgres did not answer as it should.
    #[error("the store is not available")]
    Store(#[from] DbError),
}

/// A crawl as a caller asks for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartCrawl {
    url: String,
    #[serde(default)]
    scope: Scope,
    priority: Option<i16>,
    max_pages: Option<i64>,
    idempotency_key: Option<String>,
}

/// The counts of a crawl. `discovered` is always the sum of the others.
#[derive(Debug, Serialize)]
pub(crate) struct Counts {
    discovered: i64,
    stored: i64,
    unchanged: i64,
    duplicate: i64,
    redirected: i64,
    superseded: i64,
    skipped: i64,
    failed: i64,
    waiting: i64,
}

/// A crawl as callers see it.
#[derive(Debug, Serialize)]
pub(crate) struct Crawl {
    id: i64,
    url: String,
    state: String,
    end_reason: Option<String>,
    max_pages: Option<i64>,
    running_ms: i64,
    counts: Counts,
    chunks: i64,
    /// Links that the scope left out, by reason.
    excluded_links: ExcludedLinks,
    /// Why URLs were skipped or failed, most frequent first.
    reasons: Vec<ReasonCount>,
}

#[derive(Debug, Serialize)]
struct ExcludedLinks {
    other_host: i64,
    outside_path: i64,
    too_deep: i64,
}

#[derive(Debug, Serialize)]
struct ReasonCount {
    state: &'static str,
    verdict: String,
    urls: i64,
}

/// Everything an operation needs.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) db: Db,
    pub(crate) dispatch: Dispatch,
    pub(crate) terms: LeaseTerms,
}

impl Service {
    pub(crate) async fn caller(&self, key: &str) -> Result<Option<Caller>, ServiceError> {
        Ok(self.db.caller(key).await?)
    }

    /// Starts a crawl. It is accepted when Postgres has it; the window follows.
    pub(crate) async fn start(&self, tenant: TenantId, wanted: StartCrawl) -> Result<Started, ServiceError> {
        let new = validated(wanted)?;
        let key = new.start.host_key();
        let hosts = self.db.intern_hosts(std::slice::from_ref(&key)).await?;
        let host = hosts.get(&key).copied().expect("interning returns a number for every key");
        let started = self.db.start_job(tenant, host, &new).await?;
        if let Err(error) = self.feed(started).await {
            // Nothing is lost: the leader's reconciler finds the lane.
            tracing::debug!(error = chain(&error), "start not fed at once");
        }
        Ok(started)
    }

    async fn feed(&self, started: Started) -> Result<(), FeedError> {
        let Some(shard) = self.db.shard().await? else {
            return Ok(());
        };
        let open = OpenWindow {
            window: self.dispatch.window(shard.generation),
            raised_us: shard.raised_us,
            // After a rebuild the leader has set the clocks, and they only move forward.
            quiet_until: std::time::Instant::now(),
            terms: self.terms,
        };
        feed_lanes(&self.db, &open, &[started.lane]).await.map(drop)
    }

    pub(crate) async fn crawl(&self, tenant: TenantId, job: JobId) -> Result<Crawl, ServiceError> {
        let status = self.db.job_status(tenant, job).await?.ok_or_else(|| missing(job))?;
        let reasons = self.db.job_reasons(tenant, job).await?;
        Ok(seen(&status, reasons))
    }

    /// Cancels a crawl; an ended one stays as it is.
    pub(crate) async fn cancel(&self, tenant: TenantId, job: JobId) -> Result<Crawl, ServiceError> {
        self.db.cancel_job(tenant, job).await?;
        self.crawl(tenant, job).await
    }

    pub(crate) async fn documents(
        &self,
        tenant: TenantId,
        after: DocumentId,
        of: Option<JobId>,
        limit: Option<i64>,
    ) -> Result<Vec<DocumentRow>, ServiceError> {
        let limit = limit.unwrap_or(100);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(ServiceError::Invalid {
                field: "limit",
                detail: format!("limit is {limit}"),
                fix: "use a number from 1 to 1000",
            });
        }
        Ok(self.db.documents(tenant, after, of, limit).await?)
    }

    pub(crate) async fn samples(
        &self,
        tenant: TenantId,
        job: JobId,
    ) -> Result<Vec<ChunkSample>, ServiceError> {
        Ok(self.db.sample_chunks(tenant, job, 3).await?)
    }

    pub(crate) async fn workers(&self) -> Result<Vec<WorkerRow>, ServiceError> {
        let mut workers = self.db.workers().await?;
        for worker in &mut workers {
            // It may be another tenant's.
            worker.current_job = None;
        }
        Ok(workers)
    }
}

fn missing(job: JobId) -> ServiceError {
    ServiceError::NotFound { what: format!("crawl {job}") }
}

fn validated(wanted: StartCrawl) -> Result<NewJob, ServiceError> {
    let invalid = |field, detail, fix| Err(ServiceError::Invalid { field, detail, fix });
    let start = match CanonicalUrl::parse(&wanted.url) {
        Ok(url) => url,
        Err(error) => {
            return invalid(
                "url",
                error.to_string(),
                "give an absolute URL such as https://docs.example.com/",
            );
        }
    };
    let priority = wanted.priority.unwrap_or(5);
    if !(1..=10).contains(&priority) {
        return invalid("priority", format!("priority is {priority}"), "use 1 (least) to 10 (most urgent)");
    }
    if let Some(most) = wanted.max_pages.filter(|most| *most < 1) {
        return invalid(
            "max_pages",
            format!("max_pages is {most}"),
            "use at least 1, or leave it out for no limit",
        );
    }
    if wanted
        .idempotency_key
        .as_ref()
        .is_some_and(|key| key.is_empty() || key.len() > 255 || key.contains('\0'))
    {
        return invalid(
            "idempotency_key",
            "the key is empty or too long".to_owned(),
            "use 1 to 255 characters",
        );
    }
    Ok(NewJob {
        start,
        scope: wanted.scope,
        priority,
        max_pages: wanted.max_pages,
        idempotency_key: wanted.idempotency_key,
    })
}

/// After the end of a crawl, URLs without an end of their own are skipped for the crawl's reason.
fn seen(status: &JobStatus, reasons: Vec<Reason>) -> Crawl {
    let left = if status.has_ended() { status.open() } else { 0 };
    let mut reasons: Vec<_> = reasons
        .into_iter()
        .map(|reason| ReasonCount {
            state: if reason.state == State::Skipped.code() { "skipped" } else { "failed" },
            verdict: reason.verdict,
            urls: reason.count,
        })
        .collect();
    if left > 0 {
        let verdict = status.end_reason.clone().unwrap_or_else(|| status.state.clone());
        reasons.push(ReasonCount { state: "skipped", verdict, urls: left });
    }
    Crawl {
        id: status.job_id,
        url: status.start_url.clone(),
        state: status.state.clone(),
        end_reason: status.end_reason.clone(),
        max_pages: status.max_pages,
        running_ms: status.running_ms,
        counts: Counts {
            discovered: status.discovered,
            stored: status.stored,
            unchanged: status.unchanged,
            duplicate: status.duplicate,
            redirected: status.redirected,
            superseded: status.superseded,
            skipped: status.skipped + left,
            failed: status.failed,
            waiting: status.open() - left,
        },
        chunks: status.chunks,
        excluded_links: ExcludedLinks {
            other_host: status.excluded_host,
            outside_path: status.excluded_path,
            too_deep: status.excluded_depth,
        },
        reasons,
    }
}

//! Crawls: starting, watching, cancelling, trying again.

mod retry;
mod view;

use std::time::Duration;

use rad_core::errors::chain;
use rad_core::ids::{JobId, TaskId, TenantId};
use rad_schema::crawls::{CrawlError, CrawlFilter};
use rad_schema::documents::ChunkSample;
use rad_schema::queue::Queue;
use rad_schema::window::Lane;
use serde_json::{Map, Value};

use super::fault::Faults;
use super::page::{Limit, Page};
use super::{Service, ServiceError, start, target};
use crate::feed::{FeedError, OpenWindow, feed_lanes};
use crate::old_work::OldWork;

pub(crate) use super::start::StartContext;
pub(crate) use retry::RetriedCrawl;
pub(crate) use view::Crawl;

/// Longest wait for the window at a start.
const FEED: Duration = Duration::from_millis(500);

/// Chunks that a sample of a crawl has.
const SAMPLES: i64 = 3;

/// The states that a crawl is shown in.
const STATES: [&str; 4] = ["running", "paused", "completed", "cancelled"];

/// A state that a listing is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShownState(&'static str);

impl ShownState {
    pub(crate) fn parse(text: &str) -> Result<Self, Faults> {
        STATES.into_iter().find(|state| *state == text).map(Self).ok_or_else(|| {
            let detail = format!("state: there is no state {text:?}");
            Faults::one("state", detail, format!("give one of {}", STATES.join(", ")))
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.0
    }
}

impl Service {
    /// Starts a crawl. It is accepted when Postgres has it; the window follows. False beside it: the idempotency
    /// key had been seen with the same request, and this is the crawl of then.
    pub(crate) async fn start(
        &self,
        tenant: TenantId,
        wanted: Map<String, Value>,
        context: StartContext,
    ) -> Result<(Crawl, bool), ServiceError> {
        let new = start::read(wanted, context)?;
        target::check(&self.addresses, &new.start).map_err(ServiceError::Address)?;
        let key = new.start.host_key();
        let hosts = self.db.intern_hosts(std::slice::from_ref(&key)).await?;
        let host = hosts.get(&key).copied().expect("interning returns a number for every key");
        let started = self.db.start_job(tenant, host, &new).await?;
        if !started.same_request {
            return Err(ServiceError::IdempotencyMismatch { what: format!("crawl {}", started.job) });
        }
        if started.new {
            tracing::info!(
                tenant.id = tenant.0,
                job.id = started.job.0,
                trace_id = %new.trace_id,
                url = new.start.as_str(),
                "crawl accepted"
            );
        }
        self.feed_soon(&[started.lane]).await;
        Ok((self.crawl(tenant, started.job).await?, started.new))
    }

    /// Postgres has the new rows; a window that hangs must not keep the answer. The leader's reconciler finds the lanes.
    async fn feed_soon(&self, lanes: &[Lane]) {
        match tokio::time::timeout(FEED, self.feed(lanes)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = chain(&error), "lanes not fed at once"),
            Err(_) => tracing::debug!("lanes not fed at once: no answer"),
        }
    }

    async fn feed(&self, lanes: &[Lane]) -> Result<(), FeedError> {
        for placed in self.db.layout(Queue::Crawl).await?.shards {
            let window = self.shards.at(Queue::Crawl, &placed.place).window(placed.shard.generation);
            let here: Vec<_> = lanes.iter().copied().filter(|lane| window.holds(lane.host)).collect();
            if here.is_empty() {
                continue;
            }
            let open = OpenWindow {
                window,
                raised_us: placed.shard.raised_us,
                // After a rebuild the leader has set the clocks, and they only move forward.
                quiet_until: std::time::Instant::now(),
                terms: self.terms,
                // The leader counts by itself.
                old_work: OldWork::default(),
                caps: self.caps.clone(),
            };
            feed_lanes(&self.db, &open, &here).await?;
        }
        Ok(())
    }

    pub(crate) async fn crawl(&self, tenant: TenantId, job: JobId) -> Result<Crawl, ServiceError> {
        let status = self.db.job_status(tenant, job).await?.ok_or_else(|| missing(job))?;
        let reasons = self.db.job_reasons(tenant, job).await?;
        let pause = if status.has_ended() { None } else { self.pause(tenant).await? };
        Ok(Crawl::seen(status, reasons, pause.as_ref()))
    }

    /// Crawls older than `before`, newest first.
    pub(crate) async fn crawls(
        &self,
        tenant: TenantId,
        state: Option<ShownState>,
        before: JobId,
        limit: Limit,
    ) -> Result<Page<Crawl>, ServiceError> {
        let pause = self.pause(tenant).await?;
        let filter = CrawlFilter { state: state.map(ShownState::as_str), at_limit: pause.is_some() };
        let rows = self.db.crawls(tenant, before, filter, limit.and_one()).await?;
        let page = Page::cut(rows, limit, |status| status.job_id);
        let jobs: Vec<_> = page.data.iter().map(|status| JobId(status.job_id)).collect();
        let mut reasons = self.db.reasons_of(tenant, &jobs).await?;
        Ok(page.map(|status| {
            let own = reasons.remove(&JobId(status.job_id)).unwrap_or_default();
            Crawl::seen(status, own, pause.as_ref())
        }))
    }

    /// Cancels a crawl; an ended one stays as it is.
    pub(crate) async fn cancel(&self, tenant: TenantId, job: JobId) -> Result<Crawl, ServiceError> {
        self.db.cancel_job(tenant, job).await?;
        self.crawl(tenant, job).await
    }

    /// URLs that failed or were skipped, after the task `after`.
    pub(crate) async fn crawl_errors(
        &self,
        tenant: TenantId,
        job: JobId,
        after: TaskId,
        limit: Limit,
    ) -> Result<Page<CrawlError>, ServiceError> {
        self.demand(tenant, job).await?;
        let rows = self.db.crawl_errors(tenant, job, after, limit.and_one()).await?;
        Ok(Page::cut(rows, limit, |error| error.task_id))
    }

    pub(crate) async fn samples(
        &self,
        tenant: TenantId,
        job: JobId,
    ) -> Result<Page<ChunkSample>, ServiceError> {
        self.demand(tenant, job).await?;
        Ok(Page::whole(self.db.sample_chunks(tenant, job, SAMPLES).await?))
    }

    /// A crawl of another tenant is as unknown as one that never was.
    pub(super) async fn demand(&self, tenant: TenantId, job: JobId) -> Result<(), ServiceError> {
        if self.db.has_crawl(tenant, job).await? { Ok(()) } else { Err(missing(job)) }
    }
}

pub(super) fn missing(job: JobId) -> ServiceError {
    ServiceError::NotFound { what: format!("crawl {job}") }
}

//! What a worker tells Prometheus and the log of its pages: claims, waits, ends.
//!
//! The fetcher keeps its own counts (`fetch/meters`). Series with fixed labels are looked up by name here, which
//! costs less than a microsecond, some ten times a page.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::{Gauge, counter, gauge, histogram};
use rad_core::ids::TenantId;
use rad_core::metrics::fleet::{
    WORKER_DRAINING, WORKER_HEARTBEAT, WORKER_INFO, WORKER_SLOTS, WORKER_SLOTS_BUSY,
};
use rad_core::metrics::tasks::{CLAIM_BATCH, CLAIM_DURATION, CLAIM_EMPTY, CLAIMED, LOCK_CONTENTION, WAIT};
use rad_core::metrics::{COMMIT, CRAWL_QUEUE, Role};
use rad_schema::ledger::Hydrated;
use rad_schema::process::metrics::{MetricsError, serve_metrics};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How much earlier a task's rank lies than its push, for each step of its crawl's priority; in microseconds, as
/// the ledger has it when a URL is added.
const PRIORITY_STEP_US: i64 = 30_000_000;

impl Config {
    /// Serves this worker's metrics until `end`, the series that say what it is among them.
    pub async fn serve_metrics(&mut self, end: CancellationToken) -> Result<(), MetricsError> {
        let served = serve_metrics(self.metrics_listen, Role::Worker, end).await?;
        self.metrics_address = Some(served.address);
        tracing::info!(address = %served.address, "metrics served");
        announce(self);
        Ok(())
    }
}

/// Says what this worker is.
fn announce(config: &Config) {
    let pool = || config.pool.clone();
    gauge!(
        WORKER_INFO,
        "version" => env!("CARGO_PKG_VERSION"),
        "commit" => COMMIT,
        "region" => config.region.clone(),
        "pool" => pool()
    )
    .set(1);
    gauge!(WORKER_SLOTS, "pool" => pool()).set(u32::try_from(config.slots).unwrap_or(u32::MAX));
    busy_slots(config).set(0);
    alive();
}

/// Redis has taken a heartbeat.
pub(crate) fn alive() {
    // The clock of the machine: before 1970 it is wrong, and shows as 0.
    gauge!(WORKER_HEARTBEAT).set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
}

/// The worker takes no new pages.
pub(crate) fn draining() {
    gauge!(WORKER_DRAINING).set(1);
}

/// The gauge of the slots in use.
pub(crate) fn busy_slots(config: &Config) -> Gauge {
    gauge!(WORKER_SLOTS_BUSY, "pool" => config.pool.clone())
}

/// A slot with a page in it, busy until it is dropped.
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    busy: Gauge,
}

impl Slot {
    pub(crate) fn new(permit: OwnedSemaphorePermit, busy: Gauge) -> Self {
        busy.increment(1);
        Self { _permit: permit, busy }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.busy.decrement(1);
    }
}

/// A claim was answered with so many tasks.
pub(crate) fn claimed(tasks: usize, took: Duration) {
    histogram!(CLAIM_DURATION).record(took);
    if tasks == 0 {
        counter!(CLAIM_EMPTY).increment(1);
    } else {
        counter!(CLAIMED, "queue" => CRAWL_QUEUE).increment(tasks as u64);
        histogram!(CLAIM_BATCH).record(u32::try_from(tasks).unwrap_or(u32::MAX));
    }
}

/// A task with this rank was taken into hand.
pub(crate) fn waited(task: &Hydrated, rank: i64) {
    histogram!(WAIT, "queue" => CRAWL_QUEUE).record(wait(task, rank));
}

/// The rank of a first attempt is its push less the priority's lead. That of a later one, or of a task that had to
/// wait for its host, is the time at which it was due.
fn wait(task: &Hydrated, rank: i64) -> Duration {
    let lead = i64::from(task.priority).saturating_mul(PRIORITY_STEP_US);
    let pushed = rank.saturating_add(lead);
    let since = if task.attempts == 0 && pushed <= task.hydrated_us { pushed } else { rank };
    Duration::from_micros(u64::try_from(task.hydrated_us.saturating_sub(since)).unwrap_or(0))
}

/// Another crawl of the tenant fetches the same URL now.
pub(crate) fn url_locked() {
    counter!(LOCK_CONTENTION, "lock_class" => "url").increment(1);
}

/// A page's span: every line that is logged for it carries these fields.
pub(crate) fn span(task: &Hydrated) -> tracing::Span {
    tracing::info_span!(
        "page",
        task = task.task.0,
        tenant = task.tenant.0,
        job = task.job.0,
        attempt = u32::from(task.attempts) + 1,
        trace_id = task.trace_id,
    )
}

/// A page from its claim to its end, for operators only.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    pub(crate) tenant: TenantId,
    pub(crate) job: rad_core::ids::JobId,
    /// The first one is 1.
    pub(crate) attempt: u32,
    pub(crate) trace_id: String,
    pub(crate) begun: Instant,
    /// How its fetch failed.
    pub(crate) failure: Option<rad_core::retry::FailureClass>,
    /// The format of what was fetched, if anything was.
    pub(crate) format: Option<&'static str>,
}

impl Trail {
    pub(crate) fn of(task: &Hydrated) -> Self {
        Self {
            tenant: task.tenant,
            job: task.job,
            attempt: u32::from(task.attempts) + 1,
            trace_id: task.trace_id.clone(),
            begun: Instant::now(),
            failure: None,
            format: None,
        }
    }
}

#[cfg(test)]
mod tests;

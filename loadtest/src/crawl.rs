//! One crawl, measured and judged.
//!
//! A fleet of real processes crawls a synthetic site, or a site on this machine that an oracle walked before.
//! The time is that from the call that starts the crawl to its end. Then the stores are read and compared with
//! what a correct crawl leaves behind: nothing lost, nothing twice, and counts that add up.

mod judgement;
mod options;
mod recrawl;
mod report;
mod stages;
mod target;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

pub use options::{CrawlOptions, UsageError};
pub use recrawl::Recrawl;
pub use report::Report;

use crate::client::{ApiError, CrawlStatus, Progress, StartRequest};
use crate::cost::{self, Spent};
use crate::fleet::{Fleet, FleetOptions};
use judgement::{Judgement, Kept};
use report::Measured;
use target::Target;

/// Connections for reading the result.
const CONNECTIONS: u32 = 2;

/// A crawl test that could not be carried out, as opposed to one that found something broken.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The options contradict each other.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// Something could not be started.
    #[error("could not start")]
    Start(#[source] anyhow::Error),
    /// Somebody asked to end it.
    #[error("interrupted")]
    Interrupted,
    /// Something broke off on the way.
    #[error("the test broke off")]
    BrokeOff(#[source] anyhow::Error),
}

/// Carries out the test, until `stop`; everything that it started has ended when it returns.
pub async fn run(options: CrawlOptions, stop: CancellationToken) -> Result<Report, CrawlError> {
    let plan = options.plan()?;
    let target = unless(&stop, Target::open(&plan.target)).await?.map_err(CrawlError::Start)?;
    let temporary = temporary_folder().map_err(|error| CrawlError::Start(error.into()))?;
    let dir = options.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let fleet = FleetOptions {
        workers: options.workers,
        cidrs: plan.cidrs,
        tenant: tenant_name(),
        ..FleetOptions::new(dir, plan.stores)
    };
    let fleet = unless(&stop, Box::pin(Fleet::start(fleet))).await?;
    let mut fleet = fleet.map_err(|error| CrawlError::Start(error.into()))?;
    let measured = unless(&stop, Box::pin(measure(&mut fleet, &target, &options))).await;
    fleet.stop().await.map_err(|error| CrawlError::BrokeOff(error.into()))?;
    target.close().await;
    measured?.map_err(CrawlError::BrokeOff)
}

/// Drops the work at `stop`.
async fn unless<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, CrawlError> {
    stop.run_until_cancelled(work).await.ok_or(CrawlError::Interrupted)
}

async fn measure(fleet: &mut Fleet, target: &Target, options: &CrawlOptions) -> anyhow::Result<Report> {
    let within = Duration::from_secs(options.timeout_seconds);
    let request = StartRequest { max_pages: options.max_pages, ..StartRequest::new(target.url()) };
    let (began, spent) = (Instant::now(), Spent::now());
    let started = fleet.api().start(&request).await.context("starting the crawl")?;
    let mut progress = Progress::new();
    let ended = fleet.wait_crawl(started.id, within, |status| progress.show(status)).await;
    let (seconds, spent_since) = (began.elapsed().as_secs_f64(), Spent::now());
    progress.finish();
    let (status, timed_out) = match ended {
        Ok(status) => (status, false),
        Err(ApiError::TimedOut { .. }) => (frozen(fleet, started.id).await?, true),
        Err(error) => return Err(error).context("waiting for the crawl"),
    };
    let cost = spent_since.since(&spent, status.counts.stored, &stages::seconds(fleet).await);
    let measured = Measured { seconds, timed_out, cost, worker_peak_mb: cost::worker_peak_mb() };
    let judgement = judge(fleet, target, &status, options.max_pages).await.context("reading the stores")?;
    let mut report = Report::new(options, &status, judgement, measured);
    if options.recrawl && !timed_out {
        let again = Recrawl::of(fleet, target, &status, seconds, within).await?;
        report.broken.extend(again.faults(&status));
        report.recrawl = Some(again);
    }
    Ok(report)
}

/// Ends what still runs, so that counts and documents can be compared.
async fn frozen(fleet: &mut Fleet, id: i64) -> Result<CrawlStatus, ApiError> {
    for worker in 0..fleet.workers() {
        fleet.kill_worker(worker).await;
    }
    fleet.api().crawl(id).await
}

async fn judge(
    fleet: &Fleet,
    target: &Target,
    status: &CrawlStatus,
    max_pages: Option<i64>,
) -> anyhow::Result<Judgement> {
    let db = Db::connect(&fleet.database_url(), CONNECTIONS, "rad-loadtest").await?;
    let stored = db.document_contents(fleet.tenant()).await?;
    let job = rad_core::ids::JobId(status.id);
    let kept = Kept {
        status: db.job_status(fleet.tenant(), job).await?.context("the crawl is not in the store")?,
        rows: db.ledger_rows(fleet.tenant(), job).await?,
        billed: db.billed(fleet.tenant()).await?,
        documents: i64::try_from(stored.len())?,
        torn: db.torn_documents(fleet.tenant()).await?,
    };
    db.close().await;
    let mut judgement = Judgement::of_documents(target.expected(), &stored, max_pages);
    judgement.check_counts(status, &kept);
    Ok(judgement)
}

/// Stores given by the operator may hold the tenants of earlier tests, and documents outlive a crawl.
fn tenant_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanoseconds = now.map_or(0, |since| since.as_nanos());
    format!("loadtest-{nanoseconds:x}-{}", std::process::id())
}

fn temporary_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("rad-loadtest-").tempdir()
}

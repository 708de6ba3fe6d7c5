//! Compares ledger and window in small steps for ever, and repairs what a crash between the two left behind.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::ids::{JobId, TenantId};
use rad_core::metrics::control::WINDOW_REPAIRS;
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

use super::{Current, next, timed};
use crate::feed::{FeedError, OpenWindow, feed_lanes};

const PERIOD: Duration = Duration::from_secs(1);
const JOBS_A_STEP: i32 = 20;
/// Every so many passes also lanes are read that take themselves for complete.
const DEEP_EVERY: u64 = 10;
const START: (TenantId, JobId) = (TenantId(0), JobId(0));
/// Lanes a script looks at in one call.
const LANES_A_CALL: usize = 500;

pub(super) async fn run(db: Db, current: Current, stop: CancellationToken) {
    let mut after = START;
    let mut pass = 0_u64;
    while next(&stop, PERIOD).await {
        let open = current.borrow().clone();
        let Some(open) = open else { continue };
        match db.running_jobs(after, JOBS_A_STEP).await {
            Ok(jobs) => {
                after = jobs.last().copied().unwrap_or(START);
                pass += u64::from(after == START);
                timed("reconcile", step(&db, &open, jobs, pass.is_multiple_of(DEEP_EVERY))).await;
            }
            Err(error) => tracing::warn!(error = chain(&error), "running crawls not listed"),
        }
    }
}

/// Looks at some crawls; one that fails does not keep the others from being looked at.
async fn step(db: &Db, open: &OpenWindow, jobs: Vec<(TenantId, JobId)>, deep: bool) {
    for (tenant, job) in jobs {
        match reconcile(db, open, tenant, job, deep).await {
            Ok(()) => {}
            Err(error) if error.is_stale() => return,
            Err(error) => tracing::warn!(job = job.0, error = chain(&error), "crawl not reconciled"),
        }
    }
}

async fn reconcile(
    db: &Db,
    open: &OpenWindow,
    tenant: TenantId,
    job: JobId,
    deep: bool,
) -> Result<(), FeedError> {
    let lanes = db.lanes(tenant, job).await?;
    for lanes in lanes.chunks(LANES_A_CALL) {
        let audit = open.window.audit(lanes, deep).await?;
        // Empty is normal while the last tasks of a lane are in flight; adding something is a repair.
        let report = feed_lanes(db, open, &audit.empty).await?;
        if report.added > 0 || audit.mended > 0 {
            counter!(WINDOW_REPAIRS, "kind" => "tasks").increment(report.added.unsigned_abs());
            counter!(WINDOW_REPAIRS, "kind" => "hosts").increment(audit.mended.unsigned_abs());
            tracing::info!(
                repaired_tasks = report.added,
                repaired_hosts = audit.mended,
                "window repaired from the ledger"
            );
        }
    }
    Ok(())
}

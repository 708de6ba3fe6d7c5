//! Compares ledger and window in small steps for ever, and repairs what a crash between the two left behind.

use std::time::Duration;

use rad_core::errors::chain;
use rad_core::ids::{JobId, TenantId};
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

use super::{Current, next};
use crate::feed::{FeedError, OpenWindow, feed_lanes};

const PERIOD: Duration = Duration::from_secs(1);
const JOBS_A_STEP: i32 = 20;
/// Lanes a script looks at in one call.
const LANES_A_CALL: usize = 500;

pub(super) async fn run(db: Db, current: Current, stop: CancellationToken) {
    let mut after = (TenantId(0), JobId(0));
    while next(&stop, PERIOD).await {
        let open = current.borrow().clone();
        let Some(open) = open else { continue };
        match step(&db, &open, after).await {
            Ok(next) => after = next,
            Err(error) if error.is_stale() => {}
            Err(error) => tracing::warn!(error = chain(&error), "window not reconciled"),
        }
    }
}

/// Looks at the next crawls; returns where to go on, the start again after the last.
async fn step(db: &Db, open: &OpenWindow, after: (TenantId, JobId)) -> Result<(TenantId, JobId), FeedError> {
    let jobs = db.running_jobs(after, JOBS_A_STEP).await?;
    let Some(last) = jobs.last().copied() else {
        return Ok((TenantId(0), JobId(0)));
    };
    for (tenant, job) in jobs {
        let lanes = db.lanes(tenant, job).await?;
        for lanes in lanes.chunks(LANES_A_CALL) {
            let audit = open.window.audit(lanes).await?;
            // Empty is normal while the last tasks of a lane are in flight; adding something is a repair.
            let report = feed_lanes(db, open, &audit.empty).await?;
            if report.added > 0 || audit.mended > 0 {
                tracing::info!(
                    repaired_tasks = report.added,
                    repaired_hosts = audit.mended,
                    "window repaired from the ledger"
                );
            }
        }
    }
    Ok(last)
}

//! Compares ledger and window in small steps for ever, and repairs what a crash between the two left behind.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::metrics::control::WINDOW_REPAIRS;
use rad_schema::db::Db;
use rad_schema::queue::Queue;
use tokio_util::sync::CancellationToken;

use super::walk::{self, Place, Section};
use super::{Current, next, timed};
use crate::feed::{FeedError, OpenWindow, feed_lanes};

const PERIOD: Duration = Duration::from_secs(1);
const CRAWLS_A_STEP: i32 = 20;
const TASK_LANES_A_STEP: i32 = 500;
/// Every so many passes also lanes are read that take themselves for complete.
const DEEP_EVERY: u64 = 10;
/// Lanes a script looks at in one call.
const LANES_A_CALL: usize = 500;

pub(super) async fn run(db: Db, current: Current, stop: CancellationToken) {
    let mut place = Place::START;
    let mut pass = 0_u64;
    while next(&stop, PERIOD).await {
        let open = current.borrow().clone();
        let Some(open) = open else { continue };
        let most = match open.window.queue() {
            Queue::Crawl => CRAWLS_A_STEP,
            Queue::Tasks => TASK_LANES_A_STEP,
        };
        match walk::step(&db, open.window.queue(), place, most).await {
            Ok((sections, end)) => {
                place = end;
                pass += u64::from(place == Place::START);
                let deep = pass.is_multiple_of(DEEP_EVERY);
                timed("reconcile", open.window.queue().name(), step(&db, &open, sections, deep)).await;
            }
            Err(error) => tracing::warn!(error = chain(&error), "what is open was not listed"),
        }
    }
}

/// Looks at some sections; one that fails does not keep the others from being looked at.
async fn step(db: &Db, open: &OpenWindow, sections: Vec<Section>, deep: bool) {
    for section in sections {
        let job = section.job();
        match reconcile(db, open, section, deep).await {
            Ok(()) => {}
            Err(error) if error.is_stale() => return,
            Err(error) => tracing::warn!(job, error = chain(&error), "ledger and window not compared"),
        }
    }
}

async fn reconcile(db: &Db, open: &OpenWindow, section: Section, deep: bool) -> Result<(), FeedError> {
    let lanes = section.lanes(db, &open.window).await?;
    // A lane that is full asks for nothing for a long time: one feed tells the window the tenant's limits of now.
    feed_lanes(db, open, &lanes[..lanes.len().min(1)]).await?;
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

//! Ends the leases of workers from outside that have run out, and forgets ended tasks after their time.
//!
//! Postgres says which leases are over; the window learns it, and its own copies of leases end by themselves.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::metrics::TASK_QUEUE;
use rad_core::metrics::control::RETENTION_DELETED;
use rad_core::metrics::tasks::{FINISHED, LEASES_EXPIRED};
use rad_schema::db::Db;
use rad_schema::tasks::Lapsed;
use rad_schema::window::Fate;
use tokio_util::sync::CancellationToken;

use super::{Current, next, timed};
use crate::feed::tasks::LANE_TERMS;
use crate::feed::{FeedError, OpenWindow};

const PERIOD: Duration = Duration::from_millis(500);
const ROWS_A_STEP: i32 = 500;
/// Leases returned in one script call: some milliseconds of the server.
const LEASES_A_CALL: usize = 100;
/// Ended tasks are looked for once in so many rounds.
const EXPIRE_EVERY: u32 = 60;

pub(super) async fn run(db: Db, current: Current, stop: CancellationToken) {
    let mut round = 0_u32;
    while next(&stop, PERIOD).await {
        let open = current.borrow().clone();
        match timed("reap", TASK_QUEUE, lapse(&db, open.as_ref())).await {
            Ok(()) => {}
            Err(error) if error.is_stale() => {}
            Err(error) => tracing::warn!(error = chain(&error), "leases of tasks not ended"),
        }
        if round.is_multiple_of(EXPIRE_EVERY) {
            timed("trim", TASK_QUEUE, expire(&db, &stop)).await;
        }
        round = round.wrapping_add(1);
    }
}

async fn lapse(db: &Db, open: Option<&OpenWindow>) -> Result<(), FeedError> {
    // First what the window knows: a task that is still leased there can't be pushed.
    if let Some(open) = open {
        forget_leases(open).await?;
    }
    loop {
        let lapsed = db.lapse_tasks(ROWS_A_STEP).await?;
        let ended = lapsed.back.len() as u64 + lapsed.dead;
        if ended == 0 {
            return Ok(());
        }
        counter!(LEASES_EXPIRED, "queue" => TASK_QUEUE).increment(ended);
        counter!(FINISHED, "queue" => TASK_QUEUE, "outcome" => "dead").increment(lapsed.dead);
        tracing::info!(back = lapsed.back.len(), dead = lapsed.dead, "leases of tasks ran out");
        if let Some(open) = open {
            push(open, &lapsed).await?;
        }
    }
}

/// Ends the window's leases whose time is over. Nobody died: workers from outside are not heard of in between.
async fn forget_leases(open: &OpenWindow) -> Result<(), FeedError> {
    let mut judged = Vec::new();
    loop {
        let step = open.window.reap(&judged, LEASES_A_CALL).await?;
        judged = step.dead.into_iter().map(|lease| (lease, Fate::Back)).collect();
        if judged.is_empty() && !step.more {
            return Ok(());
        }
    }
}

/// Without a window, or when this fails, the reconciler finds the lanes.
async fn push(open: &OpenWindow, lapsed: &Lapsed) -> Result<(), FeedError> {
    let mut lanes: Vec<_> = lapsed.back.iter().map(|task| (task.host, LANE_TERMS)).collect();
    lanes.sort_unstable_by_key(|(host, _)| *host);
    lanes.dedup_by_key(|(host, _)| *host);
    open.window.complete(&[], &lanes, &lapsed.back).await?;
    Ok(())
}

async fn expire(db: &Db, stop: &CancellationToken) {
    let mut removed = i64::from(ROWS_A_STEP);
    while removed == i64::from(ROWS_A_STEP) && !stop.is_cancelled() {
        removed = match db.expire_tasks(ROWS_A_STEP).await {
            Ok(removed) => removed,
            Err(error) => {
                tracing::warn!(error = chain(&error), "ended tasks not removed");
                0
            }
        };
        counter!(RETENTION_DELETED, "table" => "tasks").increment(removed.unsigned_abs());
    }
}

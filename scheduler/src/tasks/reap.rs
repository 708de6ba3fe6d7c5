//! Takes back what dead workers held, and counts their deaths against the tasks.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::metrics::CRAWL_QUEUE;
use rad_core::metrics::tasks::{FINISHED, LEASES_EXPIRED};
use rad_schema::db::Db;
use rad_schema::window::{DeadLease, Fate, LeaseTerms};
use tokio_util::sync::CancellationToken;

use super::{Current, next, timed};
use crate::feed::{FeedError, OpenWindow};

const PERIOD: Duration = Duration::from_millis(500);
/// Leases returned in one script call: some milliseconds of the server.
const LEASES_A_CALL: usize = 100;

pub(super) async fn run(db: Db, current: Current, terms: LeaseTerms, stop: CancellationToken) {
    while next(&stop, PERIOD).await {
        let open = current.borrow().clone();
        let Some(open) = open else { continue };
        match timed("reap", CRAWL_QUEUE, reap(&db, &open)).await {
            Ok(0) => {}
            Ok(reclaimed) => tracing::info!(reclaimed, "leases taken back"),
            Err(error) if error.is_stale() => {}
            Err(error) => tracing::warn!(error = chain(&error), "leases not taken back"),
        }
        // Heartbeats to Postgres are for people; twice the lease is dead beyond doubt.
        if let Err(error) = db.mark_lost_workers(terms.ttl * 2).await {
            tracing::debug!(error = chain(&error), "lost workers not marked");
        }
    }
}

async fn reap(db: &Db, open: &OpenWindow) -> Result<usize, FeedError> {
    let (mut reclaimed, mut judged) = (0, Vec::new());
    loop {
        let step = open.window.reap(&judged, LEASES_A_CALL).await?;
        let ended = judged.len() + step.returned.len();
        reclaimed += ended;
        counter!(LEASES_EXPIRED, "queue" => CRAWL_QUEUE).increment(ended as u64);
        judged = if step.dead.is_empty() { Vec::new() } else { count(db, &step.dead).await? };
        if judged.is_empty() && !step.more {
            return Ok(reclaimed);
        }
    }
}

/// In Postgres first: a reaper that dies here leaves the leases, and the next one counts no death twice.
async fn count(db: &Db, dead: &[DeadLease]) -> Result<Vec<(DeadLease, Fate)>, FeedError> {
    let judgement = db.count_deaths(dead).await?;
    if judgement.poisoned > 0 {
        counter!(FINISHED, "queue" => CRAWL_QUEUE, "outcome" => "dead").increment(judgement.poisoned);
        tracing::error!(
            tasks = judgement.poisoned,
            "tasks ended because workers kept dying with them in hand; rad retry opens them again"
        );
    }
    let alone = judgement.fates.iter().filter(|(_, fate)| *fate == Fate::Alone).count();
    if alone > 0 {
        tracing::warn!(tasks = alone, "tasks under suspicion: each is claimed alone from now on");
    }
    Ok(judgement.fates)
}

//! Takes back what dead workers held, and counts their deaths against the tasks.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::metrics::CRAWL_QUEUE;
use rad_core::metrics::tasks::{FINISHED, LEASES_EXPIRED};
use rad_schema::db::Db;
use rad_schema::window::LeaseTerms;
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
        match timed("reap", reap(&db, &open)).await {
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
    let mut reclaimed = 0;
    loop {
        let step = open.window.reap(LEASES_A_CALL).await?;
        reclaimed += step.tasks.len();
        counter!(LEASES_EXPIRED, "queue" => CRAWL_QUEUE).increment(step.tasks.len() as u64);
        if !step.tasks.is_empty() {
            let poisoned = db.count_deaths(&step.tasks).await?;
            if poisoned > 0 {
                counter!(FINISHED, "queue" => CRAWL_QUEUE, "outcome" => "dead")
                    .increment(poisoned.unsigned_abs());
                tracing::error!(tasks = poisoned, "tasks ended because workers kept dying with them in hand");
            }
        }
        if !step.more {
            return Ok(reclaimed);
        }
    }
}

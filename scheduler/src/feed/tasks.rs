//! Feeding the lanes of tasks that are worked on from outside.

use std::time::Duration;

use rad_schema::db::Db;
use rad_schema::window::{HostTerms, Lane, LaneFeed};

use super::{FeedError, FeedReport, LANES_AT_ONCE, OpenWindow};

/// Tasks that a tenant may have claimed at once: its workers are its own, so this only bounds what Redis must hold.
pub(crate) const MOST_CLAIMED: u32 = 10_000;

/// A lane of tasks has no host behind it that wants rest.
pub(crate) const LANE_TERMS: HostTerms = HostTerms { delay: Duration::ZERO, max_concurrency: MOST_CLAIMED };

/// Loads the heads of `lanes`. Idempotent.
pub(super) async fn feed_lanes(db: &Db, open: &OpenWindow, lanes: &[Lane]) -> Result<FeedReport, FeedError> {
    let mut report = FeedReport::default();
    for lanes in lanes.chunks(LANES_AT_ONCE) {
        // Before the ledger: what is left out meanwhile must not be taken for read.
        let left_out = open.window.left_out(lanes).await?;
        for (head, left_out) in db.task_heads(lanes).await?.into_iter().zip(left_out) {
            let load = LaneFeed {
                lane: head.lane,
                weight: 1,
                cap: i32::try_from(MOST_CLAIMED).expect("a small number"),
                parked: false,
                terms: Some(LANE_TERMS),
                pause: Duration::ZERO,
                left_out,
                complete: head.complete,
                tasks: head.tasks,
                suspects: Vec::new(),
            };
            let fed = open.window.feed(&load).await?;
            report.added += fed.added;
            report.revived += i64::from(fed.was_empty && fed.added > 0);
        }
    }
    Ok(report)
}

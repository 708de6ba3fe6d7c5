//! Feeding lanes chunk by chunk, as schedulers do, with the time spent on either store.

use std::time::{Duration, Instant};

use rad_schema::db::Db;
use rad_schema::ledger::{LaneHead, LaneTerms};
use rad_schema::window::{Lane, LaneFeed, Window};

use crate::queue::QueueError;

/// Lanes read in one statement.
const LANES_AT_ONCE: usize = 64;

/// What a feed brought, and how long it waited for Postgres.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) added: usize,
    pub(super) ledger: Duration,
}

pub(super) struct Feeder<'a> {
    pub(super) db: &'a Db,
    pub(super) window: &'a Window,
    /// How long each host rests first.
    pub(super) pause: Duration,
}

impl Feeder<'_> {
    pub(super) async fn feed(&self, lanes: &[Lane]) -> Result<Times, QueueError> {
        let mut times = Times::default();
        for lanes in lanes.chunks(LANES_AT_ONCE) {
            let left_out = self.window.left_out(lanes).await?;
            let began = Instant::now();
            let terms = self.db.lane_terms(lanes).await?;
            let heads = self.db.lane_heads(lanes, self.window.generation()).await?;
            times.ledger += began.elapsed();
            for ((head, left_out), terms) in heads.into_iter().zip(left_out).zip(terms) {
                let fed = self.window.feed(&self.lane_feed(head, left_out, terms)).await?;
                times.added += usize::try_from(fed.added).unwrap_or(0);
            }
        }
        Ok(times)
    }

    fn lane_feed(&self, head: LaneHead, left_out: Option<i64>, terms: Option<LaneTerms>) -> LaneFeed {
        LaneFeed {
            lane: head.lane,
            weight: terms.map_or(1, |terms| terms.weight),
            cap: terms.map_or(1, |terms| terms.max_crawlers),
            parked: false,
            terms: terms.and_then(|terms| terms.host),
            pause: self.pause,
            left_out,
            complete: head.complete,
            tasks: head.tasks,
            suspects: head.suspects,
        }
    }
}

//! Feeding lanes: the way from the ledger into the dispatch window, after a start, at low water and after a wipe.

pub(crate) mod tasks;

use std::time::{Duration, Instant};

use rad_schema::db::{Db, DbError};
use rad_schema::ledger::{LaneHead, LaneTerms};
use rad_schema::queue::Queue;
use rad_schema::window::{Lane, LaneFeed, LeaseTerms, Window, WindowError};
use thiserror::Error;

use crate::caps::Caps;
use crate::old_work::OldWork;

/// Lanes read in one statement.
const LANES_AT_ONCE: usize = 64;

/// A feed that stopped half-way; it can be repeated from the start.
#[derive(Debug, Error)]
pub(crate) enum FeedError {
    /// The ledger could not be read.
    #[error("feed lanes from the ledger")]
    Ledger(#[from] DbError),
    /// The window did not take them.
    #[error("feed lanes into the window")]
    Window(#[from] WindowError),
}

impl FeedError {
    /// The window is of another generation: whoever rebuilds it feeds everything.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Window(WindowError::Stale))
    }
}

/// The window together with what is known of its opening.
#[derive(Clone)]
pub(crate) struct OpenWindow {
    pub(crate) window: Window,
    /// When Postgres raised the generation, in microseconds of its clock.
    pub(crate) raised_us: i64,
    /// Until then, workers of the generation before may still be fetching.
    pub(crate) quiet_until: Instant,
    pub(crate) terms: LeaseTerms,
    /// What was in work before it, as far as it has been read.
    pub(crate) old_work: OldWork,
    /// Where caps that were read are told.
    pub(crate) caps: Caps,
}

impl OpenWindow {
    /// What was hydrated before this, in microseconds of Postgres' clock, has passed its hard deadline.
    pub(crate) fn in_flight_since_us(&self) -> i64 {
        self.raised_us - i64::try_from(self.terms.hard_deadline.as_micros()).unwrap_or(i64::MAX)
    }

    /// Whether what was claimed under an older generation at this time may be in work when the window was opened.
    fn may_be_in_flight(&self, hydrated_us: i64) -> bool {
        hydrated_us > self.in_flight_since_us()
    }

    /// How many tasks of a lane those are.
    fn still_in_work(&self, head: &LaneHead) -> usize {
        head.stale_hydrates_us.iter().filter(|at| self.may_be_in_flight(**at)).count()
    }
}

/// Tasks that a feed added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FeedReport {
    pub(crate) added: i64,
    /// Lanes that had been empty.
    pub(crate) revived: i64,
}

/// Loads the heads of `lanes` from the ledger that the window is of. Idempotent.
pub(crate) async fn feed_lanes(db: &Db, open: &OpenWindow, lanes: &[Lane]) -> Result<FeedReport, FeedError> {
    match open.window.queue() {
        Queue::Crawl => feed_urls(db, open, lanes).await,
        Queue::Tasks => tasks::feed_lanes(db, open, lanes).await,
    }
}

async fn feed_urls(db: &Db, open: &OpenWindow, lanes: &[Lane]) -> Result<FeedReport, FeedError> {
    let mut report = FeedReport::default();
    for lanes in lanes.chunks(LANES_AT_ONCE) {
        // Before the ledger: what is left out meanwhile must not be taken for read.
        let left_out = open.window.left_out(lanes).await?;
        let terms = db.lane_terms(lanes).await?;
        for (lane, terms) in lanes.iter().zip(&terms) {
            if let Some(terms) = terms {
                open.caps.saw(lane.tenant, tasks_at_once(*terms));
            }
        }
        // A lane that stays out of the window needs no reading.
        let wanted: Vec<_> = lanes
            .iter()
            .zip(&terms)
            .filter(|(_, terms)| !is_parked(terms.as_ref()))
            .map(|(lane, _)| *lane)
            .collect();
        let mut heads = db.lane_heads(&wanted, open.window.generation()).await?.into_iter();
        for ((lane, left_out), terms) in lanes.iter().zip(left_out).zip(terms) {
            let head = if is_parked(terms.as_ref()) { None } else { heads.next() };
            let head = head.unwrap_or_else(|| LaneHead::empty(*lane));
            open.old_work.saw(*lane, open.still_in_work(&head));
            let fed = open.window.feed(&lane_feed(open, head, left_out, terms)).await?;
            report.added += fed.added;
            report.revived += i64::from(fed.was_empty && fed.added > 0);
        }
    }
    Ok(report)
}

/// A tenant that has used up its month, or is gone, keeps no lane.
fn is_parked(terms: Option<&LaneTerms>) -> bool {
    terms.is_none_or(|terms| terms.room.is_some_and(|room| room <= 0))
}

/// More than the month has room for would be fetched in vain.
fn tasks_at_once(terms: LaneTerms) -> i32 {
    let room = terms.room.map_or(i32::MAX, |room| i32::try_from(room).unwrap_or(i32::MAX));
    terms.max_crawlers.min(room.max(1))
}

fn lane_feed(open: &OpenWindow, head: LaneHead, left_out: Option<i64>, terms: Option<LaneTerms>) -> LaneFeed {
    // Claimed under an older generation shortly before it ended: its host may be in contact still.
    let may_be_in_flight = head.last_stale_hydrate_us.is_some_and(|at| open.may_be_in_flight(at));
    let quiet_for = open.quiet_until.saturating_duration_since(Instant::now());
    let delay = terms.and_then(|terms| terms.host).map_or(Duration::ZERO, |host| host.delay);
    let quiet = if may_be_in_flight {
        (open.quiet_until + delay).saturating_duration_since(Instant::now())
    } else if quiet_for.is_zero() {
        Duration::ZERO
    } else {
        // The clock of the window before is gone: the last request may be a moment ago.
        delay
    };
    LaneFeed {
        lane: head.lane,
        weight: terms.map_or(1, |terms| terms.weight),
        cap: LaneFeed::CAP_AS_IT_STANDS,
        parked: is_parked(terms.as_ref()),
        terms: terms.and_then(|terms| terms.host),
        pause: terms.map_or(Duration::ZERO, |terms| terms.pause).max(quiet),
        left_out,
        complete: head.complete,
        tasks: head.tasks,
        suspects: head.suspects,
    }
}

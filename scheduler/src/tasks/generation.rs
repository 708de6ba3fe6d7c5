//! Keeps the dispatch window open: notices a wipe, a restart or a failover of Redis, and rebuilds.

use std::time::{Duration, Instant};

use metrics::gauge;
use rad_core::errors::chain;
use rad_core::metrics::control::WINDOW_GENERATION;
use rad_schema::db::Db;
use rad_schema::queue::Queue;
use rad_schema::window::{Attached, Dispatch, LeaseTerms, PROTOCOL, Window, WindowError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::walk::{self, Place};
use super::{as_gauge, next, timed};
use crate::caps::Caps;
use crate::feed::{FeedError, FeedReport, OpenWindow, feed_lanes};
use crate::old_work::OldWork;

/// A wipe is noticed within this time.
const PERIOD: Duration = Duration::from_millis(250);
const SECTIONS_AT_ONCE: i32 = 100;

pub(super) async fn run(
    db: Db,
    dispatch: Dispatch,
    terms: LeaseTerms,
    caps: Caps,
    opened: watch::Sender<Option<OpenWindow>>,
    stop: CancellationToken,
) {
    let (mut refill_due, mut sweep) = (false, None);
    loop {
        let kept = keep_open(&db, &dispatch, terms, &caps, &opened);
        match timed("generation", dispatch.queue().name(), kept).await {
            Ok(Kept::AsItWas) => {}
            Ok(Kept::Another) => refill_due = true,
            Ok(Kept::Retired) => {
                tracing::warn!(place = ?dispatch.place(), "this shard is in use no longer");
                return;
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "dispatch window not open");
            }
        }
        let open = opened.borrow().clone();
        if refill_due && let Some(open) = open {
            match refill(&db, &open).await {
                Ok(()) => (refill_due, sweep) = (false, Some(0)),
                // From the start again: what is loaded already is passed over.
                Err(error) => tracing::warn!(error = chain(&error), "dispatch window not refilled"),
            }
        }
        sweep = sweep_step(&dispatch, &opened, sweep).await;
        if !next(&stop, PERIOD).await {
            return;
        }
    }
}

/// How a shard was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    AsItWas,
    /// The window is another than before, and must be filled.
    Another,
    /// The queue is divided otherwise by now.
    Retired,
}

/// Opens a new generation when Redis does not have the one that Postgres names.
async fn keep_open(
    db: &Db,
    dispatch: &Dispatch,
    terms: LeaseTerms,
    caps: &Caps,
    opened: &watch::Sender<Option<OpenWindow>>,
) -> Result<Kept, FeedError> {
    let (queue, place) = (dispatch.queue(), dispatch.place());
    let Some(shard) = db.shard_at(queue, place).await? else { return Ok(Kept::Retired) };
    let run_id = dispatch.run_id().await?;
    match dispatch.attach(&shard).await? {
        Attached::Open(window) => return known(db, window, terms, caps, shard.raised_us, opened).await,
        Attached::Foreign { protocol } => tracing::warn!(
            window_protocol = protocol,
            own_protocol = PROTOCOL,
            "version skew: the dispatch window speaks another protocol and is rebuilt; workers of that \
             version wait from now on"
        ),
        Attached::Closed => {}
    }
    opened.send_replace(None);
    let Some(generation) = db.raise_generation_at(queue, place, shard.generation, &run_id).await? else {
        return Ok(Kept::AsItWas);
    };
    if !dispatch.open_resting(generation, &run_id).await? {
        return Ok(Kept::AsItWas);
    }
    let raised_us = db.shard_at(queue, place).await?.map_or(0, |shard| shard.raised_us);
    tracing::info!(queue = queue.name(), shard = place.index, generation, "dispatch window opened");
    let open = quiet(dispatch.window(generation), terms, caps, raised_us);
    rest_hosts(db, &open).await?;
    // Told before it is full: workers may claim what is loaded already.
    opened.send_replace(Some(open));
    Ok(Kept::Another)
}

/// Takes over a window that is open.
async fn known(
    db: &Db,
    window: Window,
    terms: LeaseTerms,
    caps: &Caps,
    raised_us: i64,
    opened: &watch::Sender<Option<OpenWindow>>,
) -> Result<Kept, FeedError> {
    let before = opened.borrow().as_ref().map(|open| open.window.generation());
    if before == Some(window.generation()) {
        return Ok(Kept::AsItWas);
    }
    // Another leader opened it, and may have died before the hosts were told; how long ago is unknown, so they rest
    // for the whole lease.
    let open = quiet(window, terms, caps, raised_us);
    rest_hosts(db, &open).await?;
    opened.send_replace(Some(open));
    Ok(Kept::Another)
}

/// Hosts rest, not lanes, and before any lane is fed: that of another tenant could be claimed at once. A worker of
/// the generation before gives up when its lease ends, and then the host's delay begins.
async fn rest_hosts(db: &Db, open: &OpenWindow) -> Result<(), FeedError> {
    let hosts = match open.window.queue() {
        Queue::Crawl => db.hosts_in_flight(open.window.generation(), open.in_flight_since_us()).await?,
        Queue::Tasks => Vec::new(),
    };
    let here = hosts.into_iter().filter(|(host, _)| open.window.holds(*host));
    let rests: Vec<_> = here.map(|(host, delay)| (host, open.terms.ttl + delay)).collect();
    Ok(open.window.rest(&rests).await?)
}

fn quiet(window: Window, terms: LeaseTerms, caps: &Caps, raised_us: i64) -> OpenWindow {
    if window.queue() == Queue::Crawl {
        gauge!(WINDOW_GENERATION, "shard" => window.place().index.to_string())
            .set(as_gauge(window.generation()));
    }
    // Its tenants have no shares yet.
    caps.forget();
    let quiet_until = Instant::now() + terms.ttl;
    OpenWindow { window, raised_us, quiet_until, terms, old_work: OldWork::default(), caps: caps.clone() }
}

/// Feeds every lane that has open rows.
async fn refill(db: &Db, open: &OpenWindow) -> Result<(), FeedError> {
    let (started, queue) = (Instant::now(), open.window.queue());
    let mut report = FeedReport::default();
    let mut place = Place::START;
    loop {
        let (sections, end) = walk::step(db, queue, place, SECTIONS_AT_ONCE).await?;
        for section in sections {
            if let Some(tenant) = section.tenant() {
                open.old_work.reached(tenant);
            }
            let fed = feed_lanes(db, open, &section.lanes(db, &open.window).await?).await?;
            report.added += fed.added;
            report.revived += fed.revived;
        }
        if end == Place::START {
            break;
        }
        place = end;
    }
    open.old_work.finish();
    tracing::info!(
        queue = queue.name(),
        shard = open.window.place().index,
        generation = open.window.generation(),
        tasks = report.added,
        lanes = report.revived,
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "dispatch window filled"
    );
    Ok(())
}

/// Removes keys of older generations, a step at a time; returns where to go on.
async fn sweep_step(
    dispatch: &Dispatch,
    opened: &watch::Sender<Option<OpenWindow>>,
    cursor: Option<u64>,
) -> Option<u64> {
    let generation = opened.borrow().as_ref().map(|open| open.window.generation())?;
    match dispatch.sweep(generation, cursor?).await {
        Ok(0) => None,
        Ok(next) => Some(next),
        Err(WindowError::Redis { .. }) => cursor,
        Err(_) => None,
    }
}

//! Keeps the dispatch window open: notices a wipe, a restart or a failover of Redis, and rebuilds.

use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_core::ids::{JobId, TenantId};
use rad_schema::db::Db;
use rad_schema::window::{Dispatch, LeaseTerms, WindowError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::next;
use crate::feed::{FeedError, FeedReport, OpenWindow, feed_lanes};

/// A wipe is noticed within this time.
const PERIOD: Duration = Duration::from_millis(250);
const JOBS_AT_ONCE: i32 = 100;

pub(super) async fn run(
    db: Db,
    dispatch: Dispatch,
    terms: LeaseTerms,
    opened: watch::Sender<Option<OpenWindow>>,
    stop: CancellationToken,
) {
    let (mut refill_due, mut sweep) = (false, None);
    loop {
        match keep_open(&db, &dispatch, terms, &opened).await {
            Ok(changed) => refill_due |= changed,
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

/// Opens a new generation when Redis does not have the one that Postgres names. True when the window is another
/// than before, and must be filled.
async fn keep_open(
    db: &Db,
    dispatch: &Dispatch,
    terms: LeaseTerms,
    opened: &watch::Sender<Option<OpenWindow>>,
) -> Result<bool, FeedError> {
    let shard = db.shard().await?;
    let run_id = dispatch.run_id().await?;
    if let Some(shard) = &shard
        && shard.run_id == run_id
        && dispatch.opened_for().await? == Some((shard.generation, run_id.clone()))
    {
        let known = opened.borrow().as_ref().map(|open| open.window.generation());
        if known == Some(shard.generation) {
            return Ok(false);
        }
        // Another leader opened it; how long ago is unknown, so hosts rest for the whole lease.
        opened.send_replace(Some(window(dispatch, terms, shard.generation, shard.raised_us)));
        return Ok(true);
    }
    opened.send_replace(None);
    let old = shard.map_or(0, |shard| shard.generation);
    let Some(generation) = db.raise_generation(old, &run_id).await? else {
        return Ok(false);
    };
    if !dispatch.open(generation, &run_id).await? {
        return Ok(false);
    }
    let raised_us = db.shard().await?.map_or(0, |shard| shard.raised_us);
    tracing::info!(generation, "dispatch window opened");
    // Told before it is full: workers may claim what is loaded already.
    opened.send_replace(Some(window(dispatch, terms, generation, raised_us)));
    Ok(true)
}

fn window(dispatch: &Dispatch, terms: LeaseTerms, generation: i64, raised_us: i64) -> OpenWindow {
    OpenWindow {
        window: dispatch.window(generation),
        raised_us,
        quiet_until: Instant::now() + terms.ttl,
        terms,
    }
}

/// Feeds every lane of every running crawl.
async fn refill(db: &Db, open: &OpenWindow) -> Result<(), FeedError> {
    let started = Instant::now();
    let mut report = FeedReport::default();
    let mut after = (TenantId(0), JobId(0));
    loop {
        let jobs = db.running_jobs(after, JOBS_AT_ONCE).await?;
        let Some(last) = jobs.last() else { break };
        after = *last;
        for (tenant, job) in jobs {
            let fed = feed_lanes(db, open, &db.lanes(tenant, job).await?).await?;
            report.added += fed.added;
            report.revived += fed.revived;
        }
    }
    tracing::info!(
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

//! Keeps the incarnation alive in each shard, aborts its work there before anybody may believe it dead, and takes the
//! place again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_schema::queue::Queue;
use rad_schema::window::{Attached, WindowError};
use tokio_util::sync::CancellationToken;

use super::seat::{Life, Seat};
use super::{Session, SessionError};
use crate::engine::meters;

/// Part of the lease that is left for aborting: fetches end at once, a commit in flight is fenced.
const MARGIN: f64 = 0.2;
/// Between two looks at a shard whose claims fail, or that has been lost.
const AGAIN: Duration = Duration::from_millis(500);
/// The first look comes sooner: most failures are over at once.
const AT_FIRST: Duration = Duration::from_millis(100);

/// Keeps the seat in one shard until the session is over.
pub(super) async fn keep_seat(session: Arc<Session>, shard: usize, shutdown: CancellationToken) {
    let seat = &session.seats.all()[shard];
    while !session.abort.is_cancelled() {
        let Some(life) = seat.life() else {
            if !take_again(&session, seat, &shutdown).await {
                return;
            }
            continue;
        };
        beat(&session, seat, &life).await;
        seat.leave();
        // Their leases are others' by now, or will be when the lease has passed.
        session.hand.drop_shard(shard);
        if session.seats.lives().is_empty() {
            session.abort.cancel();
        }
    }
}

/// Beats until the life in this shard is over.
async fn beat(session: &Session, seat: &Seat, life: &Life) {
    let ttl = session.terms.ttl;
    let last_good = ttl.mul_f64(1.0 - MARGIN);
    let mut renewed = Instant::now();
    loop {
        // A deadline rather than a pause: a beat that hangs must not keep the next decision waiting.
        let deadline = (renewed + last_good).saturating_duration_since(Instant::now());
        tokio::select! {
            () = life.ends() => return,
            () = pause(seat, ttl / 3) => {}
            () = tokio::time::sleep(deadline) => {}
        }
        // Measured from before the call: Redis counts from some moment after it.
        let begun = Instant::now();
        let left = (renewed + last_good).saturating_duration_since(begun);
        let beaten = life.window.renew(session.worker, session.terms);
        match tokio::time::timeout(left.max(Duration::from_millis(1)), beaten).await {
            Ok(Ok(())) => {
                renewed = begun;
                meters::alive();
                if seat.trust() {
                    session.kick.notify_one();
                }
            }
            Ok(Err(WindowError::Stale | WindowError::Gone)) => {
                return lose(session, life, "the lease is gone");
            }
            Ok(Err(error)) => tracing::warn!(error = chain(&error), "heartbeat failed"),
            Err(_) => tracing::warn!("heartbeat not answered"),
        }
        if renewed.elapsed() >= last_good {
            return lose(session, life, "Redis can't be reached");
        }
    }
}

/// Until the next beat is due.
async fn pause(seat: &Seat, period: Duration) {
    if seat.is_doubtful() {
        return tokio::time::sleep(AGAIN.min(period)).await;
    }
    tokio::select! {
        () = tokio::time::sleep(period) => {}
        () = seat.doubted.notified() => tokio::time::sleep(AT_FIRST).await,
    }
}

fn lose(session: &Session, life: &Life, why: &str) {
    let shard = life.shard();
    tracing::warn!(incarnation = session.worker.0, shard, why, "leases lost, giving up what is in hand");
    life.lose();
}

/// Takes the place again when the shard's window is open. False: there is nothing to take it for any more.
async fn take_again(session: &Session, seat: &Seat, shutdown: &CancellationToken) -> bool {
    loop {
        tokio::select! {
            () = session.abort.cancelled() => return false,
            () = shutdown.cancelled() => return false,
            () = tokio::time::sleep(AGAIN) => {}
        }
        match rejoin(session, seat).await {
            Ok(true) => {
                session.kick.notify_one();
                return true;
            }
            Ok(false) => {}
            Err(error) => tracing::debug!(error = chain(&error), "shard not joined again yet"),
        }
    }
}

async fn rejoin(session: &Session, seat: &Seat) -> Result<bool, SessionError> {
    let layout = session.engine.db.layout(Queue::Crawl).await?;
    if !session.seats.are(&layout.places()) {
        redivided(session);
        return Ok(false);
    }
    let place = seat.dispatch.place();
    let Some(placed) = layout.shards.get(place.index as usize) else { return Ok(false) };
    let Attached::Open(window) = seat.dispatch.attach(&placed.shard).await? else { return Ok(false) };
    // In the same window its old leases must have been taken back: joined again, it would keep them from that.
    if window.leases_of(session.worker).await? > 0 {
        return Ok(false);
    }
    window.join(session.worker, session.terms).await?;
    tracing::info!(
        incarnation = session.worker.0,
        shard = place.index,
        generation = window.generation(),
        "joined a shard again"
    );
    seat.take(Life::new(window, &session.abort));
    Ok(true)
}

fn redivided(session: &Session) {
    if !session.abort.is_cancelled() {
        tracing::warn!(incarnation = session.worker.0, "the dispatch window is divided otherwise now");
        session.abort.cancel();
    }
}

/// Says how the worker is, for people who ask Postgres, and hears whether the window is still divided as it was.
pub(super) async fn report(session: Arc<Session>, shutdown: CancellationToken) {
    let ttl = session.terms.ttl;
    loop {
        tokio::time::sleep(ttl / 3).await;
        // Bounded: a slow Postgres must not keep the next word waiting.
        if tokio::time::timeout(ttl / 3, report_once(&session, &shutdown)).await.is_err() {
            tracing::debug!("state not reported to Postgres in time");
        }
    }
}

async fn report_once(session: &Session, shutdown: &CancellationToken) {
    let (busy, job) = session.hand.summary();
    let state = if shutdown.is_cancelled() { "draining" } else { "alive" };
    if let Err(error) = session.engine.db.report_worker(session.worker, state, busy, job).await {
        tracing::debug!(error = chain(&error), "state not reported to Postgres");
    }
    match session.engine.db.layout(Queue::Crawl).await {
        Ok(layout) if session.seats.are(&layout.places()) => {}
        Ok(_) => redivided(session),
        Err(error) => tracing::debug!(error = chain(&error), "shards not read"),
    }
}

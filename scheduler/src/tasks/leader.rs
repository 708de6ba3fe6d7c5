//! One replica leads: it holds a lease row in Postgres and runs the background tasks while it does.
//!
//! Two leaders for a moment do no harm: every task is idempotent and every script checks its generation.

use std::time::{Duration, Instant};

use metrics::gauge;
use rad_core::errors::chain;
use rad_core::metrics::control::LEADER;
use rad_schema::db::{Db, DbError};
use rad_schema::process::metrics::FleetSeries;
use rad_schema::queue::Queue;
use rad_schema::window::{Dispatch, LeaseTerms};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Current, feeder, finish, gauges, generation, lapse, next, reap, reconcile, skew, trim};

/// The leadership that every replica competes for.
pub(crate) const LEADERSHIP: &str = "dispatch";
const TTL: Duration = Duration::from_secs(6);
const RENEW: Duration = Duration::from_secs(2);

/// Leads whenever no other replica does, until `stop`.
pub(crate) async fn lead(
    db: Db,
    dispatch: Dispatch,
    terms: LeaseTerms,
    holder: String,
    fleet: FleetSeries,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match take(&db, &holder).await {
            Ok(true) => session(&db, &dispatch, terms, &holder, &fleet, &stop).await,
            Ok(false) => {}
            Err(error) => tracing::warn!(error = chain(&error), "leadership not decided"),
        }
        if !next(&stop, RENEW).await {
            break;
        }
    }
    // The next replica needn't wait for the lease to run out.
    if let Err(error) = db.resign(LEADERSHIP, &holder).await {
        tracing::debug!(error = chain(&error), "leadership not given up");
    }
}

/// Takes or keeps the leadership. A path to Postgres that drops packets silently never answers.
async fn take(db: &Db, holder: &str) -> Result<bool, DbError> {
    tokio::time::timeout(TTL, db.lead(LEADERSHIP, holder, TTL)).await.unwrap_or(Err(DbError::TimedOut))
}

/// Keeps a queue's window open, fed and true.
fn keep_window(
    tasks: &mut JoinSet<()>,
    db: &Db,
    dispatch: Dispatch,
    terms: LeaseTerms,
    session: &CancellationToken,
) -> Current {
    let (opened, current) = watch::channel(None);
    tasks.spawn(generation::run(db.clone(), dispatch.clone(), terms, opened, session.clone()));
    tasks.spawn(feeder::run(db.clone(), dispatch, current.clone(), session.clone()));
    tasks.spawn(reconcile::run(db.clone(), current.clone(), session.clone()));
    current
}

/// Runs the tasks until the lease is lost or `stop`.
async fn session(
    db: &Db,
    dispatch: &Dispatch,
    terms: LeaseTerms,
    holder: &str,
    fleet: &FleetSeries,
    stop: &CancellationToken,
) {
    tracing::info!(holder, "leading");
    gauge!(LEADER).set(1);
    let session = stop.child_token();
    let mut tasks = JoinSet::new();
    let current = keep_window(&mut tasks, db, dispatch.of(Queue::Tasks), terms, &session);
    tasks.spawn(lapse::run(db.clone(), current, session.clone()));
    let current = keep_window(&mut tasks, db, dispatch.of(Queue::Crawl), terms, &session);
    tasks.spawn(reap::run(db.clone(), current.clone(), terms, session.clone()));
    tasks.spawn(gauges::run(db.clone(), current, fleet.clone(), session.clone()));
    tasks.spawn(finish::run(db.clone(), session.clone()));
    tasks.spawn(skew::run(db.clone(), session.clone()));
    tasks.spawn(trim::run(db.clone(), session.clone()));
    let mut renewed = Instant::now();
    loop {
        tokio::select! {
            // They end only with the session: one that panicked must not leave a leader that does nothing.
            Some(ended) = tasks.join_next() => {
                tracing::error!(panicked = ended.is_err(), "a task of the leader has ended, giving the leadership up");
                break;
            }
            on = next(stop, RENEW) => if !on { break },
        }
        // Taken before the call: the lease counts from some moment of it.
        let asked = Instant::now();
        match take(db, holder).await {
            Ok(true) => renewed = asked,
            // Postgres can't be asked: the lease is ours until it runs out.
            Err(_) if renewed.elapsed() < TTL => {}
            Ok(false) | Err(_) => break,
        }
    }
    session.cancel();
    gauge!(LEADER).set(0);
    // They stop at their next pause; one whose store never answers is dropped, which any of them survives.
    if tokio::time::timeout(TTL, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tasks.shutdown().await;
    }
    tracing::info!(holder, "no longer leading");
}

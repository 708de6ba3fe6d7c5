//! One replica leads: it holds a lease row in Postgres and runs the background tasks while it does.
//!
//! Two leaders for a moment do no harm: every task is idempotent and every script checks its generation.

use std::time::Duration;

use metrics::gauge;
use rad_core::errors::chain;
use rad_core::metrics::control::LEADER;
use rad_schema::db::Db;
use rad_schema::process::metrics::FleetSeries;
use rad_schema::window::{Dispatch, LeaseTerms};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{feeder, finish, gauges, generation, next, reap, reconcile, skew, trim};

const NAME: &str = "dispatch";
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
        match db.lead(NAME, &holder, TTL).await {
            Ok(true) => session(&db, &dispatch, terms, &holder, &fleet, &stop).await,
            Ok(false) => {}
            Err(error) => tracing::warn!(error = chain(&error), "leadership not decided"),
        }
        if !next(&stop, RENEW).await {
            break;
        }
    }
    // The next replica needn't wait for the lease to run out.
    if let Err(error) = db.resign(NAME, &holder).await {
        tracing::debug!(error = chain(&error), "leadership not given up");
    }
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
    let (opened, current) = watch::channel(None);
    let mut tasks = JoinSet::new();
    tasks.spawn(generation::run(db.clone(), dispatch.clone(), terms, opened, session.clone()));
    tasks.spawn(feeder::run(db.clone(), dispatch.clone(), current.clone(), session.clone()));
    tasks.spawn(reap::run(db.clone(), current.clone(), terms, session.clone()));
    tasks.spawn(reconcile::run(db.clone(), current.clone(), session.clone()));
    tasks.spawn(gauges::run(db.clone(), current, fleet.clone(), session.clone()));
    tasks.spawn(finish::run(db.clone(), session.clone()));
    tasks.spawn(skew::run(db.clone(), session.clone()));
    tasks.spawn(trim::run(db.clone(), session.clone()));
    let mut renewed = std::time::Instant::now();
    while next(stop, RENEW).await {
        match db.lead(NAME, holder, TTL).await {
            Ok(true) => renewed = std::time::Instant::now(),
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

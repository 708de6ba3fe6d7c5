//! One replica leads: it holds a lease row in Postgres and runs the background tasks while it does.
//!
//! Two leaders for a moment do no harm: every task is idempotent and every script checks its generation.

use std::time::{Duration, Instant};

use metrics::gauge;
use rad_core::errors::chain;
use rad_core::metrics::control::LEADER;
use rad_schema::db::{Db, DbError};
use rad_schema::layout::{Layout, ShardPlace};
use rad_schema::process::metrics::FleetSeries;
use rad_schema::queue::Queue;
use rad_schema::window::{Dispatch, LeaseTerms, Shards};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    Current, feeder, finish, gauges, generation, judge, lapse, next, reap, reconcile, retire, shares, skew,
    trim,
};
use crate::caps::Caps;
use crate::feed::FeedError;

/// The leadership that every replica competes for.
pub(crate) const LEADERSHIP: &str = "dispatch";
const TTL: Duration = Duration::from_secs(6);
const RENEW: Duration = Duration::from_secs(2);

/// What the leader's tasks work with.
#[derive(Clone)]
pub(crate) struct Realm {
    pub(crate) db: Db,
    pub(crate) shards: Shards,
    /// Shards that crawls are to be divided into; none for as many as they are, at first one on each Redis master.
    pub(crate) wanted: Option<u32>,
    pub(crate) terms: LeaseTerms,
    pub(crate) caps: Caps,
    pub(crate) fleet: FleetSeries,
}

/// Leads whenever no other replica does, until `stop`.
pub(crate) async fn lead(realm: Realm, holder: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match take(&realm.db, &holder).await {
            Ok(true) => match divide(&realm).await {
                Ok(layout) => session(&realm, layout, &holder, &stop).await,
                Err(error) => tracing::warn!(error = chain(&error), "dispatch window not divided"),
            },
            Ok(false) => {}
            Err(error) => tracing::warn!(error = chain(&error), "leadership not decided"),
        }
        if !next(&stop, RENEW).await {
            break;
        }
    }
    // The next replica needn't wait for the lease to run out.
    if let Err(error) = realm.db.resign(LEADERSHIP, &holder).await {
        tracing::debug!(error = chain(&error), "leadership not given up");
    }
}

/// Divides the queues into as many shards as they are to have. Those of before are closed first.
async fn divide(realm: &Realm) -> Result<Layout, FeedError> {
    let (db, shards) = (&realm.db, &realm.shards);
    db.divide(Queue::Tasks, &[ShardPlace::only().tag]).await?;
    let layout = db.layout(Queue::Crawl).await?;
    let as_wanted = realm.wanted.is_none_or(|wanted| layout.count() == wanted as usize);
    if layout.count() > 0 && as_wanted {
        return Ok(layout);
    }
    let tags = shards.tags(realm.wanted).await?;
    db.divide(Queue::Crawl, &tags).await?;
    let divided = db.layout(Queue::Crawl).await?;
    tracing::info!(before = layout.count(), shards = divided.count(), "dispatch window divided into shards");
    Ok(divided)
}

/// Takes or keeps the leadership. A path to Postgres that drops packets silently never answers.
async fn take(db: &Db, holder: &str) -> Result<bool, DbError> {
    tokio::time::timeout(TTL, db.lead(LEADERSHIP, holder, TTL)).await.unwrap_or(Err(DbError::TimedOut))
}

/// Keeps the window of a shard open, fed and true.
fn keep_window(
    tasks: &mut JoinSet<()>,
    realm: &Realm,
    dispatch: Dispatch,
    session: &CancellationToken,
) -> Current {
    let (opened, current) = watch::channel(None);
    let (db, caps, terms) = (&realm.db, realm.caps.clone(), realm.terms);
    tasks.spawn(generation::run(db.clone(), dispatch.clone(), terms, caps, opened, session.clone()));
    tasks.spawn(feeder::run(db.clone(), dispatch, current.clone(), session.clone()));
    tasks.spawn(reconcile::run(db.clone(), current.clone(), session.clone()));
    current
}

/// All tasks of the leader.
fn start(realm: &Realm, layout: Layout, session: &CancellationToken) -> JoinSet<()> {
    let (db, shards) = (&realm.db, &realm.shards);
    let mut tasks = JoinSet::new();
    let errands = keep_window(&mut tasks, realm, shards.tasks(), session);
    tasks.spawn(lapse::run(db.clone(), errands.clone(), session.clone()));
    let mut crawls = Vec::with_capacity(layout.count());
    for placed in &layout.shards {
        let current = keep_window(&mut tasks, realm, shards.at(Queue::Crawl, &placed.place), session);
        tasks.spawn(reap::run(db.clone(), current.clone(), realm.terms, session.clone()));
        crawls.push(current);
    }
    tasks.spawn(shares::run(db.clone(), crawls.clone(), realm.caps.clone(), session.clone()));
    tasks.spawn(gauges::run(db.clone(), crawls, errands, realm.fleet.clone(), session.clone()));
    tasks.spawn(finish::run(db.clone(), session.clone()));
    tasks.spawn(judge::run(db.clone(), session.clone()));
    tasks.spawn(skew::run(db.clone(), session.clone()));
    tasks.spawn(trim::run(db.clone(), session.clone()));
    tasks.spawn(retire::run(db.clone(), shards.clone(), layout.retired, session.clone()));
    tasks
}

/// Runs the tasks until the lease is lost or `stop`.
async fn session(realm: &Realm, layout: Layout, holder: &str, stop: &CancellationToken) {
    tracing::info!(holder, shards = layout.count(), "leading");
    gauge!(LEADER).set(1);
    let session = stop.child_token();
    retire::close(&realm.shards, &layout.retired).await;
    let mut tasks = start(realm, layout, &session);
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
        match take(&realm.db, holder).await {
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

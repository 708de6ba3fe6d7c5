//! One life of the worker in the fleet: an incarnation, its heartbeat, its claims, its end.
//!
//! A session ends when the process is to stop (it drains) or when its leases are lost (it gives up everything
//! in hand at once; the fence in Postgres refuses what comes too late).

mod claim;
mod heartbeat;
pub(crate) mod seat;
mod wake;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_core::ids::Incarnation;
use rad_schema::db::DbError;
use rad_schema::layout::Layout;
use rad_schema::queue::Queue;
use rad_schema::window::{Attached, LeaseTerms, Nack, PROTOCOL, Requeue, Window, WindowError};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::seat::{Life, Seat, Seats};
use crate::engine::Engine;
use crate::hand::Hand;
use crate::store::Store;

/// Longest wait for commits at the end of a session.
const LAST_COMMITS: Duration = Duration::from_secs(20);
/// Longest wait for pages that were told to give up: they end at their next wait, unless they keep their thread.
const GIVE_UP: Duration = Duration::from_secs(2);
/// The same when pages are left behind that keep the store open.
const LAST_COMMITS_OF_STUCK: Duration = Duration::from_secs(5);
/// How often a worker says that it waits for a window of its own protocol.
const SKEW_TOLD: Duration = Duration::from_mins(1);
/// Longest wait for Postgres to take a new life of a worker.
const REGISTERS: Duration = Duration::from_secs(10);
/// Longest wait for Postgres at the very end.
const GOODBYE: Duration = Duration::from_secs(2);
/// How often a worker looks for an open window.
const WINDOW_PERIOD: Duration = Duration::from_millis(200);

/// Why a session could not begin.
#[derive(Debug, Error)]
pub(crate) enum SessionError {
    #[error("register with Postgres")]
    Postgres(#[from] DbError),
    #[error("join the dispatch window")]
    Redis(#[from] WindowError),
}

/// A session's state, shared by its loops.
pub(crate) struct Session {
    engine: Arc<Engine>,
    seats: Arc<Seats>,
    worker: Incarnation,
    terms: LeaseTerms,
    slots: Arc<Semaphore>,
    hand: Arc<Hand>,
    store: Arc<Store>,
    /// Pages in work.
    pages: TaskTracker,
    /// Something may have become claimable.
    kick: Arc<Notify>,
    /// The leases are lost, or the time to drain is over: give up what is in hand.
    abort: CancellationToken,
}

/// Joins the fleet and works until `shutdown` or until the leases are lost.
pub(crate) async fn run(engine: &Arc<Engine>, shutdown: &CancellationToken) -> Result<(), SessionError> {
    let terms = engine.config.lease();
    let (seats, worker) = tokio::select! {
        // Also while a store does not answer: nothing is in hand yet.
        () = shutdown.cancelled() => return Ok(()),
        joined = join(engine, terms) => joined?,
    };
    let (seats, abort) = (Arc::new(seats.0), seats.1);
    tracing::info!(
        incarnation = worker.0,
        shards = seats.all().len(),
        joined = seats.lives().len(),
        "joined the fleet"
    );
    let (kick, hand) = (Arc::new(Notify::new()), Arc::new(Hand::default()));
    let store = Arc::new(Store {
        engine: Arc::clone(engine),
        seats: Arc::clone(&seats),
        hand: Arc::clone(&hand),
        kick: Arc::clone(&kick),
        releases: TaskTracker::new(),
    });
    let session = Arc::new(Session {
        engine: Arc::clone(engine),
        seats,
        worker,
        terms,
        slots: Arc::new(Semaphore::new(engine.config.slots)),
        hand,
        store: Arc::clone(&store),
        pages: TaskTracker::new(),
        kick,
        abort,
    });
    let (sender, receiver) = mpsc::channel(engine.config.slots);
    let stores = tokio::spawn(store.run(receiver));
    let mut hearts = JoinSet::new();
    for shard in 0..session.seats.all().len() {
        hearts.spawn(heartbeat::keep_seat(Arc::clone(&session), shard, shutdown.clone()));
    }
    hearts.spawn(heartbeat::report(Arc::clone(&session), shutdown.clone()));
    claim::work(&session, sender, shutdown).await;
    // All senders are gone with the pages: the store ends after its last commit, unless Postgres never answers.
    let last_commits = if session.drain().await { LAST_COMMITS } else { LAST_COMMITS_OF_STUCK };
    match tokio::time::timeout(last_commits, stores).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::error!("the store's task panicked"),
        Err(_) => tracing::error!("the last commits were not answered, their leases go back"),
    }
    session.hand_back_rest().await;
    // Its last beat before the goodbye, or it would take the goodbye for a lost lease.
    hearts.shutdown().await;
    session.leave().await;
    Ok(())
}

/// Enters the fleet as a new incarnation, in all shards that can be joined now.
async fn join(
    engine: &Engine,
    terms: LeaseTerms,
) -> Result<((Seats, CancellationToken), Incarnation), SessionError> {
    let (seats, windows) = open_windows(engine).await?;
    let name = engine.config.name();
    let registered = engine.db.register_worker(
        &name,
        engine.config.slots,
        &engine.config.pool,
        engine.config.metrics_address,
    );
    let worker = tokio::time::timeout(REGISTERS, registered).await.unwrap_or(Err(DbError::TimedOut))?;
    let (mut joined, mut refused) = (0, None);
    let abort = CancellationToken::new();
    for (seat, window) in seats.iter().zip(windows) {
        let Some(window) = window else { continue };
        match window.join(worker, terms).await {
            Ok(()) => {
                joined += 1;
                seat.take(Life::new(window, &abort));
            }
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) if joined == 0 => Err(error.into()),
        _ => Ok(((Seats::new(seats), abort), worker)),
    }
}

/// Waits until the scheduler has opened the window of some shard, in our protocol, in the Redis that we are connected
/// to. Those that are not open yet are joined later.
async fn open_windows(engine: &Engine) -> Result<(Vec<Seat>, Vec<Option<Window>>), SessionError> {
    let (mut told, mut skew_told) = (false, None::<Instant>);
    loop {
        let layout = engine.db.layout(Queue::Crawl).await?;
        let attached = attach_all(engine, &layout).await?;
        let seats =
            || layout.shards.iter().map(|placed| Seat::new(engine.shards.at(Queue::Crawl, &placed.place)));
        let foreign = attached.iter().find_map(|attached| match attached {
            Some(Attached::Foreign { protocol }) => Some(*protocol),
            _ => None,
        });
        let windows: Vec<_> = attached
            .into_iter()
            .map(|attached| match attached {
                Some(Attached::Open(window)) => Some(window),
                _ => None,
            })
            .collect();
        if windows.iter().any(Option::is_some) {
            return Ok((seats().collect(), windows));
        }
        match foreign {
            Some(protocol) if skew_told.is_none_or(|told| told.elapsed() >= SKEW_TOLD) => {
                tracing::warn!(
                    window_protocol = protocol,
                    own_protocol = PROTOCOL,
                    own_version = env!("CARGO_PKG_VERSION"),
                    "version skew: the dispatch window speaks another protocol, so nothing is claimed; run \
                     schedulers and workers of one version"
                );
                skew_told = Some(Instant::now());
            }
            None if !told => {
                tracing::info!("waiting for a scheduler to open the dispatch window");
                told = true;
            }
            _ => {}
        }
        tokio::time::sleep(WINDOW_PERIOD).await;
    }
}

/// How the shards are found; none for one that does not answer while another does.
async fn attach_all(engine: &Engine, layout: &Layout) -> Result<Vec<Option<Attached>>, WindowError> {
    let mut asked = JoinSet::new();
    for placed in layout.shards.clone() {
        let dispatch = engine.shards.at(Queue::Crawl, &placed.place);
        asked.spawn(async move { (placed.place.index, dispatch.attach(&placed.shard).await) });
    }
    let mut found: Vec<_> = layout.shards.iter().map(|_| None).collect();
    let mut failed = None;
    while let Some(asked) = asked.join_next().await {
        match asked {
            Ok((shard, Ok(attached))) => found[shard as usize] = Some(attached),
            Ok((_, Err(error))) => failed = Some(error),
            Err(_) => {}
        }
    }
    match failed {
        Some(error) if found.iter().all(Option::is_none) => Err(error),
        _ => Ok(found),
    }
}

impl Session {
    /// Lets pages in work come to their end, for as long as a stop may take; then gives them up. False when some
    /// keep their threads all the same.
    async fn drain(&self) -> bool {
        self.pages.close();
        let grace = Duration::from_secs(self.engine.config.drain_seconds);
        tokio::select! {
            () = self.pages.wait() => {}
            () = self.abort.cancelled() => {}
            () = tokio::time::sleep(grace) => tracing::info!("time to drain is over, handing pages back"),
        }
        self.abort.cancel();
        let all_ended = tokio::time::timeout(GIVE_UP, self.pages.wait()).await.is_ok();
        if !all_ended {
            tracing::error!(pages = self.pages.len(), "pages that keep their threads are left behind");
        }
        all_ended
    }

    /// Hands back what is left.
    async fn hand_back_rest(&self) {
        let mut left: Vec<Vec<Nack>> = self.seats.all().iter().map(|_| Vec::new()).collect();
        for (task, fence, shard) in self.hand.empty() {
            left[shard].push(Nack { task, fence, requeue: Requeue::SameRank, pause: Duration::ZERO });
        }
        let handed_back: usize = left.iter().map(Vec::len).sum();
        for (seat, mut left) in self.seats.all().iter().zip(left) {
            let Some(life) = seat.life() else { continue };
            left.retain(|nack| nack.fence.generation == life.window.generation());
            self.store.hand_back(&life, &left).await;
        }
        tracing::info!(incarnation = self.worker.0, handed_back, "handed back what was left");
    }

    /// Says goodbye to both stores; one that does not answer learns it from the silence.
    async fn leave(&self) {
        for life in self.seats.lives() {
            if let Err(error) = life.window.leave(self.worker).await {
                tracing::debug!(error = chain(&error), "goodbye not said to the window");
            }
        }
        let report = self.engine.db.report_worker(self.worker, "stopped", 0, None);
        match tokio::time::timeout(GOODBYE, report).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = chain(&error), "goodbye not said to Postgres"),
            Err(_) => tracing::debug!("goodbye to Postgres not answered"),
        }
        tracing::info!(incarnation = self.worker.0, "left the fleet");
    }
}

//! One life of the worker in the fleet: an incarnation, its heartbeat, its claims, its end.
//!
//! A session ends when the process is to stop (it drains) or when its leases are lost (it gives up everything
//! in hand at once; the fence in Postgres refuses what comes too late).

mod claim;
mod heartbeat;
mod wake;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_core::ids::Incarnation;
use rad_schema::db::DbError;
use rad_schema::window::{Attached, LeaseTerms, Nack, PROTOCOL, Requeue, Window, WindowError};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
    window: Window,
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
    let (window, worker) = tokio::select! {
        // Also while a store does not answer: nothing is in hand yet.
        () = shutdown.cancelled() => return Ok(()),
        joined = join(engine, terms) => joined?,
    };
    tracing::info!(incarnation = worker.0, generation = window.generation(), "joined the fleet");
    let (kick, hand) = (Arc::new(Notify::new()), Arc::new(Hand::default()));
    let lost = CancellationToken::new();
    let store = Arc::new(Store {
        engine: Arc::clone(engine),
        window: window.clone(),
        hand: Arc::clone(&hand),
        lost: lost.clone(),
        kick: Arc::clone(&kick),
    });
    let session = Arc::new(Session {
        engine: Arc::clone(engine),
        window,
        worker,
        terms,
        slots: Arc::new(Semaphore::new(engine.config.slots)),
        hand,
        store: Arc::clone(&store),
        pages: TaskTracker::new(),
        kick,
        abort: lost,
    });
    let (sender, receiver) = mpsc::channel(engine.config.slots);
    let stores = tokio::spawn(store.run(receiver));
    let heart = tokio::spawn(heartbeat::beat(Arc::clone(&session), shutdown.clone()));
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
    heart.abort();
    let _ = heart.await;
    session.leave().await;
    Ok(())
}

/// Enters the fleet as a new incarnation.
async fn join(engine: &Engine, terms: LeaseTerms) -> Result<(Window, Incarnation), SessionError> {
    let window = open_window(engine).await?;
    let name = engine.config.name();
    let registered = engine.db.register_worker(
        &name,
        engine.config.slots,
        &engine.config.pool,
        engine.config.metrics_address,
    );
    let worker = tokio::time::timeout(REGISTERS, registered).await.unwrap_or(Err(DbError::TimedOut))?;
    window.join(worker, terms).await?;
    Ok((window, worker))
}

/// Waits until the scheduler has opened a window that speaks our protocol in the Redis that we are connected to.
async fn open_window(engine: &Engine) -> Result<Window, SessionError> {
    let (mut told, mut skew_told) = (false, None::<Instant>);
    loop {
        let attached = match engine.db.shard().await? {
            Some(shard) => engine.dispatch.attach(&shard).await?,
            None => Attached::Closed,
        };
        match attached {
            Attached::Open(window) => return Ok(window),
            Attached::Foreign { protocol } if skew_told.is_none_or(|told| told.elapsed() >= SKEW_TOLD) => {
                tracing::warn!(
                    window_protocol = protocol,
                    own_protocol = PROTOCOL,
                    own_version = env!("CARGO_PKG_VERSION"),
                    "version skew: the dispatch window speaks another protocol, so nothing is claimed; run \
                     schedulers and workers of one version"
                );
                skew_told = Some(Instant::now());
            }
            Attached::Closed if !told => {
                tracing::info!("waiting for a scheduler to open the dispatch window");
                told = true;
            }
            Attached::Foreign { .. } | Attached::Closed => {}
        }
        tokio::time::sleep(WINDOW_PERIOD).await;
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
        let left: Vec<_> = self
            .hand
            .empty()
            .into_iter()
            .map(|(task, fence)| Nack { task, fence, requeue: Requeue::SameRank, pause: Duration::ZERO })
            .collect();
        let handed_back = left.len();
        self.store.hand_back(&left).await;
        tracing::info!(incarnation = self.worker.0, handed_back, "handed back what was left");
    }

    /// Says goodbye to both stores; one that does not answer learns it from the silence.
    async fn leave(&self) {
        if let Err(error) = self.window.leave(self.worker).await {
            tracing::debug!(error = chain(&error), "goodbye not said to the window");
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

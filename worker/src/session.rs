//! One life of the worker in the fleet: an incarnation, its heartbeat, its claims, its end.
//!
//! A session ends when the process is to stop (it drains) or when its leases are lost (it gives up everything
//! in hand at once; the fence in Postgres refuses what comes too late).

mod claim;
mod heartbeat;
mod wake;

use std::sync::Arc;
use std::time::Duration;

use rad_core::errors::chain;
use rad_core::ids::Incarnation;
use rad_schema::db::DbError;
use rad_schema::window::{LeaseTerms, Nack, Requeue, Window, WindowError};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::hand::Hand;
use crate::store::Store;

/// Longest wait for commits at the end of a session.
const LAST_COMMITS: Duration = Duration::from_secs(20);
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
    let Some(window) = open_window(engine, shutdown).await? else { return Ok(()) };
    let terms = engine.config.lease();
    let worker = engine.db.register_worker(&engine.config.name(), engine.config.slots).await?;
    window.join(worker, terms).await?;
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
    session.drain().await;
    // All senders are gone with the pages: the store ends after its last commit, unless Postgres never answers.
    match tokio::time::timeout(LAST_COMMITS, stores).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::error!("the store's task panicked"),
        Err(_) => tracing::error!("the last commits were not answered, their leases go back"),
    }
    session.leave().await;
    heart.abort();
    Ok(())
}

/// Waits until the scheduler has opened a window in the Redis that we are connected to.
async fn open_window(engine: &Engine, shutdown: &CancellationToken) -> Result<Option<Window>, SessionError> {
    let mut told = false;
    loop {
        if let Some(shard) = engine.db.shard().await?
            && engine.dispatch.opened_for().await? == Some((shard.generation, shard.run_id.clone()))
            && engine.dispatch.run_id().await? == shard.run_id
        {
            return Ok(Some(engine.dispatch.window(shard.generation)));
        }
        if !told {
            tracing::info!("waiting for a scheduler to open the dispatch window");
            told = true;
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(None),
            () = tokio::time::sleep(WINDOW_PERIOD) => {}
        }
    }
}

impl Session {
    /// Lets pages in work come to their end, for as long as a stop may take; then gives them up.
    async fn drain(&self) {
        self.pages.close();
        let grace = Duration::from_secs(self.engine.config.drain_seconds);
        tokio::select! {
            () = self.pages.wait() => {}
            () = self.abort.cancelled() => {}
            () = tokio::time::sleep(grace) => tracing::info!("time to drain is over, handing pages back"),
        }
        self.abort.cancel();
        self.pages.wait().await;
    }

    /// Hands back what is left and says goodbye.
    async fn leave(&self) {
        let left: Vec<_> = self
            .hand
            .empty()
            .into_iter()
            .map(|(task, fence)| Nack { task, fence, requeue: Requeue::SameRank, pause: Duration::ZERO })
            .collect();
        let handed_back = left.len();
        self.store.hand_back(&left).await;
        if let Err(error) = self.window.leave(self.worker).await {
            tracing::debug!(error = chain(&error), "goodbye not said to the window");
        }
        if let Err(error) = self.engine.db.report_worker(self.worker, "stopped", 0, None).await {
            tracing::debug!(error = chain(&error), "goodbye not said to Postgres");
        }
        tracing::info!(incarnation = self.worker.0, handed_back, "left the fleet");
    }
}

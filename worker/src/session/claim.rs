//! Claims batches for free slots, takes them into hand in the ledger, and sends each page on its way.

mod rounds;
mod setback;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rad_core::errors::chain;
use rad_core::ids::{Fence, Hash128, TaskId};
use rad_schema::commit::Outcome;
use rad_schema::db::DbError;
use rad_schema::ledger::Hydrated;
use rad_schema::window::{Claimed, LockOutcome, Nack, Requeue, WindowError};
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::rounds::{Rounds, Then};
use super::seat::Life;
use super::{Session, wake};
use crate::engine::ends;
use crate::engine::meters::{self, Slot, Trail};
use crate::engine::stages::counted_turns;
use crate::page;
use crate::store::Finished;

/// More in one call block Redis for a millisecond.
const CLAIM_AT_MOST: usize = 32;
/// After a batch that Postgres did not give.
const HYDRATE_PAUSE: Duration = Duration::from_millis(500);
/// When another crawl of the tenant fetches the same URL: about as long as a fetch.
const LOCKED_PAUSE: Duration = Duration::from_millis(500);

/// Claims until `shutdown` or until the leases are lost.
pub(super) async fn work(
    session: &Arc<Session>,
    finished: mpsc::Sender<Finished>,
    shutdown: &CancellationToken,
) {
    let stop = session.abort.child_token();
    let shards = session.seats.all().len();
    let idle: Vec<_> = (0..shards).map(|_| Arc::new(Notify::new())).collect();
    let mut listeners = JoinSet::new();
    for (shard, idle) in idle.iter().enumerate() {
        listeners.spawn(wake::listen(Arc::clone(session), shard, Arc::clone(idle), stop.clone()));
    }
    let mut rounds = Rounds::new(shards);
    loop {
        let slots = tokio::select! {
            // In this order: with free slots there would be another claim after the signal to stop.
            biased;
            () = shutdown.cancelled() => break,
            () = session.abort.cancelled() => break,
            slots = free_slots(session) => slots,
        };
        let then = tokio::select! {
            biased;
            () = session.abort.cancelled() => break,
            then = rounds.go(session, slots, &finished, shutdown) => then,
        };
        let pause = match then {
            Then::More => continue,
            Then::Alone(pause) => {
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = session.abort.cancelled() => break,
                    () = empty_hand(session, pause) => continue,
                }
            }
            Then::Wait(pause) => pause,
        };
        for idle in &idle {
            idle.notify_one();
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = session.abort.cancelled() => break,
            () = session.kick.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    if shutdown.is_cancelled() {
        meters::draining();
    }
    stop.cancel();
    while let Some(ended) = listeners.join_next().await {
        if ended.is_err() {
            tracing::error!("a wake-up task panicked");
        }
    }
}

/// Waits until all pages have ended and `pause` has passed: what comes next may kill its worker, or is in hand, and
/// nothing else may suffer from it. A signal for work that is read meanwhile goes to another worker, as no slot is free.
async fn empty_hand(session: &Session, pause: Duration) {
    let all = u32::try_from(session.engine.config.slots).expect("at most 4096 slots");
    let _all = session.slots.acquire_many(all).await.expect("the semaphore is never closed");
    tokio::time::sleep(pause).await;
}

/// At least one free slot, and as many more as are free, up to a claim's size.
async fn free_slots(session: &Session) -> Vec<OwnedSemaphorePermit> {
    let first = Arc::clone(&session.slots).acquire_owned().await.expect("the semaphore is never closed");
    let mut slots = vec![first];
    while slots.len() < CLAIM_AT_MOST
        && let Ok(slot) = Arc::clone(&session.slots).try_acquire_owned()
    {
        slots.push(slot);
    }
    slots
}

/// Hydrates and locks a batch and starts its pages; what is not ours to fetch goes back at once.
async fn begin(
    session: &Arc<Session>,
    life: &Arc<Life>,
    claimed: &[Claimed],
    slots: Vec<OwnedSemaphorePermit>,
    finished: &mpsc::Sender<Finished>,
) {
    for task in claimed {
        session.hand.take(task.task, task.fence, life.shard());
    }
    let hydrate = session.engine.db.hydrate(claimed, life.window.generation());
    // A connection whose other end vanished would keep the batch until its leases end.
    let hydrated = match timeout(session.terms.ttl, hydrate).await.unwrap_or(Err(DbError::TimedOut)) {
        Ok(hydrated) => hydrated,
        Err(error) => {
            tracing::warn!(error = chain(&error), "batch not hydrated, handed back");
            hand_back(session, life, claimed.iter().map(|task| (task.task, task.fence)), Requeue::SameRank)
                .await;
            return tokio::time::sleep(HYDRATE_PAUSE).await;
        }
    };
    session.engine.crash.pass("hydrated");
    let claims: HashMap<_, _> = claimed.iter().map(|task| (task.task, *task)).collect();
    let known: HashSet<_> = hydrated.iter().map(|task| task.task).collect();
    // Finished, cancelled, paused, or claimed later by another: the ledger knows.
    let dropped = claimed.iter().filter(|task| !known.contains(&task.task));
    hand_back(session, life, dropped.map(|task| (task.task, task.fence)), Requeue::Ledger).await;
    for task in &hydrated {
        meters::waited(task, claims[&task.task].rank);
    }
    let ours = lock(session, life, hydrated, &claims).await;
    session.engine.crash.pass("locked");
    let busy = meters::busy_slots(&session.engine.config);
    for (task, slot) in ours.into_iter().zip(slots) {
        session.hand.belongs_to(task.task, task.job);
        let fence = claims[&task.task].fence;
        let tasks = Arc::new([task.task]);
        let (span, slot) = (meters::span(&task), Slot::new(slot, busy.clone()));
        let page = run_page(Arc::clone(session), Arc::clone(life), task, fence, slot, finished.clone())
            .instrument(span);
        session.pages.spawn(Arc::clone(&session.engine.threads).watched("a page", tasks, page));
    }
}

/// Takes the URL locks; what another crawl is fetching now waits a moment.
async fn lock(
    session: &Session,
    life: &Life,
    hydrated: Vec<Hydrated>,
    claims: &HashMap<TaskId, Claimed>,
) -> Vec<Hydrated> {
    let wanted: Vec<_> = hydrated
        .iter()
        .map(|task| (task.task, claims[&task.task].fence, Hash128::of(task.url.as_bytes())))
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let outcomes = match life.window.lock(&wanted, session.terms).await {
        Ok(outcomes) => outcomes,
        Err(WindowError::Stale | WindowError::Gone) => {
            life.lose();
            return Vec::new();
        }
        Err(error) => {
            // Locks save double fetches; the fence keeps effects single. Work goes on without them.
            tracing::warn!(error = chain(&error), "URL locks not taken");
            return hydrated;
        }
    };
    let mut ours = Vec::with_capacity(hydrated.len());
    for ((task, outcome), (id, fence, _)) in hydrated.into_iter().zip(outcomes).zip(wanted) {
        match outcome {
            LockOutcome::Taken => ours.push(task),
            LockOutcome::Lost => session.hand.drop_lease(id, fence),
            LockOutcome::Held => {
                meters::url_locked();
                let pause = i64::try_from(LOCKED_PAUSE.as_micros()).unwrap_or(i64::MAX);
                let later = Requeue::At(task.hydrated_us.saturating_add(pause));
                hand_back(session, life, std::iter::once((id, fence)), later).await;
            }
        }
    }
    ours
}

async fn hand_back(
    session: &Session,
    life: &Life,
    tasks: impl Iterator<Item = (TaskId, Fence)>,
    requeue: Requeue,
) {
    let items: Vec<_> =
        tasks.map(|(task, fence)| Nack { task, fence, requeue, pause: Duration::ZERO }).collect();
    session.store.hand_back(life, &items).await;
}

/// One page, from its fetch to the store's queue. An abort drops it where it stands.
async fn run_page(
    session: Arc<Session>,
    life: Arc<Life>,
    task: Hydrated,
    fence: Fence,
    slot: Slot,
    finished: mpsc::Sender<Finished>,
) {
    let trail = Trail::of(&task);
    let processed = tokio::select! {
        () = life.lost.cancelled() => return,
        processed = counted_turns("fetch", page::process(&session.engine, &task)) => processed,
    };
    match processed {
        Ok(page) => {
            let outcome = Outcome {
                task: task.task,
                job: task.job,
                fence,
                hydrated_us: task.hydrated_us,
                end: page.end,
                links: page.links,
                settled: page.settled,
                excluded: page.excluded,
            };
            let item = Finished {
                tenant: task.tenant,
                host: task.host,
                outcome,
                pause: page.pause,
                terms: page.terms,
                slot,
                life,
                trail: Trail { failure: page.failure, format: page.format, ..trail },
            };
            if finished.send(item).await.is_err() {
                // The store outlives all pages, so it has panicked: nothing can be finished any more.
                session.abort.cancel();
            }
        }
        Err(error) => {
            tracing::warn!(error = chain(&error), "page handed back");
            ends::went_back(1);
            hand_back(&session, &life, std::iter::once((task.task, fence)), Requeue::SameRank).await;
        }
    }
}

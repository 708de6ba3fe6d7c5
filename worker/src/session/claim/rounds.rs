//! One claim after the other over the shards: each round begins where the last one ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rad_schema::window::{Batch, Claimed, Requeue, WindowError};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::seat::Life;
use super::super::{Session, wake};
use super::setback::Setback;
use super::{begin, hand_back};
use crate::engine::meters;
use crate::engine::stages::counted_turns;
use crate::store::Finished;

/// Longest wait for an answer while there are other shards: a server that hangs must not keep them waiting. The same
/// request is made again when it has answered a heartbeat.
const CLAIM: Duration = Duration::from_secs(1);
/// Longest wait with a suspect in hand for pages of other shards; the windows keep one as long.
const ALONE: Duration = Duration::from_secs(30);

/// What to do after a round.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// Claim again: there may be more.
    More,
    /// Claim again when the hand is empty and this has passed.
    Alone(Duration),
    /// Claim again when there is a sign of work, or this has passed.
    Wait(Duration),
}

/// Where the claims are.
pub(super) struct Rounds {
    next: usize,
    /// Per shard, the number of the next request. One that was not answered is repeated, and gives the same batch.
    requests: Vec<u64>,
    setbacks: Vec<Setback>,
    /// Until when a shard is left alone after a failure.
    rests: Vec<Option<Instant>>,
}

/// A round so far.
struct Round {
    taken: usize,
    pause: Duration,
}

impl Rounds {
    pub(super) fn new(shards: usize) -> Self {
        let setbacks = (0..shards).map(|_| Setback::default()).collect();
        Self { next: 0, requests: vec![0; shards], setbacks, rests: vec![None; shards] }
    }

    /// Asks shard after shard until the slots are filled or all have been asked.
    pub(super) async fn go(
        &mut self,
        session: &Arc<Session>,
        mut slots: Vec<OwnedSemaphorePermit>,
        finished: &mpsc::Sender<Finished>,
        shutdown: &CancellationToken,
    ) -> Then {
        let (shards, first) = (self.requests.len(), self.next);
        self.next = (first + 1) % shards;
        let mut round = Round { taken: 0, pause: wake::LONGEST_WAIT };
        for shard in (0..shards).map(|step| (first + step) % shards) {
            if slots.is_empty() || shutdown.is_cancelled() {
                break;
            }
            let Some(life) = session.seats.all()[shard].fit_life() else { continue };
            let rest = self.rests[shard].map(|until| until.saturating_duration_since(Instant::now()));
            if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
                round.pause = round.pause.min(rest);
                continue;
            }
            let Some(batch) = self.claim(session, &life, slots.len(), &mut round).await else { continue };
            let pause = batch.next_due.unwrap_or(wake::LONGEST_WAIT).min(wake::LONGEST_WAIT);
            round.pause = round.pause.min(pause);
            round.taken += batch.tasks.len();
            if batch.alone {
                // The next claim is of this shard, which keeps the suspect or waits for its end.
                self.next = shard;
                if batch.tasks.is_empty() {
                    drop(slots);
                } else {
                    suspect(session, &life, &batch.tasks, slots, finished, shutdown).await;
                }
                return Then::Alone(pause);
            }
            take(session, &life, &batch.tasks, &mut slots, finished).await;
        }
        if round.taken > 0 { Then::More } else { Then::Wait(round.pause) }
    }

    /// One claim; none when it has failed.
    async fn claim(
        &mut self,
        session: &Session,
        life: &Life,
        most: usize,
        round: &mut Round,
    ) -> Option<Batch> {
        let (shard, asked) = (life.shard(), Instant::now());
        let claim = life.window.claim(session.worker, self.requests[shard], most, session.terms);
        let call = counted_turns("dispatch", claim);
        let answer = if self.requests.len() > 1 {
            let hangs = || WindowError::Answer { script: "claim", answer: "nothing in time".to_owned() };
            timeout(CLAIM, call).await.unwrap_or_else(|_| Err(hangs()))
        } else {
            call.await
        };
        match answer {
            Ok(batch) => {
                meters::claimed(batch.tasks.len(), asked.elapsed());
                self.setbacks[shard].over();
                self.requests[shard] += 1;
                Some(batch)
            }
            Err(WindowError::Stale | WindowError::Gone) => {
                life.lose();
                None
            }
            Err(error) => {
                // The answer may have been lost after the effect: the same request asks for the same batch.
                let pause = self.setbacks[shard].failed(&error);
                self.rests[shard] = Some(Instant::now() + pause);
                session.seats.all()[shard].doubt();
                round.pause = round.pause.min(pause);
                None
            }
        }
    }
}

/// Begins a batch. The answer to a repeated request may be larger than what is free by now: the rest goes back.
async fn take(
    session: &Arc<Session>,
    life: &Arc<Life>,
    tasks: &[Claimed],
    slots: &mut Vec<OwnedSemaphorePermit>,
    finished: &mpsc::Sender<Finished>,
) {
    if tasks.is_empty() {
        return;
    }
    session.engine.crash.pass("claimed");
    let (ours, beyond) = tasks.split_at(tasks.len().min(slots.len()));
    if !beyond.is_empty() {
        let beyond = beyond.iter().map(|task| (task.task, task.fence));
        hand_back(session, life, beyond, Requeue::SameRank).await;
    }
    let slots = slots.split_off(slots.len() - ours.len());
    counted_turns("dispatch", begin(session, life, ours, slots, finished)).await;
}

/// Begins a task that may kill its worker when nothing else is in hand. Its own shard has seen to that; pages of other
/// shards are waited for.
async fn suspect(
    session: &Arc<Session>,
    life: &Arc<Life>,
    tasks: &[Claimed],
    mut slots: Vec<OwnedSemaphorePermit>,
    finished: &mpsc::Sender<Finished>,
    shutdown: &CancellationToken,
) {
    let others = u32::try_from(session.engine.config.slots - slots.len()).expect("at most 4096 slots");
    let emptied = tokio::select! {
        () = shutdown.cancelled() => None,
        () = life.lost.cancelled() => return,
        () = tokio::time::sleep(ALONE) => None,
        all = session.slots.acquire_many(others) => all.ok(),
    };
    if emptied.is_some() {
        return take(session, life, tasks, &mut slots, finished).await;
    }
    let tasks = tasks.iter().map(|task| (task.task, task.fence));
    hand_back(session, life, tasks, Requeue::SameRank).await;
}

//! The processes of the fleet: each call of a worker is a step, and between any two of them it may die, be taken for
//! dead, or lose an answer.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::{Fence, Hash128, Incarnation, TaskId};
use rad_schema::commit::{Applied, Committed};
use rad_schema::ledger::Hydrated;
use rad_schema::window::{Claimed, LeaseTerms, LockOutcome, Nack, Requeue, Window, WindowError};

use super::glass::Life;
use super::leader::answered;
use super::sabotage::Sabotage;
use super::world::{History, Mood};
use crate::Done;

/// Far longer than any history. What is to run out does so by a call with none of it.
const TERMS: LeaseTerms = LeaseTerms { ttl: Duration::from_mins(30), hard_deadline: Duration::from_mins(30) };

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Claimed,
    Hydrated(Hydrated),
    Locked(Hydrated),
    Committed(Applied),
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) claim: Claimed,
    pub(super) phase: Phase,
}

/// One life of a worker process, and the window that it joined.
pub(crate) struct Worker {
    pub(super) incarnation: Incarnation,
    pub(super) window: Window,
    request: u64,
    pub(super) hand: Vec<Held>,
    /// What a claim gave whose answer was lost.
    unanswered: Option<Vec<Claimed>>,
    /// Turns that it lets go by.
    asleep: u32,
    /// URLs that its commits have added, to be pushed.
    pub(super) new: Vec<rad_schema::window::NewTask>,
}

impl History {
    /// Brings a new worker in, if the window that Postgres names is open.
    pub(super) async fn hire(&mut self) -> Done {
        if !self.glass.is(self.ledger.generation) {
            return Ok(());
        }
        let incarnation = self.stores.store.db.register_worker("crawler-1", 8, "default", None).await?;
        let window = self.stores.dispatch.window(self.ledger.generation);
        window.join(incarnation, TERMS).await?;
        self.glass.lives.insert(incarnation, Life::Alive);
        self.tally.add("workers");
        self.workers.push(Worker {
            incarnation,
            window,
            request: 0,
            hand: Vec::new(),
            unanswered: None,
            asleep: 0,
            new: Vec::new(),
        });
        Ok(())
    }

    pub(super) async fn work(&mut self) -> Done {
        if self.workers.is_empty() {
            return self.hire().await;
        }
        let at = self.dice.one_of(self.workers.len());
        let worker = &mut self.workers[at];
        if worker.asleep > 0 {
            worker.asleep -= 1;
            return Ok(());
        }
        let busy = !worker.hand.is_empty();
        if self.mood == Mood::Deadly && busy && self.chance(3) {
            self.die(at);
            return self.expire_ghost().await;
        }
        if self.mood == Mood::Sleepy && busy && self.chance(6) {
            self.workers[at].asleep = 8;
            self.miss_heartbeat(at).await?;
            return self.reap_all().await;
        }
        match self.dice.roll(40) {
            0 => {
                self.die(at);
                Ok(())
            }
            1 => self.miss_heartbeat(at).await,
            2 => self.renew(at).await,
            3 if self.chance(2) => self.leave(at).await,
            4 => self.hand_back_some(at).await,
            5..8 if self.workers.len() < 4 => self.hire().await,
            8 | 9 => self.expire_ghost().await,
            10..15 => {
                let most = 1 + self.dice.one_of(4);
                self.claim(at, most).await
            }
            _ => self.go_on(at).await,
        }
    }

    /// The next call for what is in hand.
    pub(super) async fn go_on(&mut self, at: usize) -> Done {
        let hand = &self.workers[at].hand;
        if hand.is_empty() && self.workers[at].new.is_empty() {
            let most = 1 + self.dice.one_of(4);
            return self.claim(at, most).await;
        }
        let Some(chosen) = (!hand.is_empty()).then(|| hand[self.dice.one_of(hand.len())].phase.clone())
        else {
            return self.complete(at).await;
        };
        match chosen {
            Phase::Claimed => self.hydrate(at).await,
            Phase::Hydrated(_) => self.lock(at).await,
            Phase::Locked(_) => self.commit(at).await,
            Phase::Committed(_) => self.complete(at).await,
        }
    }

    /// The process is gone between two of its calls. Its heartbeat runs out later.
    fn die(&mut self, at: usize) {
        self.tally.add("crashes");
        let worker = self.workers.swap_remove(at);
        self.tally.add(crash_window(&worker));
        self.ghosts.push((worker.incarnation, worker.window));
    }

    pub(super) async fn expire_ghost(&mut self) -> Done {
        let Some((incarnation, window)) = self.ghosts.pop() else { return Ok(()) };
        self.expire(incarnation, &window).await
    }

    /// Time passes for one incarnation: its heartbeat is over.
    async fn expire(&mut self, incarnation: Incarnation, window: &Window) -> Done {
        let current = self.glass.is(window.generation());
        let terms = LeaseTerms { ttl: Duration::ZERO, ..TERMS };
        match window.renew(incarnation, terms).await {
            Err(WindowError::Gone) => ensure!(!self.glass.lives(incarnation), "a living worker is GONE"),
            renewed => {
                if answered(renewed, current)?.is_some() {
                    self.glass.lives.insert(incarnation, Life::Missed);
                }
            }
        }
        Ok(())
    }

    /// It is paused or cut off, and goes on as if nothing had happened.
    async fn miss_heartbeat(&mut self, at: usize) -> Done {
        self.tally.add("missed heartbeats");
        let (incarnation, window) = (self.workers[at].incarnation, self.workers[at].window.clone());
        self.expire(incarnation, &window).await
    }

    async fn renew(&mut self, at: usize) -> Done {
        let worker = &self.workers[at];
        let (incarnation, current) = (worker.incarnation, self.glass.is(worker.window.generation()));
        match worker.window.renew(incarnation, TERMS).await {
            Ok(()) => {
                ensure!(current && self.glass.lives(incarnation), "the dead live");
                return Ok(());
            }
            Err(WindowError::Stale) => ensure!(!current, "the present generation is called stale"),
            Err(WindowError::Gone) => ensure!(!self.glass.lives(incarnation), "a living worker is GONE"),
            Err(error) => return Err(error.into()),
        }
        self.lost(at).await
    }

    /// It has learnt that its leases are lost. Some take their time to act on it.
    pub(super) async fn lost(&mut self, at: usize) -> Done {
        if self.chance(2) {
            self.tally.add("stale actors that go on");
            return Ok(());
        }
        self.leave(at).await
    }

    /// Hands everything back and says goodbye; or says it with leases in hand.
    pub(super) async fn leave(&mut self, at: usize) -> Done {
        if self.chance(2) {
            let all = self.workers[at].hand.iter().map(|held| held.claim).collect::<Vec<_>>();
            self.hand_back(at, &all, Requeue::SameRank).await?;
        }
        let worker = self.workers.swap_remove(at);
        let current = self.glass.is(worker.window.generation());
        let left = answered(worker.window.leave(worker.incarnation).await, current)?;
        if left.is_some() && self.glass.lives.contains_key(&worker.incarnation) {
            let holds = self.glass.leases.values().any(|lease| lease.worker == worker.incarnation);
            if holds {
                self.glass.lives.insert(worker.incarnation, Life::Left);
            } else {
                self.glass.lives.remove(&worker.incarnation);
            }
        }
        Ok(())
    }

    pub(super) async fn claim(&mut self, at: usize, most: usize) -> Done {
        // Some leases reach their hard deadline at once. Not while there are suspects: one that is kept for a worker
        // until its own deadline waits half a minute then.
        let over = self.loses(12) && !self.ledger.has_suspects();
        let terms =
            LeaseTerms { hard_deadline: if over { Duration::ZERO } else { TERMS.hard_deadline }, ..TERMS };
        let worker = &self.workers[at];
        let (incarnation, request) = (worker.incarnation, worker.request);
        let current = self.glass.is(worker.window.generation());
        let asked = Instant::now();
        let batch = match worker.window.claim(incarnation, request, most, terms).await {
            Err(WindowError::Gone) => {
                ensure!(current && !self.glass.lives(incarnation), "a living worker is GONE");
                return self.lost(at).await;
            }
            claimed => answered(claimed, current)?,
        };
        let Some(batch) = batch else {
            self.tally.add("stale calls: claim");
            return self.lost(at).await;
        };
        ensure!(self.glass.lives(incarnation), "the dead claim {batch:?}");
        if let Some(before) = self.workers[at].unanswered.take() {
            ensure!(before == batch.tasks, "claimed again: {:?}, not {before:?}", batch.tasks);
        } else {
            ensure!(batch.tasks.len() <= most, "{batch:?}");
            self.glass.claimed(incarnation, &batch, over, (asked, Instant::now()))?;
            self.tally.add_many("claimed", batch.tasks.len());
            if self.loses(10) {
                self.tally.add("answers lost: claim");
                self.workers[at].unanswered = Some(batch.tasks);
                return Ok(());
            }
        }
        let worker = &mut self.workers[at];
        worker.request += 1;
        // A task that it has in hand under an older fence: what is being fetched goes on, what is not does not begin.
        let again = |held: &Held| batch.tasks.iter().any(|claim| claim.task == held.claim.task);
        worker
            .hand
            .retain(|held| matches!(held.phase, Phase::Locked(_) | Phase::Committed(_)) || !again(held));
        worker.hand.extend(batch.tasks.into_iter().map(|claim| Held { claim, phase: Phase::Claimed }));
        Ok(())
    }

    async fn hydrate(&mut self, at: usize) -> Done {
        let worker = &self.workers[at];
        let claims: Vec<_> = of_phase(worker, |phase| matches!(phase, Phase::Claimed));
        let generation = worker.window.generation();
        let asked =
            if self.is_sabotaged(Sabotage::StaleHydrate) { self.ledger.generation } else { generation };
        self.dirty = true;
        let hydrated = self.stores.store.db.hydrate(&claims, asked).await?;
        let expected: Vec<_> =
            claims.iter().filter(|claim| self.ledger.hydrate(claim.task, claim.fence)).copied().collect();
        let mut tasks: Vec<_> = hydrated.iter().map(|task| task.task).collect();
        tasks.sort_unstable();
        let mut right: Vec<_> = expected.iter().map(|claim| claim.task).collect();
        right.sort_unstable();
        ensure!(tasks == right, "hydrated {tasks:?}, not {right:?}, under {generation}");
        self.tally.add_many("hydrated", tasks.len());
        self.tally.add_many("hydrates refused", claims.len() - tasks.len());
        if self.loses(12) {
            self.tally.add("answers lost: hydrate");
            return self.hand_back(at, &claims, Requeue::SameRank).await;
        }
        for task in hydrated {
            let row = self.ledger.row(task.task).expect("it was returned");
            ensure!(i16::try_from(task.attempts)? == row.attempts, "{task:?}, {row:?}");
            let claim = expected.iter().find(|claim| claim.task == task.task).expect("as expected");
            let held = self.workers[at].hand.iter_mut().find(|held| held.claim == *claim);
            held.expect("it was claimed").phase = Phase::Hydrated(task);
        }
        let dropped: Vec<_> = claims.into_iter().filter(|claim| !tasks.contains(&claim.task)).collect();
        self.hand_back(at, &dropped, Requeue::Ledger).await
    }

    async fn lock(&mut self, at: usize) -> Done {
        let worker = &self.workers[at];
        let mut wanted = Vec::new();
        for held in &worker.hand {
            if let Phase::Hydrated(task) = &held.phase {
                wanted.push((held.claim, task.clone()));
            }
        }
        let asked: Vec<(TaskId, Fence, Hash128)> = wanted
            .iter()
            .map(|(claim, task)| (claim.task, claim.fence, Hash128::of(task.url.as_bytes())))
            .collect();
        let (window, current) = (worker.window.clone(), self.glass.is(worker.window.generation()));
        let Some(outcomes) = answered(window.lock(&asked, TERMS).await, current)? else {
            self.tally.add("stale calls: lock");
            return self.lost(at).await;
        };
        let expected: Vec<_> = wanted.iter().map(|(claim, task)| self.locks(claim, &task.url)).collect();
        ensure!(outcomes == expected, "{outcomes:?}, not {expected:?} for {wanted:?}");
        if self.loses(8) {
            self.tally.add("answers lost: lock");
            ensure!(window.lock(&asked, TERMS).await? == expected, "locked twice");
        }
        for ((claim, task), outcome) in wanted.into_iter().zip(outcomes) {
            let hand = &mut self.workers[at].hand;
            let place = hand.iter().position(|held| held.claim == claim).expect("it is in hand");
            match outcome {
                LockOutcome::Taken => hand[place].phase = Phase::Locked(task),
                // Some go on all the same, as if Redis had not answered.
                LockOutcome::Lost if self.dice.roll(3) == 0 => hand[place].phase = Phase::Locked(task),
                LockOutcome::Lost => drop(hand.swap_remove(place)),
                LockOutcome::Held => {
                    self.tally.add("URLs locked by another");
                    self.hand_back(at, &[claim], Requeue::At(task.hydrated_us + 1_000)).await?;
                }
            }
        }
        Ok(())
    }

    /// Whose the lock is after the call.
    fn locks(&mut self, claim: &Claimed, url: &str) -> LockOutcome {
        if !self.glass.holds(claim.task, claim.fence) {
            return LockOutcome::Lost;
        }
        let mut others = self.glass.leases.iter().filter(|(task, _)| **task != claim.task);
        let of = |lease: &super::glass::Lease| {
            lease.tenant == claim.tenant && lease.locked.as_deref() == Some(url)
        };
        if others.any(|(_, lease)| of(lease)) {
            return LockOutcome::Held;
        }
        self.glass.leases.get_mut(&claim.task).expect("it holds").locked = Some(url.to_owned());
        LockOutcome::Taken
    }

    async fn hand_back_some(&mut self, at: usize) -> Done {
        let hand = &self.workers[at].hand;
        if hand.is_empty() {
            return Ok(());
        }
        let claim = hand[self.dice.one_of(hand.len())].claim;
        self.hand_back(at, &[claim], Requeue::SameRank).await
    }

    /// Hands leases back, and takes them out of the hand whatever the answer is.
    pub(super) async fn hand_back(&mut self, at: usize, claims: &[Claimed], requeue: Requeue) -> Done {
        if claims.is_empty() {
            return Ok(());
        }
        let pause = Duration::from_millis(self.dice.roll(3));
        let items: Vec<_> = claims
            .iter()
            .map(|claim| Nack { task: claim.task, fence: claim.fence, requeue, pause })
            .collect();
        self.workers[at].hand.retain(|held| !claims.contains(&held.claim));
        let window = self.workers[at].window.clone();
        let (asked, current) = (Instant::now(), self.glass.is(window.generation()));
        let Some(ours) = answered(window.nack(&items).await, current)? else {
            self.tally.add("stale calls: nack");
            return Ok(());
        };
        let rest = (!matches!(requeue, Requeue::Ledger)).then_some((asked, pause));
        let mut expected = 0;
        for claim in claims {
            let worker = self.glass.leases.get(&claim.task).map(|lease| lease.worker);
            let marked = self.glass.marked.contains(&claim.task);
            if worker.is_some_and(|worker| self.glass.lives(worker))
                && self.glass.release(claim.task, claim.fence, rest)
            {
                expected += 1;
                if marked && rest.is_some() {
                    self.glass.marked.insert(claim.task);
                }
            }
        }
        ensure!(ours == expected, "{ours} handed back, not {expected}");
        self.tally.add_many("handed back", usize::try_from(ours)?);
        if self.loses(10) {
            self.tally.add("answers lost: nack");
            ensure!(window.nack(&items).await? == 0, "handed back twice");
        }
        Ok(())
    }

    /// What a commit did with `claims`.
    pub(super) fn settle(&mut self, at: usize, claims: &[Claimed], committed: Committed) {
        let worker = &mut self.workers[at];
        worker.new.extend(committed.new_tasks);
        for (task, applied) in committed.applied {
            let claim = claims.iter().find(|claim| claim.task == task).expect("it was committed");
            let held = worker.hand.iter_mut().find(|held| held.claim == *claim);
            held.expect("it is in hand").phase = Phase::Committed(applied);
        }
    }
}

/// Between which of its calls a worker is.
fn crash_window(worker: &Worker) -> &'static str {
    if worker.unanswered.is_some() {
        return "crashes before a claim's answer";
    }
    match worker.hand.first().map(|held| &held.phase) {
        None => "crashes with an empty hand",
        Some(Phase::Claimed) => "crashes after claim",
        Some(Phase::Hydrated(_)) => "crashes after hydrate",
        Some(Phase::Locked(_)) => "crashes after lock",
        Some(Phase::Committed(_)) => "crashes after commit",
    }
}

fn of_phase(worker: &Worker, is: impl Fn(&Phase) -> bool) -> Vec<Claimed> {
    worker.hand.iter().filter(|held| is(&held.phase)).map(|held| held.claim).collect()
}

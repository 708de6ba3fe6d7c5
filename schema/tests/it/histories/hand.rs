//! What a worker asks for its tasks: claim, hydrate, lock, hand back; the answers must be those of the model.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::{Fence, Hash128, TaskId};
use rad_schema::commit::Committed;
use rad_schema::window::{Claimed, LeaseTerms, LockOutcome, Nack, Requeue, WindowError};

use super::glass::Lease;
use super::leader::answered;
use super::sabotage::Sabotage;
use super::worker::{Held, Phase, TERMS, Worker};
use super::world::History;
use crate::Done;

impl History {
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

    pub(super) async fn hydrate(&mut self, at: usize) -> Done {
        let worker = &self.workers[at];
        let claims: Vec<_> = of_phase(worker, |phase| matches!(phase, Phase::Claimed));
        let generation = worker.window.generation();
        let asked =
            if self.is_sabotaged(Sabotage::StaleHydrate) { self.ledger.generation } else { generation };
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

    pub(super) async fn lock(&mut self, at: usize) -> Done {
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
        let of = |lease: &Lease| lease.tenant == claim.tenant && lease.locked.as_deref() == Some(url);
        if others.any(|(_, lease)| of(lease)) {
            return LockOutcome::Held;
        }
        self.glass.leases.get_mut(&claim.task).expect("it holds").locked = Some(url.to_owned());
        LockOutcome::Taken
    }

    pub(super) async fn hand_back_some(&mut self, at: usize) -> Done {
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

fn of_phase(worker: &Worker, is: impl Fn(&Phase) -> bool) -> Vec<Claimed> {
    worker.hand.iter().filter(|held| is(&held.phase)).map(|held| held.claim).collect()
}

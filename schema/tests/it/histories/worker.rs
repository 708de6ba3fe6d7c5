//! The processes of the fleet: each call of a worker is a step, and between any two of them it may die, be taken for
//! dead, or lose an answer.

use std::time::Duration;

use anyhow::ensure;
use rad_core::ids::Incarnation;
use rad_schema::commit::Applied;
use rad_schema::ledger::Hydrated;
use rad_schema::window::{Claimed, LeaseTerms, NewTask, Requeue, Window, WindowError};

use super::glass::Life;
use super::leader::answered;
use super::world::{History, Mood};
use crate::Done;

/// Far longer than any history. What is to run out does so by a call with none of it.
pub(super) const TERMS: LeaseTerms =
    LeaseTerms { ttl: Duration::from_mins(30), hard_deadline: Duration::from_mins(30) };

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
    pub(super) request: u64,
    pub(super) hand: Vec<Held>,
    /// What a claim gave whose answer was lost.
    pub(super) unanswered: Option<Vec<Claimed>>,
    /// Turns that it lets go by.
    asleep: u32,
    /// URLs that its commits have added, to be pushed.
    pub(super) new: Vec<NewTask>,
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

//! What a worker does, and what befalls it; the clock; the reaper.

use super::state::{Keys, LAST_GOOD, Phase, State, TTL, URLS, WORKERS, Worker};
use super::step::Rules;
use crate::guard::{Guard, Guards};

impl State {
    /// A worker in a session that its system lets run.
    pub(super) fn running(&self, worker: usize) -> Option<Worker> {
        Some(self.workers[worker]).filter(|worker| worker.phase != Phase::Out && !worker.paused)
    }

    /// Its last good heartbeat is too old to go on.
    pub(super) fn is_overdue(worker: Worker, guards: Guards) -> bool {
        worker.since >= LAST_GOOD && guards.hold(Guard::SelfAbort)
    }

    pub(super) fn is_stale(&self, worker: Worker) -> bool {
        self.opened != worker.generation
    }

    pub(super) fn has_moved(&self, worker: Worker, guards: Guards) -> bool {
        (self.is_stale(worker) && guards.hold(Guard::ClaimGeneration))
            || (!self.same_server && guards.hold(Guard::ClaimRun))
    }

    /// The keys under the prefix of a worker's generation.
    pub(super) fn keys_of(&mut self, worker: Worker) -> &mut Keys {
        if worker.generation == self.opened { &mut self.keys } else { &mut self.old }
    }

    pub(super) fn tick(&mut self, guards: Guards) -> Option<()> {
        // A timer that is due fires before the clock goes on.
        if (0..WORKERS).filter_map(|at| self.running(at)).any(|worker| Self::is_overdue(worker, guards)) {
            return None;
        }
        for worker in self.workers.iter_mut().filter(|worker| worker.phase != Phase::Out) {
            worker.slept |= worker.paused && worker.since >= LAST_GOOD;
            worker.since = (worker.since + 1).min(LAST_GOOD);
        }
        for pulse in self.keys.pulse.iter_mut().flatten() {
            *pulse = pulse.saturating_sub(1);
        }
        self.keys.rest = self.keys.rest.saturating_sub(1);
        self.quiet = self.quiet.saturating_sub(1);
        self.owed = self.owed.saturating_sub(1);
        Some(())
    }

    pub(super) fn join(&mut self, worker: usize) -> Option<()> {
        if self.workers[worker].phase != Phase::Out || self.opened != self.generation || !self.same_server {
            return None;
        }
        // Its incarnation before must be gone: the model has one number for both.
        if self.keys.pulse[worker].is_some() || self.keys.leases.contains(&Some(worker)) {
            return None;
        }
        self.keys.pulse[worker] = Some(TTL);
        self.workers[worker] =
            Worker { generation: self.generation, phase: Phase::Idle, ..Worker::default() };
        Some(())
    }

    pub(super) fn heartbeat(&mut self, at: usize, lost: bool, rules: Rules) -> Option<()> {
        let worker = self.running(at)?;
        if self.is_stale(worker) || !self.same_server {
            return self.abort(at, rules);
        }
        let pulse = &mut self.keys.pulse[at];
        if rules.guards.hold(Guard::RenewGone) && pulse.is_none_or(|left| left == 0) {
            return self.abort(at, rules);
        }
        *pulse = Some(TTL);
        if !lost {
            (self.workers[at].since, self.workers[at].slept) = (0, false);
        }
        Some(())
    }

    pub(super) fn claim(&mut self, at: usize, guards: Guards) -> Option<()> {
        let worker = self.running(at).filter(|worker| worker.phase == Phase::Idle)?;
        if self.has_moved(worker, guards) || self.opened == 0 {
            return None;
        }
        let keys = self.keys_of(worker);
        let alive = keys.pulse[at].is_some_and(|left| left > 0);
        let busy = keys.leases.iter().flatten().count() > 0;
        if (guards.hold(Guard::ClaimAlive) && !alive)
            || (guards.hold(Guard::HostConcurrency) && busy)
            || (guards.hold(Guard::HostClock) && keys.rest > 0)
        {
            return None;
        }
        let url = keys.lane.iter().position(|waits| *waits)?;
        keys.lane[url] = false;
        keys.leases[url] = Some(at);
        self.workers[at].phase = Phase::Claimed(url);
        Some(())
    }

    pub(super) fn hydrate(&mut self, at: usize, rules: Rules) -> Option<()> {
        let worker = self.running(at)?;
        let Phase::Claimed(url) = worker.phase else { return None };
        let row = &mut self.rows[url];
        let refused = row.ended
            || worker.generation < row.generation
            || (rules.guards.hold(Guard::HydrateGeneration) && worker.generation != self.generation);
        if refused {
            // Its host was not contacted.
            if !self.is_stale(worker) && self.keys.leases[url] == Some(at) {
                self.keys.leases[url] = None;
            }
            self.workers[at].phase = Phase::Idle;
        } else {
            row.generation = worker.generation;
            self.workers[at].phase = Phase::Hydrated(url);
        }
        Some(())
    }

    pub(super) fn lock(&mut self, at: usize, answered: bool, guards: Guards) -> Option<()> {
        let worker = self.running(at)?;
        let Phase::Hydrated(url) = worker.phase else { return None };
        let moved = self.is_stale(worker) || !self.same_server;
        let lost = if moved { guards.hold(Guard::LockGeneration) } else { self.keys.leases[url] != Some(at) };
        if answered && lost {
            self.workers[at].phase = Phase::Idle;
            return Some(());
        }
        self.hurried |= self.owed > 0 && !worker.slept;
        self.workers[at].phase = Phase::Fetching(url);
        Some(())
    }

    pub(super) fn commit(&mut self, at: usize, rules: Rules) -> Option<()> {
        let Phase::Fetching(url) = self.running(at)?.phase else { return None };
        let worker = self.workers[at];
        self.rows[url].ended |= self.rows[url].generation == worker.generation;
        self.workers[at].phase = Phase::Done(url);
        self.contact_ends(worker, rules.delay);
        Some(())
    }

    pub(super) fn contact_ends(&mut self, worker: Worker, delay: u8) {
        if worker.is_in_contact() {
            self.owed = delay;
        }
    }

    pub(super) fn complete(&mut self, at: usize, rules: Rules) -> Option<()> {
        let worker = self.running(at)?;
        let Phase::Done(url) = worker.phase else { return None };
        if !self.is_stale(worker) && self.keys.leases[url] == Some(at) {
            self.keys.leases[url] = None;
            self.rest(Guard::RestAfterFetch, rules);
        }
        self.workers[at].phase = Phase::Idle;
        Some(())
    }

    pub(super) fn rest(&mut self, guard: Guard, rules: Rules) {
        if rules.guards.hold(guard) {
            self.keys.rest = self.keys.rest.max(rules.delay);
        }
    }

    /// Ends the session and hands back what it holds.
    pub(super) fn abort(&mut self, at: usize, rules: Rules) -> Option<()> {
        let worker = self.running(at)?;
        let must = worker.since >= LAST_GOOD || self.is_stale(worker) || !self.same_server;
        let gone = self.keys.pulse[at].is_none_or(|left| left == 0);
        if !must && !gone {
            return None;
        }
        self.contact_ends(worker, rules.delay);
        if !self.is_stale(worker) {
            for url in 0..URLS {
                if self.keys.leases[url] == Some(at) {
                    self.keys.leases[url] = None;
                    self.keys.lane[url] = true;
                    self.rest(Guard::RestAfterFetch, rules);
                }
            }
            self.keys.pulse[at] = None;
        }
        self.workers[at] = Worker::default();
        Some(())
    }

    pub(super) fn die(&mut self, at: usize, rules: Rules) -> Option<()> {
        let worker = self.running(at)?;
        self.faults = self.faults.checked_sub(1)?;
        self.contact_ends(worker, rules.delay);
        self.workers[at] = Worker::default();
        Some(())
    }

    pub(super) fn pause(&mut self, at: usize) -> Option<()> {
        self.running(at)?;
        self.faults = self.faults.checked_sub(1)?;
        self.workers[at].paused = true;
        Some(())
    }

    pub(super) fn resume(&mut self, at: usize) -> Option<()> {
        self.workers[at].paused.then(|| self.workers[at].paused = false)
    }

    pub(super) fn reap(&mut self, rules: Rules) {
        for at in 0..WORKERS {
            let expired = self.keys.pulse[at] == Some(0);
            if !expired && rules.guards.hold(Guard::ReapExpired) {
                continue;
            }
            for url in 0..URLS {
                if self.keys.leases[url] == Some(at) {
                    self.keys.leases[url] = None;
                    self.keys.lane[url] = true;
                    self.rest(Guard::RestAfterReap, rules);
                }
            }
            if expired {
                self.keys.pulse[at] = None;
            }
        }
    }
}

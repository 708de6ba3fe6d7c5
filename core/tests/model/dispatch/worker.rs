//! What a worker does, and what befalls it.

use super::postgres::Applied;
use super::redis::Claimed;
use super::state::{Fence, Phase, Pulse, State, Task, URLS, Worker};
use super::step::Rules;
use crate::guard::{Guard, Guards};

impl State {
    pub(super) fn in_session(&self, worker: usize) -> Option<Worker> {
        Some(self.workers[worker]).filter(|worker| worker.incarnation != 0)
    }

    pub(crate) fn fault(&mut self) -> Option<()> {
        self.faults = self.faults.checked_sub(1)?;
        Some(())
    }

    pub(super) fn join(&mut self, worker: usize) -> Option<()> {
        if self.workers[worker].incarnation != 0 || !self.is_open(Guards::default()) {
            return None;
        }
        let incarnation = self.fresh();
        self.redis.join(incarnation);
        self.workers[worker] =
            Worker { incarnation, generation: self.postgres.generation, ..Worker::default() };
        Some(())
    }

    pub(super) fn claim(&mut self, worker: usize, lost: bool, rules: Rules) -> Option<()> {
        let session = self.in_session(worker).filter(|session| session.phase == Phase::Idle)?;
        let caller = (session.incarnation, session.generation);
        let Claimed::Task(task, repeated) = self.redis.claim(caller, rules.most, rules.guards) else {
            // Lost: see `give_up`.
            return None;
        };
        if !lost {
            self.redis.answered(session.incarnation);
            self.workers[worker].phase = Phase::Claimed(task, repeated);
        }
        Some(())
    }

    pub(super) fn hydrate(&mut self, worker: usize, lost: bool, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        let Phase::Claimed(task, _) = session.phase else { return None };
        let fence = Fence { generation: session.generation, counter: task.counter };
        let returned = self.postgres.hydrate(task.url, fence, guards, &mut self.broken);
        self.workers[worker].phase = if lost {
            self.fault()?;
            Phase::Back(task)
        } else if returned {
            Phase::Held(task)
        } else {
            Phase::Refused(task)
        };
        Some(())
    }

    pub(super) fn commit(&mut self, worker: usize, lost: bool, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        let Phase::Held(task) = session.phase else { return None };
        let fence = Fence { generation: session.generation, counter: task.counter };
        let applied = self.postgres.store(task.url, fence, guards, &mut self.broken);
        if !lost {
            self.workers[worker].phase = Phase::Done(task, applied == Applied::Stored(true));
        }
        Some(())
    }

    pub(super) fn commit_wait(&mut self, worker: usize, lost: bool, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        let (Phase::Held(task) | Phase::Untold(task)) = session.phase else { return None };
        if session.phase == Phase::Held(task) {
            self.fault()?;
        }
        let fence = Fence { generation: session.generation, counter: task.counter };
        let applied = self.postgres.wait(task.url, fence, guards, &mut self.broken);
        let waits = matches!(applied, Applied::Waits(_));
        self.broken.counted_twice |= applied == Applied::Waits(true) && session.phase == Phase::Untold(task);
        self.workers[worker].phase = match (waits, lost) {
            (true, true) => Phase::Untold(task),
            (true, false) => Phase::Back(task),
            (false, true) => session.phase,
            (false, false) => Phase::Done(task, false),
        };
        Some(())
    }

    pub(super) fn complete(&mut self, worker: usize, lost: bool, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        let Phase::Done(task, new) = session.phase else { return None };
        self.redis.complete(session.generation, task, new.then_some(URLS - 1), guards);
        if lost {
            // Each repetition may push a task that has ended, which is claimed and dropped again.
            self.fault()?;
        } else {
            self.workers[worker].phase = Phase::Idle;
        }
        Some(())
    }

    pub(super) fn abandon(&mut self, worker: usize) -> Option<()> {
        let session = self.in_session(worker)?;
        let (Phase::Done(..) | Phase::Back(_) | Phase::Refused(_)) = session.phase else { return None };
        self.fault()?;
        self.workers[worker].phase = Phase::Idle;
        self.abandoned = true;
        Some(())
    }

    pub(super) fn drop_task(&mut self, worker: usize, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        let Phase::Refused(task) = session.phase else { return None };
        self.redis.nack(session.generation, task, false, guards);
        self.workers[worker].phase = Phase::Idle;
        Some(())
    }

    pub(super) fn fail(&mut self, worker: usize) -> Option<()> {
        let session = self.in_session(worker)?;
        let (Phase::Claimed(task, _) | Phase::Held(task)) = session.phase else { return None };
        self.fault()?;
        self.workers[worker].phase = Phase::Back(task);
        Some(())
    }

    pub(super) fn hand_back(&mut self, worker: usize, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        let Phase::Back(task) = session.phase else { return None };
        self.redis.nack(session.generation, task, true, guards);
        self.workers[worker].phase = Phase::Idle;
        Some(())
    }

    pub(super) fn give_up(&mut self, worker: usize, guards: Guards) -> Option<()> {
        let session = self.in_session(worker)?;
        if self.is_entitled(session) {
            return None;
        }
        if let Some(task) = session.phase.task() {
            self.redis.nack(session.generation, task, true, guards);
        }
        self.redis.leave(session.generation, session.incarnation);
        self.workers[worker] = Worker::default();
        Some(())
    }

    /// Its window is the open one, and its heartbeat goes on.
    pub(crate) fn is_entitled(&self, worker: Worker) -> bool {
        worker.incarnation != 0
            && !self.redis.has_moved(worker.generation, Guards::default())
            && self.redis.window.members[usize::from(worker.incarnation - 1)].pulse == Pulse::Alive
    }

    pub(super) fn die(&mut self, worker: usize) -> Option<()> {
        self.in_session(worker)?;
        self.fault()?;
        self.workers[worker] = Worker::default();
        Some(())
    }

    pub(super) fn expire(&mut self, incarnation: usize) -> Option<()> {
        let lives = |worker: &Worker| usize::from(worker.incarnation) == incarnation + 1;
        let member = &mut self.redis.window.members[incarnation];
        if member.pulse != Pulse::Alive || self.workers.iter().any(lives) {
            return None;
        }
        member.pulse = Pulse::Expired;
        Some(())
    }

    pub(super) fn miss(&mut self, worker: usize) -> Option<()> {
        let session = self.in_session(worker).filter(|session| self.is_entitled(*session))?;
        self.fault()?;
        self.redis.window.members[usize::from(session.incarnation - 1)].pulse = Pulse::Expired;
        Some(())
    }

    /// Time passes: a lease that no process works on reaches its hard deadline.
    pub(super) fn deadline(&mut self, url: usize, guards: Guards) -> Option<()> {
        let worked_on = self.is_worked_on(url, guards)?;
        if !guards.hold(Guard::HardDeadline) || worked_on || self.redis.is_of_the_dead(url) {
            return None;
        }
        self.redis.take_back(url, guards);
        Some(())
    }

    /// Some process knows of the lease, or will be told of it. None: there is no lease.
    pub(crate) fn is_worked_on(&self, url: usize, guards: Guards) -> Option<bool> {
        let lease = self.redis.window.leases[url]?;
        let task = Task { url, counter: lease.counter };
        let reply = self.redis.window.members[usize::from(lease.incarnation - 1)].reply;
        Some(self.workers.iter().any(|worker| {
            worker.incarnation == lease.incarnation
                && (worker.phase.task() == Some(task)
                    || (worker.phase == Phase::Idle
                        && reply == Some(task)
                        && guards.hold(Guard::ClaimReplay)))
        }))
    }

    /// The window is the one that Postgres names, on the server that it names.
    pub(crate) fn is_open(&self, guards: Guards) -> bool {
        let (shard, window) = (&self.postgres, &self.redis.window);
        shard.generation != 0
            && (window.generation, window.run) == (shard.generation, shard.run)
            && (self.redis.run == shard.run || !guards.hold(Guard::LeaderRun))
    }
}

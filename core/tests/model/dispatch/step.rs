//! What can happen next, and what it does.

use super::state::{INCARNATIONS, State, URLS, WORKERS};
use crate::guard::Guards;

/// One atomic step. `lost`: it has its effect, and the answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Join {
        worker: usize,
    },
    Claim {
        worker: usize,
        lost: bool,
    },
    Hydrate {
        worker: usize,
        lost: bool,
    },
    /// The page is stored.
    Commit {
        worker: usize,
        lost: bool,
    },
    /// The fetch has failed: another attempt.
    CommitWait {
        worker: usize,
        lost: bool,
    },
    Complete {
        worker: usize,
        lost: bool,
    },
    /// The leases left in hand are forgotten: Redis did not answer.
    Abandon {
        worker: usize,
    },
    /// Not for us to fetch, by the ledger.
    Drop {
        worker: usize,
    },
    /// A store did not answer, or the worker drains.
    Fail {
        worker: usize,
    },
    HandBack {
        worker: usize,
    },
    /// The worker learns that its lease or its window is lost.
    GiveUp {
        worker: usize,
    },
    Die {
        worker: usize,
    },
    /// The heartbeat of a dead incarnation ends.
    Expire {
        incarnation: usize,
    },
    /// The heartbeat of a worker ends that is paused, or cut off from Redis.
    Miss {
        worker: usize,
    },
    Reap,
    Deadline {
        url: usize,
    },
    CountDeaths,
    Look,
    Raise,
    Open,
    Sweep,
    Read,
    Load,
    LeaderDies,
    /// Redis writes its state to the disk; it will be restarted from there.
    Save,
    Restart,
    Wipe,
}

pub(crate) const ALONE: [Step; 12] = [
    Step::Reap,
    Step::CountDeaths,
    Step::Look,
    Step::Raise,
    Step::Open,
    Step::Sweep,
    Step::Read,
    Step::Load,
    Step::LeaderDies,
    Step::Save,
    Step::Restart,
    Step::Wipe,
];

/// What all steps of a model have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) guards: Guards,
    /// Requests that the host allows at once.
    pub(crate) most: usize,
    /// Fetches may fail.
    pub(crate) failures: bool,
    /// Keys of old generations are there until they are swept.
    pub(crate) sweeps: bool,
}

pub(crate) fn of_workers(rules: Rules, steps: &mut Vec<Step>) {
    for worker in 0..WORKERS {
        steps.extend([
            Step::Join { worker },
            Step::Claim { worker, lost: false },
            Step::Claim { worker, lost: true },
            Step::Hydrate { worker, lost: false },
            Step::Hydrate { worker, lost: true },
            Step::Commit { worker, lost: false },
            Step::Commit { worker, lost: true },
            Step::Complete { worker, lost: false },
            Step::Complete { worker, lost: true },
            Step::Abandon { worker },
            Step::Drop { worker },
            Step::Fail { worker },
            Step::HandBack { worker },
            Step::Miss { worker },
            Step::GiveUp { worker },
            Step::Die { worker },
        ]);
        if rules.failures {
            steps.extend([false, true].map(|lost| Step::CommitWait { worker, lost }));
        }
    }
    steps.extend((0..INCARNATIONS).map(|incarnation| Step::Expire { incarnation }));
    steps.extend((0..URLS).map(|url| Step::Deadline { url }));
}

impl State {
    /// Takes a step; none when it is not possible now.
    pub(crate) fn take(&mut self, step: Step, rules: Rules) -> Option<()> {
        match step {
            Step::Join { worker } => self.join(worker),
            Step::Claim { worker, lost } => self.claim(worker, lost, rules),
            Step::Hydrate { worker, lost } => self.hydrate(worker, lost, rules.guards),
            Step::Commit { worker, lost } => self.commit(worker, lost, rules.guards),
            Step::CommitWait { worker, lost } => self.commit_wait(worker, lost, rules.guards),
            Step::Complete { worker, lost } => self.complete(worker, lost, rules.guards),
            Step::Abandon { worker } => self.abandon(worker),
            Step::Drop { worker } => self.drop_task(worker, rules.guards),
            Step::Fail { worker } => self.fail(worker),
            Step::Miss { worker } => self.miss(worker),
            Step::HandBack { worker } => self.hand_back(worker, rules.guards),
            Step::GiveUp { worker } => self.give_up(worker, rules.guards),
            Step::Die { worker } => self.die(worker),
            Step::Expire { incarnation } => self.expire(incarnation),
            Step::Deadline { url } => self.deadline(url, rules.guards),
            _ => self.take_alone(step, rules),
        }
    }
}

pub(crate) fn is_fault(step: &Step) -> bool {
    match step {
        Step::Claim { lost, .. }
        | Step::Hydrate { lost, .. }
        | Step::Commit { lost, .. }
        | Step::CommitWait { lost, .. }
        | Step::Complete { lost, .. } => *lost,
        Step::Abandon { .. }
        | Step::Fail { .. }
        | Step::Miss { .. }
        | Step::Die { .. }
        | Step::LeaderDies
        | Step::Save
        | Step::Restart
        | Step::Wipe => true,
        _ => false,
    }
}

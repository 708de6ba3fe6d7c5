//! What can happen next, and what it does.

use super::state::{State, URLS, WORKERS};
use crate::guard::Guards;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    Join {
        worker: usize,
    },
    Heartbeat {
        worker: usize,
        lost: bool,
    },
    Claim {
        worker: usize,
    },
    Hydrate {
        worker: usize,
    },
    /// The URL locks are asked for; without an answer work goes on.
    Lock {
        worker: usize,
        answered: bool,
    },
    /// The fetch has ended, and the page is committed.
    Commit {
        worker: usize,
    },
    Complete {
        worker: usize,
    },
    /// The worker gives its pages up.
    Abort {
        worker: usize,
    },
    Die {
        worker: usize,
    },
    Pause {
        worker: usize,
    },
    Resume {
        worker: usize,
    },
    Reap,
    /// The leader raises the generation and opens it.
    Open,
    /// One lane is fed.
    Feed {
        url: usize,
    },
    Wipe,
    /// Redis comes back with all its data under another `run_id`.
    Restart,
}

/// What the model is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) guards: Guards,
    /// The host's delay, in ticks.
    pub(crate) delay: u8,
    /// Both URLs are in one lane, so that one feed sees both rows.
    pub(crate) one_lane: bool,
    /// The call for the URL locks may fail.
    pub(crate) lock_fails: bool,
}

pub(crate) fn all(rules: Rules, steps: &mut Vec<Step>) {
    steps.extend([Step::Tick, Step::Reap, Step::Open, Step::Wipe, Step::Restart]);
    for worker in 0..WORKERS {
        steps.extend([
            Step::Join { worker },
            Step::Heartbeat { worker, lost: false },
            Step::Heartbeat { worker, lost: true },
            Step::Claim { worker },
            Step::Hydrate { worker },
            Step::Lock { worker, answered: true },
            Step::Commit { worker },
            Step::Complete { worker },
            Step::Abort { worker },
            Step::Die { worker },
            Step::Pause { worker },
            Step::Resume { worker },
        ]);
        if rules.lock_fails {
            steps.push(Step::Lock { worker, answered: false });
        }
    }
    steps.extend((0..URLS).map(|url| Step::Feed { url }));
}

impl State {
    pub(crate) fn take(&mut self, step: Step, rules: Rules) -> Option<()> {
        let guards = rules.guards;
        match step {
            Step::Tick => self.tick(guards),
            Step::Join { worker } => self.join(worker),
            Step::Heartbeat { worker, lost } => self.heartbeat(worker, lost, rules),
            Step::Claim { worker } => self.claim(worker, guards),
            Step::Hydrate { worker } => self.hydrate(worker, rules),
            Step::Lock { worker, answered } => self.lock(worker, answered, guards),
            Step::Commit { worker } => self.commit(worker, rules),
            Step::Complete { worker } => self.complete(worker, rules),
            Step::Abort { worker } => self.abort(worker, rules),
            Step::Die { worker } => self.die(worker, rules),
            Step::Pause { worker } => self.pause(worker),
            Step::Resume { worker } => self.resume(worker),
            Step::Reap => {
                self.reap(rules);
                Some(())
            }
            Step::Open => self.open(rules),
            Step::Feed { url } => self.feed(url, rules),
            Step::Wipe => self.wipe(),
            Step::Restart => self.restart(),
        }
    }
}

//! One host that takes one request at a time, with clocks: heartbeats, the lease, the host's delay, the rest after
//! a rebuild.
//!
//! Time goes in ticks. A timer of a running process that is due fires before the clock goes on; a process that its
//! system has stopped does nothing, and what it had sent before is not counted: no fleet can call it back.

mod leader;
mod state;
mod step;
mod worker;

use stateright::{Model, Property};

use self::state::State;
use self::step::{Rules, Step};
use crate::explore::Ends;
use crate::guard::{Guard, Guards};

/// The model's size, and what it leaves out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hosts {
    rules: Rules,
    /// Deaths and pauses of workers in one history.
    faults: u8,
    /// Wipes and restarts of Redis in one history.
    losses: u8,
}

impl Hosts {
    /// A host of one tenant with a short delay; the calls for URL locks are answered.
    pub(crate) fn whole(faults: u8, losses: u8) -> Self {
        let rules = Rules { guards: Guards::default(), delay: 1, one_lane: true, lock_fails: false };
        Self { rules, faults, losses }
    }

    pub(crate) fn without(self, guards: &[Guard]) -> Self {
        Self { rules: Rules { guards: Guards::without(guards), ..self.rules }, ..self }
    }

    /// The host's delay is longer than what a worker leaves of its lease.
    pub(crate) fn slow(self) -> Self {
        Self { rules: Rules { delay: 2, ..self.rules }, ..self }
    }

    /// Two tenants have a URL each on the host.
    pub(crate) fn shared(self) -> Self {
        Self { rules: Rules { one_lane: false, ..self.rules }, ..self }
    }

    /// The call for the URL locks may fail.
    pub(crate) fn with_failing_locks(self) -> Self {
        Self { rules: Rules { lock_fails: true, ..self.rules }, ..self }
    }
}

pub(crate) const ONE_AT_A_TIME: &str = "the host has at most one request in flight";
pub(crate) const DELAY_KEPT: &str = "the host's delay lies between two requests";

impl Model for Hosts {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State { faults: self.faults, losses: self.losses, same_server: true, ..State::default() }]
    }

    fn actions(&self, _: &State, steps: &mut Vec<Step>) {
        step::all(self.rules, steps);
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut after = *before;
        after.take(step, self.rules)?;
        after.sort_workers();
        (after != *before).then_some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(ONE_AT_A_TIME, |_, state: &State| {
                state.workers.iter().filter(|worker| worker.is_in_contact()).count() <= 1
            }),
            Property::always(DELAY_KEPT, |_, state: &State| !state.hurried),
        ];
        if self.losses > 0 {
            properties.push(Property::sometimes("a fetch in flight after a rebuild", |_, state: &State| {
                let mut workers = state.workers.iter();
                workers.any(|worker| worker.is_in_contact() && worker.generation < state.opened)
            }));
        }
        if self.faults > 0 {
            properties.push(Property::sometimes(
                "a worker wakes up without its lease",
                |_, state: &State| {
                    state.workers.iter().enumerate().any(|(at, worker)| {
                        let wakes = worker.slept && !worker.paused && worker.generation == state.opened;
                        wakes && state.keys.pulse[at].is_none()
                    })
                },
            ));
        }
        properties
    }
}

impl Ends for Hosts {
    fn is_end(&self, state: &State) -> bool {
        state.rows.iter().all(|row| row.ended) && state.keys.leases.iter().all(Option::is_none)
    }

    fn is_fault(&self, step: &Step) -> bool {
        matches!(
            step,
            Step::Heartbeat { lost: true, .. }
                | Step::Lock { answered: false, .. }
                | Step::Die { .. }
                | Step::Pause { .. }
                | Step::Wipe
                | Step::Restart
        )
    }
}

//! A tenant's limit, statement by statement: two commits at once, the refusal, the second attempt, the bill.
//!
//! Two workers commit batches of a tenant that has three pages and room for one, until the operator raises the
//! limit. Every statement of a commit is one step; row locks are those of Postgres, held to the end of a
//! transaction. A worker's task may be given to the other worker at any time. What a parked tenant's pages wait
//! for is one step too: the reconciler reads the room.

mod state;
mod step;

use stateright::{Model, Property};

use self::state::{PAGES, Phase, State};
use self::step::Step;
use crate::explore::Ends;
use crate::guard::{Guard, Guards};

pub(crate) const WITHIN_LIMIT: &str = "stored pages never pass the limit";
pub(crate) const BILLED: &str = "every stored page is billed, and nothing else";
pub(crate) const STORED_ONCE: &str = "every page is stored at most once";

/// The model's size, and what it leaves out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    guards: Guards,
    /// Deaths, lost answers and lost leases in one history.
    faults: u8,
}

impl Limits {
    pub(crate) fn whole(faults: u8) -> Self {
        Self { guards: Guards::default(), faults }
    }

    pub(crate) fn without(self, guards: &[Guard]) -> Self {
        Self { guards: Guards::without(guards), ..self }
    }
}

impl Model for Limits {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State { faults: self.faults, limit: 1, ..State::default() }]
    }

    fn actions(&self, _: &State, steps: &mut Vec<Step>) {
        step::all(steps);
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut after = *before;
        after.take(step, self.guards)?;
        after.workers.sort_unstable();
        (after != *before).then_some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(BILLED, |_, state: &State| state.stored() == state.billed),
            Property::always(WITHIN_LIMIT, |_, state: &State| {
                state.stored() <= state.limit && state.billed <= state.limit
            }),
            Property::always(STORED_ONCE, |_, state: &State| state.rows.iter().all(|row| row.stores <= 1)),
            Property::sometimes("a commit waits for the other's counters", |_, state: &State| {
                state.workers.iter().filter(|worker| matches!(worker.phase, Phase::Ended(_))).count() == 2
            }),
            Property::sometimes("a page is refused and stored later", |_, state: &State| {
                state.rows.iter().any(|row| row.refused && row.stores == 1)
            }),
            Property::sometimes("a batch of two finds room for one", |_, state: &State| {
                state
                    .workers
                    .iter()
                    .any(|worker| worker.batch.pages() == PAGES - 1 && worker.batch.surplus() == 1)
            }),
        ]
    }
}

impl Ends for Limits {
    fn is_end(&self, state: &State) -> bool {
        state.stored() == u8::try_from(PAGES).expect("three")
    }

    fn is_fault(&self, step: &Step) -> bool {
        matches!(step, Step::Die { .. } | Step::Lose { .. } | Step::Commit { lost: true, .. })
    }
}

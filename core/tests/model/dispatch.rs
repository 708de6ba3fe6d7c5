//! Claim, hydrate, commit, complete, hand back, reap, feed and rebuild, with fences; without time.
//!
//! Two workers with any number of lives, a crawl of two URLs on one host, of which the second is a link on the
//! first. Every script and every statement is one step, and so is every answer that gets lost. A worker that
//! missed its heartbeat goes on as if nothing had happened, until it learns of it: that is the zombie.

mod leader;
mod postgres;
mod redis;
mod state;
mod step;
mod worker;

use stateright::{Model, Property};

use self::state::{Fence, Phase, Pulse, RowState, State, URLS, Worker};
use self::step::{ALONE, Rules, Step};
use crate::explore::Ends;
use crate::guard::{Guard, Guards};

pub(crate) const ONE_STORE: &str = "every URL is stored at most once";
pub(crate) const COUNTERS: &str = "counters and bill agree with the rows";
pub(crate) const STALE_COMMIT: &str = "a commit under another fence changes nothing";
pub(crate) const EFFECT_ONCE: &str = "a commit has its effect once, however often it is asked for";
pub(crate) const DEATH_ONCE: &str = "a death counts once against a task, whoever dies while counting";
pub(crate) const FENCES_RISE: &str = "the fences of a row only rise";
pub(crate) const ONE_HAND: &str = "a URL is in the hands of one living worker";
pub(crate) const NO_ORPHAN: &str = "who holds a lease knows it or will be told";
pub(crate) const FINDABLE: &str = "the reaper can find every lease";

/// The model's size, and what it leaves out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dispatch {
    pub(crate) rules: Rules,
    /// Deaths, missed heartbeats, hand-backs and forgotten leases in one history.
    pub(crate) faults: u8,
    /// Wipes and restarts of Redis in one history.
    pub(crate) losses: u8,
}

impl Dispatch {
    /// The fleet as it is, with a host that allows `most` requests at once.
    pub(crate) fn whole(most: usize, faults: u8, losses: u8) -> Self {
        Self {
            rules: Rules { guards: Guards::default(), most, failures: false, sweeps: false },
            faults,
            losses,
        }
    }

    pub(crate) fn without(self, guards: &[Guard]) -> Self {
        Self { rules: Rules { guards: Guards::without(guards), ..self.rules }, ..self }
    }

    /// Keys of old generations are there until they are swept.
    pub(crate) fn with_sweeps(self) -> Self {
        Self { rules: Rules { sweeps: true, ..self.rules }, ..self }
    }

    /// Fetches may fail and be tried again.
    pub(crate) fn with_failures(self) -> Self {
        Self { rules: Rules { failures: true, ..self.rules }, ..self }
    }
}

impl Model for Dispatch {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let mut state = State { faults: self.faults, losses: self.losses, ..State::default() };
        state.redis.run = 1;
        state.postgres.rows[0].state = RowState::Open;
        vec![state]
    }

    fn actions(&self, _: &State, steps: &mut Vec<Step>) {
        step::of_workers(self.rules, steps);
        steps.extend(ALONE);
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut after = before.clone();
        after.take(step, self.rules)?;
        if step != Step::Restart && after.redis.window != before.redis.window {
            after.age_saved();
        }
        // They differ in nothing but their order.
        after.workers.sort_unstable();
        (after != *before).then_some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(ONE_STORE, |_, state: &State| {
                state.postgres.rows.iter().all(|row| row.effects <= 1)
            }),
            Property::always(COUNTERS, |_, state: &State| counters_agree(state)),
            Property::always(STALE_COMMIT, |_, state: &State| !state.broken.stale_commit),
            Property::always(EFFECT_ONCE, |_, state: &State| !state.broken.counted_twice),
            Property::always(DEATH_ONCE, |_, state: &State| !state.broken.died_twice),
            Property::always(FENCES_RISE, |_, state: &State| !state.broken.fence_fell),
            Property::always(ONE_HAND, |_, state: &State| one_hand(state)),
            Property::always(NO_ORPHAN, |model: &Self, state: &State| no_orphan(state, model.rules.guards)),
            Property::always(FINDABLE, |_, state: &State| {
                let window = &state.redis.window;
                window
                    .leases
                    .iter()
                    .flatten()
                    .all(|lease| window.members[usize::from(lease.incarnation - 1)].pulse != Pulse::Absent)
            }),
        ];
        properties.extend(self.occurrences());
        properties
    }
}

impl Dispatch {
    /// What must occur, or the model would prove little.
    fn occurrences(self) -> Vec<Property<Self>> {
        let mut occur = vec![
            Property::sometimes(
                "a claim is asked again and answered with the same task",
                |_, state: &State| {
                    state.workers.iter().any(|worker| matches!(worker.phase, Phase::Claimed(_, true)))
                },
            ),
            Property::sometimes("a new URL is in the lane before it is pushed", |_, state: &State| {
                state.redis.window.lane[1]
                    && state.workers.iter().any(|worker| matches!(worker.phase, Phase::Done(_, true)))
            }),
            Property::sometimes("all is stored", |model: &Self, state: &State| {
                model.is_end(state) && state.postgres.failed == 0
            }),
        ];
        if self.faults + self.losses > 0 {
            occur.push(Property::sometimes("the commit of a zombie is refused", |_, state: &State| {
                zombie_refused(state)
            }));
        }
        if self.losses > 0 {
            occur.push(Property::sometimes("a rebuild with work in flight", |_, state: &State| {
                rebuilt_in_flight(state)
            }));
        }
        occur
    }
}

impl Ends for Dispatch {
    /// Every URL has its end, and nothing of them is left in Redis.
    fn is_end(&self, state: &State) -> bool {
        let [start, link] = state.postgres.rows.map(|row| row.state);
        // A start that nobody could fetch has no links.
        let link_ended = link != RowState::Open && (link != RowState::Unknown || start == RowState::Failed);
        let window = &state.redis.window;
        start != RowState::Open
            && link_ended
            && window.leases == [None; URLS]
            && window.lane == [false; URLS]
            && !window.garbage
    }

    fn is_fault(&self, step: &Step) -> bool {
        step::is_fault(step)
    }
}

fn counters_agree(state: &State) -> bool {
    let count = |wanted| state.postgres.rows.iter().filter(|row| row.state == wanted).count();
    usize::from(state.postgres.stored) == count(RowState::Stored)
        && usize::from(state.postgres.failed) == count(RowState::Failed)
        && state.postgres.billed == state.postgres.stored
}

/// A worker works on a task, and has not committed it.
fn works(worker: &Worker) -> Option<usize> {
    match worker.phase {
        Phase::Claimed(task, _) | Phase::Held(task) | Phase::Untold(task) => Some(task.url),
        _ => None,
    }
}

/// No two workers whose heartbeats go on in the present window work on one URL.
fn one_hand(state: &State) -> bool {
    let alive = |worker: &&Worker| {
        worker.incarnation != 0
            && !state.redis.is_stale(worker.generation)
            && state.redis.window.members[usize::from(worker.incarnation - 1)].pulse == Pulse::Alive
    };
    let mut in_hand = state.workers.iter().filter(alive).filter_map(works);
    match (in_hand.next(), in_hand.next()) {
        (Some(first), Some(second)) => first != second,
        _ => true,
    }
}

/// A lease that is in nobody's hand belongs to the dead, or the worker could not hand it back.
fn no_orphan(state: &State, guards: Guards) -> bool {
    state.abandoned
        || state.redis.window.leases.iter().enumerate().all(|(url, lease)| {
            lease.is_none_or(|lease| {
                let living =
                    |worker: &Worker| worker.incarnation == lease.incarnation && state.is_entitled(*worker);
                state.is_worked_on(url, guards) != Some(false) || !state.workers.iter().any(living)
            })
        })
}

fn zombie_refused(state: &State) -> bool {
    state.workers.iter().any(|worker| match worker.phase {
        Phase::Done(task, _) => {
            let fence = Fence { generation: worker.generation, counter: task.counter };
            state.postgres.rows[task.url].fence != fence
        }
        _ => false,
    })
}

fn rebuilt_in_flight(state: &State) -> bool {
    state.redis.window.generation > 1
        && state.workers.iter().any(|worker| {
            worker.generation < state.redis.window.generation && matches!(worker.phase, Phase::Held(_))
        })
}

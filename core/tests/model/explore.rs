//! Checking a model: its invariants with Stateright, and that its end stays within reach.
//!
//! Stateright's `eventually` is right on acyclic graphs only, and these graphs have cycles (a task is claimed and
//! handed back). So the second check walks the whole graph itself: from every state there must be a way to the end
//! on which no more faults happen.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::time::Instant;

use stateright::{Checker as _, HasDiscoveries, Model};

/// A graph that grows beyond this is endless, or asks for more faults than there is memory for.
const MOST_STATES: usize = 20_000_000;

/// A model with an end that must stay within reach.
pub(crate) trait Ends: Model {
    fn is_end(&self, state: &Self::State) -> bool;

    /// Something that goes wrong, so nobody may count on it.
    fn is_fault(&self, action: &Self::Action) -> bool;
}

/// The faults of a standard run, and as many more of them as `RAD_MODEL_DEPTH` says.
pub(crate) fn faults(standard: u8) -> u8 {
    let more = std::env::var("RAD_MODEL_DEPTH").ok().map(|depth| depth.parse::<u8>());
    standard + more.transpose().expect("RAD_MODEL_DEPTH is a small number").unwrap_or(0)
}

/// Every `always` holds, every `sometimes` occurs, and the end stays within reach. Returns the number of states.
pub(crate) fn prove<M>(name: &str, model: &M) -> usize
where
    M: Ends + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq,
{
    let begun = Instant::now();
    let walked = Graph::of(model);
    let checker = model.clone().checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    eprintln!(
        "{name}: {states} states, {} steps, depth {}, {:.1} s",
        checker.state_count(),
        checker.max_depth(),
        begun.elapsed().as_secs_f64()
    );
    checker.assert_properties();
    assert_eq!(walked.len(), states, "{name}: both walks see the same graph");
    if let Some(trace) = walked.first_without_end(model) {
        panic!("{name}: the end is out of reach after\n{}", lines(&trace));
    }
    states
}

/// What went wrong first in a model: the name of a violated invariant, or [`STUCK`], and the way there.
pub(crate) fn refute<M>(model: &M) -> Option<(&'static str, String)>
where
    M: Ends + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq,
{
    let checker = model.clone().checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    for property in model.properties() {
        if property.expectation == stateright::Expectation::Always
            && let Some(path) = checker.discovery(property.name)
        {
            return Some((property.name, lines(&path.into_actions())));
        }
    }
    let trace = Graph::of(model).first_without_end(model)?;
    Some((STUCK, lines(&trace)))
}

/// The end can't be reached any more.
pub(crate) const STUCK: &str = "the end is out of reach";

fn lines<A: Debug>(actions: &[A]) -> String {
    actions.iter().map(|action| format!("  {action:?}")).collect::<Vec<_>>().join("\n")
}

fn fingerprint<S: Hash>(state: &S) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// All states, in the order of their distance from the beginning, and the steps between them that are no faults.
struct Graph {
    prints: Vec<u64>,
    parents: Vec<u32>,
    ends: Vec<u32>,
    /// (to, from)
    steps: Vec<(u32, u32)>,
}

impl Graph {
    fn of<M: Ends>(model: &M) -> Self
    where
        M::State: Hash,
        M::Action: Clone,
    {
        let mut graph = Self { prints: Vec::new(), parents: Vec::new(), ends: Vec::new(), steps: Vec::new() };
        let mut numbers = HashMap::new();
        let mut layer = Vec::new();
        for state in model.init_states() {
            graph.number(&mut numbers, &mut layer, 0, state);
        }
        let mut actions = Vec::new();
        while !layer.is_empty() {
            for (from, state) in std::mem::take(&mut layer) {
                if model.is_end(&state) {
                    graph.ends.push(from);
                }
                model.actions(&state, &mut actions);
                for action in actions.drain(..) {
                    let fault = model.is_fault(&action);
                    let Some(next) = model.next_state(&state, action) else { continue };
                    let to = graph.number(&mut numbers, &mut layer, from, next);
                    if !fault {
                        graph.steps.push((to, from));
                    }
                }
            }
        }
        graph.steps.sort_unstable();
        graph
    }

    fn len(&self) -> usize {
        self.prints.len()
    }

    fn number<S: Hash>(
        &mut self,
        numbers: &mut HashMap<u64, u32>,
        layer: &mut Vec<(u32, S)>,
        parent: u32,
        state: S,
    ) -> u32 {
        let print = fingerprint(&state);
        match numbers.entry(print) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                assert!(self.prints.len() < MOST_STATES, "more states than memory should hold");
                let number = u32::try_from(self.prints.len()).expect("memory ends before four milliards");
                new.insert(number);
                self.prints.push(print);
                self.parents.push(parent);
                layer.push((number, state));
                number
            }
        }
    }

    /// The way to the nearest state from which no way leads to an end.
    fn first_without_end<M: Ends>(&self, model: &M) -> Option<Vec<M::Action>>
    where
        M::State: Hash,
        M::Action: Clone,
    {
        let mut reaches = vec![false; self.len()];
        let mut queue = self.ends.clone();
        while let Some(to) = queue.pop() {
            if std::mem::replace(&mut reaches[to as usize], true) {
                continue;
            }
            let first = self.steps.partition_point(|step| step.0 < to);
            let into = self.steps[first..].iter().take_while(|step| step.0 == to);
            queue.extend(into.map(|step| step.1).filter(|from| !reaches[*from as usize]));
        }
        let stuck = reaches.iter().position(|reaches| !reaches)?;
        Some(self.way_to(model, stuck))
    }

    /// Walks from the beginning to state `number` again, for the names of the steps.
    fn way_to<M: Ends>(&self, model: &M, number: usize) -> Vec<M::Action>
    where
        M::State: Hash,
        M::Action: Clone,
    {
        let mut prints = vec![self.prints[number]];
        let mut at = number;
        while self.parents[at] as usize != at {
            at = self.parents[at] as usize;
            prints.push(self.prints[at]);
        }
        let mut states = model.init_states();
        let mut state = states.swap_remove(0);
        prints.pop();
        let mut way = Vec::new();
        while let Some(print) = prints.pop() {
            let mut steps = model.next_steps(&state).into_iter();
            let (action, next) =
                steps.find(|(_, next)| fingerprint(next) == print).expect("the graph has this step");
            way.push(action);
            state = next;
        }
        way
    }
}

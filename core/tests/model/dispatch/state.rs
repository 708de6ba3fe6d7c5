//! What the two stores, the workers and the leader know.

/// URLs of the crawl: the first is its start, the second is a link on the first.
pub(crate) const URLS: usize = 2;
pub(crate) const WORKERS: usize = 2;
/// Incarnations that Redis or a worker can know of at once. Numbers that nobody knows any more are given again:
/// they are only compared.
pub(crate) const INCARNATIONS: usize = 7;
/// The death of so many workers ends a task. In the fleet it is three; the last of them claims it alone.
pub(crate) const MAX_DEATHS: u8 = 2;

/// Redis loses at most its last changes when it restarts: what it writes to the disk every second.
pub(crate) const MOST_LOST: u8 = 3;

/// Generation and counter, compared in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fence {
    pub(crate) generation: u8,
    pub(crate) counter: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum RowState {
    /// Not discovered.
    #[default]
    Unknown,
    Open,
    Stored,
    /// Ended as poison.
    Failed,
}

/// A row of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) state: RowState,
    pub(crate) fence: Fence,
    /// Its attempt was not counted since its last hydrate.
    pub(crate) in_hand: bool,
    pub(crate) deaths: u8,
    /// The incarnations that died with it in hand, a bit for each; none once it has ended.
    pub(crate) died: u8,
    /// How often a commit has stored it.
    pub(crate) effects: u8,
}

/// Never loses what it has committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Postgres {
    /// The shard: its generation, and the Redis that it was raised for.
    pub(crate) generation: u8,
    pub(crate) run: u8,
    pub(crate) rows: [Row; URLS],
    /// The crawl's counters.
    pub(crate) stored: u8,
    pub(crate) failed: u8,
    /// The tenant's usage.
    pub(crate) billed: u8,
}

/// A claim of one URL. Its generation is that of whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Task {
    pub(crate) url: usize,
    pub(crate) counter: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) counter: u8,
    pub(crate) incarnation: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Pulse {
    #[default]
    Absent,
    Alive,
    Expired,
    /// It said goodbye with leases in hand.
    Left,
}

/// What Redis keeps for an incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Member {
    pub(crate) pulse: Pulse,
    /// The answer to its last claim, until it has come: from then on the worker's request number is another one.
    /// An empty answer changes nothing and is not modelled.
    pub(crate) reply: Option<Task>,
}

/// The window of one generation, under the key `meta` and the prefix of the generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    /// 0: none.
    pub(crate) generation: u8,
    pub(crate) run: u8,
    pub(crate) counter: u8,
    pub(crate) lane: [bool; URLS],
    pub(crate) leases: [Option<Lease>; URLS],
    pub(crate) members: [Member; INCARNATIONS],
    /// There are keys of older generations.
    pub(crate) garbage: bool,
}

/// May be wiped or go back to an older state at any moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Redis {
    /// The server's present life.
    pub(crate) run: u8,
    pub(crate) window: Window,
    /// What a restart would bring back, and how many changes it would lose.
    pub(crate) saved: Option<Box<(Window, u8)>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    #[default]
    Idle,
    /// The answer has come, to the first request or to a repeated one.
    Claimed(Task, bool),
    /// Hydrated: fetches, extracts, commits.
    Held(Task),
    /// A commit that leaves the task open was made, and its answer lost.
    Untold(Task),
    /// Not returned by hydrate.
    Refused(Task),
    /// To be handed back.
    Back(Task),
    /// Committed. The commit has told of a new URL, or not.
    Done(Task, bool),
}

/// A process and its present incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    /// 0: none.
    pub(crate) incarnation: u8,
    pub(crate) generation: u8,
    pub(crate) phase: Phase,
}

/// What the leading scheduler is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Rebuild {
    #[default]
    None,
    /// The window is not open; to be raised from this generation, for this server.
    Needed { old: u8, run: u8 },
    /// To be opened.
    Raised { generation: u8, run: u8 },
}

/// The leading scheduler. All is lost when it dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Leader {
    pub(crate) rebuild: Rebuild,
    /// The generation that its tasks work on; 0: none.
    pub(crate) known: u8,
    pub(crate) refill_due: bool,
    pub(crate) sweep_due: bool,
    /// What a feed has read in the ledger and not loaded yet, and for which generation.
    pub(crate) read: Option<(u8, [bool; URLS])>,
    /// Leases of the dead that the reaper was told of, and whether their deaths are counted.
    pub(crate) dead: [Option<(Lease, bool)>; URLS],
}

/// What must never have happened.
#[expect(clippy::struct_excessive_bools, reason = "each is an invariant of its own")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Broken {
    /// A commit changed a row under another fence than the row's.
    pub(crate) stale_commit: bool,
    /// The fence of a row did not rise.
    pub(crate) fence_fell: bool,
    /// A commit that leaves the task open had its effect twice.
    pub(crate) counted_twice: bool,
    /// The death of an incarnation was counted twice against a task.
    pub(crate) died_twice: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    pub(crate) workers: [Worker; WORKERS],
    pub(crate) leader: Leader,
    /// Faults of processes that may still happen.
    pub(crate) faults: u8,
    /// Wipes and restarts of Redis that may still happen.
    pub(crate) losses: u8,
    /// A lease was left to its deadline.
    pub(crate) abandoned: bool,
    pub(crate) broken: Broken,
}

/// An incarnation's place in [`Row::died`].
pub(crate) fn bit(incarnation: u8) -> u8 {
    1 << (incarnation - 1)
}

impl Phase {
    pub(crate) fn task(self) -> Option<Task> {
        match self {
            Self::Idle => None,
            Self::Claimed(task, _)
            | Self::Held(task)
            | Self::Untold(task)
            | Self::Refused(task)
            | Self::Back(task)
            | Self::Done(task, _) => Some(task),
        }
    }
}

impl State {
    /// An incarnation number that nobody knows.
    pub(crate) fn fresh(&self) -> u8 {
        let known = |number: u8| {
            let in_window = |window: &Window| {
                window.members[usize::from(number - 1)] != Member::default()
                    || window.leases.iter().flatten().any(|lease| lease.incarnation == number)
            };
            let counted = |row: &Row| row.died & bit(number) != 0;
            let named = self.leader.dead.iter().flatten().any(|(lease, _)| lease.incarnation == number);
            named
                || self.postgres.rows.iter().any(counted)
                || in_window(&self.redis.window)
                || self.redis.saved.as_deref().is_some_and(|(window, _)| in_window(window))
                || self.workers.iter().any(|worker| worker.incarnation == number)
        };
        let mut numbers = 1..=u8::try_from(INCARNATIONS).expect("a few");
        numbers.find(|number| !known(*number)).expect("more incarnations at once than the model has room for")
    }
}

//! One host, one shard, two workers, two URLs of two lanes, and clocks that count the ticks that are left.

/// A lease that is not renewed ends after so many ticks.
pub(crate) const TTL: u8 = 3;
/// A worker whose last good heartbeat is so many ticks old gives its pages up.
pub(crate) const LAST_GOOD: u8 = 2;
pub(crate) const WORKERS: usize = 2;
pub(crate) const URLS: usize = 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    /// No session.
    #[default]
    Out,
    Idle,
    Claimed(usize),
    /// Hydrated, its URL lock not asked for.
    Hydrated(usize),
    /// In contact with the host.
    Fetching(usize),
    /// The page is committed.
    Done(usize),
}

/// A worker. Its number is that of its only incarnation in a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    pub(crate) generation: u8,
    pub(crate) phase: Phase,
    /// Ticks since it sent the last heartbeat that was answered.
    pub(crate) since: u8,
    /// Stopped by its system: it does nothing, and its clock runs on.
    pub(crate) paused: bool,
    /// It was stopped when its timer came, and has not heard from Redis since.
    pub(crate) slept: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) ended: bool,
    /// The generation that it was hydrated under last; 0: never.
    pub(crate) generation: u8,
}

impl Worker {
    /// In contact with the host, by what the fleet can know.
    pub(crate) fn is_in_contact(&self) -> bool {
        matches!(self.phase, Phase::Fetching(_)) && !self.slept
    }
}

impl Keys {
    /// Nobody reaps these keys; their clocks are taken to allow everything.
    pub(crate) fn forgotten(self) -> Self {
        Self { pulse: [Some(TTL); WORKERS], rest: 0, ..self }
    }

    fn swap_workers(&mut self) {
        self.pulse.swap(0, 1);
        for holder in self.leases.iter_mut().flatten() {
            *holder = 1 - *holder;
        }
    }
}

impl State {
    /// Workers differ in nothing but their order.
    pub(crate) fn sort_workers(&mut self) {
        let order = |at: usize| (self.workers[at], self.keys.pulse[at], self.old.pulse[at]);
        if order(1) < order(0) {
            self.workers.swap(0, 1);
            self.keys.swap_workers();
            self.old.swap_workers();
        }
    }
}

/// The window of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Keys {
    pub(crate) lane: [bool; URLS],
    pub(crate) leases: [Option<usize>; URLS],
    /// Ticks until the heartbeat of a worker ends; none: it is not a member, or was taken off.
    pub(crate) pulse: [Option<u8>; WORKERS],
    /// Ticks until the host may be contacted.
    pub(crate) rest: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The shard in Postgres.
    pub(crate) generation: u8,
    pub(crate) rows: [Row; URLS],
    /// The server is the one that the shard names.
    pub(crate) same_server: bool,
    /// The generation in Redis; 0: wiped.
    pub(crate) opened: u8,
    pub(crate) keys: Keys,
    /// Keys of the generation before, if a script may still find them.
    pub(crate) old: Keys,
    pub(crate) workers: [Worker; WORKERS],
    /// Ticks for which workers of the generation before may still be fetching.
    pub(crate) quiet: u8,
    /// Wipes and restarts that may still happen.
    pub(crate) losses: u8,
    /// Pauses and lost answers that may still happen.
    pub(crate) faults: u8,
    /// Ticks until the host's delay after the last contact has passed, as a visitor would measure it.
    pub(crate) owed: u8,
    /// A contact began before that.
    pub(crate) hurried: bool,
}

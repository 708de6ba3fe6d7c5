//! The ledger's rows, the tenant's counter, and where the two commits are.

pub(crate) const PAGES: usize = 3;
pub(crate) const WORKERS: usize = 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) fence: u8,
    pub(crate) stores: u8,
    /// It waits, with the verdict "quota".
    pub(crate) waits: bool,
    /// It was refused once.
    pub(crate) refused: bool,
}

/// What a worker will commit: per page, the fence that it was hydrated with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Batch {
    pub(crate) fences: [u8; PAGES],
    /// Found no room: committed as waiting.
    pub(crate) without_room: [bool; PAGES],
}

/// The last statement that was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    #[default]
    Fetching,
    /// Rows are ended: their locks are held. So many pages are to be billed.
    Ended(u8),
    /// The bill is made: the counter's lock is held. So many pages.
    Billed(u8),
    /// Without the condition in the update, the room was read before it.
    Allowed(u8),
    /// The counter refused, and the attempt was rolled back.
    Refused,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    pub(crate) batch: Batch,
    pub(crate) phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) rows: [Row; PAGES],
    /// Pages billed this month, and the most that may be.
    pub(crate) billed: u8,
    pub(crate) limit: u8,
    pub(crate) workers: [Worker; WORKERS],
    pub(crate) faults: u8,
}

impl Batch {
    pub(crate) fn holds(self, page: usize) -> bool {
        self.fences[page] != 0
    }

    pub(crate) fn pages(self) -> usize {
        (0..PAGES).filter(|page| self.holds(*page)).count()
    }

    pub(crate) fn surplus(self) -> usize {
        self.without_room.iter().filter(|without| **without).count()
    }
}

impl State {
    pub(crate) fn stored(&self) -> u8 {
        self.rows.iter().map(|row| row.stores).sum()
    }

    /// Some transaction has ended the row and is not through.
    pub(crate) fn is_locked(&self, page: usize) -> bool {
        self.workers.iter().any(|worker| {
            matches!(worker.phase, Phase::Ended(_) | Phase::Allowed(_) | Phase::Billed(_))
                && worker.batch.holds(page)
        })
    }

    /// Some transaction has counted against the limit and is not through.
    pub(crate) fn counter_is_locked(&self) -> bool {
        self.workers.iter().any(|worker| matches!(worker.phase, Phase::Billed(_)))
    }
}

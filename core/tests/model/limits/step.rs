//! The statements of a commit.

use super::state::{Batch, PAGES, Phase, State, WORKERS, Worker};
use crate::guard::{Guard, Guards};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Claimed and hydrated; pages that wait for the limit only when it has room.
    Take {
        worker: usize,
        page: usize,
    },
    /// Rows end under their fences; what is not ours is taken out first.
    End {
        worker: usize,
    },
    /// The bill, or its refusal.
    Bill {
        worker: usize,
    },
    /// The transaction is through.
    Commit {
        worker: usize,
        lost: bool,
    },
    /// After a refusal: the room is read, and the pages behind it are to wait.
    Share {
        worker: usize,
    },
    Die {
        worker: usize,
    },
    /// A worker's lease ends: its page may be taken by the other.
    Lose {
        page: usize,
    },
    Raise,
}

pub(crate) fn all(steps: &mut Vec<Step>) {
    for worker in 0..WORKERS {
        steps.extend((0..PAGES).map(|page| Step::Take { worker, page }));
        steps.extend([
            Step::End { worker },
            Step::Bill { worker },
            Step::Commit { worker, lost: false },
            Step::Commit { worker, lost: true },
            Step::Share { worker },
            Step::Die { worker },
        ]);
    }
    steps.extend((0..PAGES).map(|page| Step::Lose { page }));
    steps.push(Step::Raise);
}

impl State {
    pub(crate) fn take(&mut self, step: Step, guards: Guards) -> Option<()> {
        match step {
            Step::Take { worker, page } => self.hydrate(worker, page, guards, false),
            Step::End { worker } => self.end(worker, guards),
            Step::Bill { worker } => self.bill(worker, guards),
            Step::Commit { worker, lost } => self.commit(worker, lost, guards),
            Step::Share { worker } => self.share(worker),
            Step::Die { worker } => self.die(worker),
            Step::Lose { page } => self.lose(page, guards),
            Step::Raise => self.raise(),
        }
    }

    /// Claim and hydrate: a page that nobody holds, or one whose holder has lost its lease.
    fn hydrate(&mut self, at: usize, page: usize, guards: Guards, lost: bool) -> Option<()> {
        let held = self.workers.iter().any(|worker| worker.batch.holds(page));
        let row = self.rows[page];
        let parked = row.waits && (self.billed >= self.limit || !guards.hold(Guard::Unpark));
        let worker = &mut self.workers[at];
        if worker.phase != Phase::Fetching
            || worker.batch.pages() + 1 >= PAGES
            || (held && !lost)
            || row.stores > 0
            || parked
        {
            return None;
        }
        self.rows[page].fence += 1;
        worker.batch.fences[page] = self.rows[page].fence;
        Some(())
    }

    /// `crawl_urls/end.sql`: waits for the locks of its rows. `Refusal::NotOurs` is part of the step: nothing was
    /// written, and the rest is tried again.
    fn end(&mut self, at: usize, guards: Guards) -> Option<()> {
        let worker = self.workers[at];
        if worker.phase != Phase::Fetching
            || worker.batch.pages() == 0
            || (0..PAGES).any(|page| worker.batch.holds(page) && self.is_locked(page))
        {
            return None;
        }
        let mut batch = worker.batch;
        for (page, row) in self.rows.iter().enumerate() {
            let open = row.stores == 0 || !guards.hold(Guard::CommitOpen);
            let ours = row.fence == batch.fences[page] || !guards.hold(Guard::CommitFence);
            if batch.holds(page) && !(open && ours) {
                batch.fences[page] = 0;
                batch.without_room[page] = false;
            }
        }
        let pages = u8::try_from(batch.pages() - batch.surplus()).expect("three at most");
        let phase = if batch.pages() == 0 { Phase::Fetching } else { Phase::Ended(pages) };
        self.workers[at] = Worker { batch, phase };
        Some(())
    }

    /// `record_tenant_usage`: waits for the counter's lock, and tests the limit with the value that it then has.
    fn bill(&mut self, at: usize, guards: Guards) -> Option<()> {
        let worker = self.workers[at];
        let fits = |pages: u8| pages == 0 || self.billed + pages <= self.limit;
        let next = match worker.phase {
            Phase::Ended(pages) if !guards.hold(Guard::LimitInUpdate) => {
                if fits(pages) {
                    Phase::Allowed(pages)
                } else {
                    Phase::Refused
                }
            }
            Phase::Allowed(pages) => Phase::Billed(pages),
            Phase::Ended(pages) if fits(pages) => Phase::Billed(pages),
            Phase::Ended(_) => Phase::Refused,
            _ => return None,
        };
        if self.counter_is_locked() && !matches!(next, Phase::Allowed(_)) {
            return None;
        }
        self.workers[at].phase = next;
        if next == Phase::Refused && !guards.hold(Guard::RollBack) {
            self.write_rows(worker.batch);
        }
        if matches!(next, Phase::Billed(_)) && !guards.hold(Guard::OneTransaction) {
            // What it writes is there before the bill.
            self.write_rows(worker.batch);
        }
        Some(())
    }

    fn write_rows(&mut self, batch: Batch) {
        for (page, row) in self.rows.iter_mut().enumerate() {
            if batch.holds(page) && batch.without_room[page] {
                (row.waits, row.refused) = (true, true);
            } else if batch.holds(page) {
                row.stores = (row.stores + 1).min(2);
                row.waits = false;
            }
        }
    }

    fn commit(&mut self, at: usize, lost: bool, guards: Guards) -> Option<()> {
        let worker = self.workers[at];
        let Phase::Billed(pages) = worker.phase else { return None };
        if guards.hold(Guard::OneTransaction) {
            self.write_rows(worker.batch);
        }
        self.billed += pages;
        let batch = if lost {
            self.faults = self.faults.checked_sub(1)?;
            // The same batch is committed again.
            worker.batch
        } else {
            Batch::default()
        };
        self.workers[at] = Worker { batch, phase: Phase::Fetching };
        Some(())
    }

    /// `Refusal::MonthFull`: the pages behind the room wait; at least one.
    fn share(&mut self, at: usize) -> Option<()> {
        let worker = &mut self.workers[at];
        if worker.phase != Phase::Refused {
            return None;
        }
        let room = usize::from(self.limit - self.billed);
        let batch = &mut worker.batch;
        let pages: Vec<_> =
            (0..PAGES).filter(|page| batch.holds(*page) && !batch.without_room[*page]).collect();
        let keep = room.min(pages.len() - 1);
        for page in &pages[keep..] {
            batch.without_room[*page] = true;
        }
        worker.phase = Phase::Fetching;
        Some(())
    }

    fn die(&mut self, at: usize) -> Option<()> {
        self.faults = self.faults.checked_sub(1)?;
        self.workers[at] = Worker::default();
        Some(())
    }

    /// The other worker claims and hydrates a page while its holder goes on.
    fn lose(&mut self, page: usize, guards: Guards) -> Option<()> {
        let other = self.workers.iter().position(|worker| !worker.batch.holds(page))?;
        if other == 0 && !self.workers[1].batch.holds(page) || self.is_locked(page) {
            return None;
        }
        self.faults = self.faults.checked_sub(1)?;
        self.hydrate(other, page, guards, true)
    }

    /// The operator raises the limit, or the month turns.
    fn raise(&mut self) -> Option<()> {
        let most = u8::try_from(PAGES).expect("three");
        (self.limit < most).then(|| self.limit = most)
    }
}

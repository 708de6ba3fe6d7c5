//! The reference model of Postgres: what every crawl, tenant and document must be.

use std::collections::{BTreeMap, BTreeSet};

use rad_core::ids::{Fence, HostId, JobId, TaskId, TenantId};
use rad_core::verdict::State;
use rad_schema::dead_letters::{MAX_DEATHS, SUSPECT_DEATHS};
use rad_schema::window::{DeadLease, Fate, HostTerms, Lane};

/// A URL of a crawl.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its number; none until the ledger was read.
    pub(crate) task: Option<TaskId>,
    pub(crate) host: HostId,
    pub(crate) state: State,
    pub(crate) fence: Fence,
    /// It is in hand: no attempt was counted since its last hydrate.
    pub(crate) in_hand: bool,
    pub(crate) attempts: i16,
    pub(crate) deaths: i16,
    /// Lives that ended with it in hand, those before a retry included.
    pub(super) died: BTreeSet<i64>,
}

impl Row {
    pub(crate) fn new(host: HostId) -> Self {
        Self {
            task: None,
            host,
            state: State::Open,
            fence: Fence { generation: 0, counter: 0 },
            in_hand: false,
            attempts: 0,
            deaths: 0,
            died: BTreeSet::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Crawl {
    pub(crate) tenant: TenantId,
    pub(crate) state: &'static str,
    pub(crate) max_pages: Option<i64>,
    pub(crate) rows: BTreeMap<String, Row>,
    /// Links that were left out, counted with the ends of their pages.
    pub(crate) excluded: i64,
}

impl Crawl {
    pub(crate) fn takes_effects(&self) -> bool {
        matches!(self.state, "running" | "paused")
    }

    pub(crate) fn count(&self, state: State) -> i64 {
        i64::try_from(self.rows.values().filter(|row| row.state == state).count()).expect("few")
    }

    pub(crate) fn is_full(&self) -> bool {
        self.max_pages.is_some_and(|most| self.count(State::Stored) >= most)
    }
}

/// A tenant's page: its content, and which fetch it is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document {
    pub(crate) content: u64,
    pub(crate) version: (i64, TaskId),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) monthly: Option<i64>,
    pub(crate) storage: Option<i64>,
    pub(crate) cap: i32,
    /// Pages stored, changes of a document included.
    pub(crate) used: i64,
    /// Bytes kept, as Postgres counts them.
    pub(crate) bytes: i64,
    pub(crate) documents: BTreeMap<String, Document>,
}

/// Everything that Postgres holds of one history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The shard's, which Redis may not have yet.
    pub(crate) generation: i64,
    pub(crate) tenants: BTreeMap<TenantId, Tenant>,
    pub(crate) crawls: BTreeMap<JobId, Crawl>,
    pub(crate) places: BTreeMap<TaskId, (JobId, String)>,
    /// Hosts whose robots are known.
    pub(crate) robots: BTreeMap<HostId, HostTerms>,
}

impl Ledger {
    pub(crate) fn row(&self, task: TaskId) -> Option<&Row> {
        let (job, url) = self.places.get(&task)?;
        self.crawls.get(job)?.rows.get(url)
    }

    pub(crate) fn row_mut(&mut self, task: TaskId) -> Option<&mut Row> {
        let (job, url) = self.places.get(&task)?;
        self.crawls.get_mut(job)?.rows.get_mut(url)
    }

    pub(crate) fn crawl_of(&self, task: TaskId) -> Option<&Crawl> {
        self.crawls.get(&self.places.get(&task)?.0)
    }

    /// The lanes of crawls that run.
    pub(crate) fn lanes(&self) -> BTreeSet<Lane> {
        let running = self.crawls.values().filter(|crawl| crawl.state == "running");
        running
            .flat_map(|crawl| {
                let open = crawl.rows.values().filter(|row| row.state == State::Open);
                open.map(|row| Lane { tenant: crawl.tenant, host: row.host })
            })
            .collect()
    }

    /// Whether some open task is claimed alone.
    pub(crate) fn has_suspects(&self) -> bool {
        let rows = self.crawls.values().flat_map(|crawl| crawl.rows.values());
        rows.filter(|row| row.state == State::Open).any(|row| row.deaths >= SUSPECT_DEATHS)
    }

    /// Takes a claim of `generation` into hand. True when the statement must return it.
    pub(crate) fn hydrate(&mut self, task: TaskId, fence: Fence) -> bool {
        let current = fence.generation >= self.generation;
        let runs = self.crawl_of(task).is_some_and(|crawl| crawl.state == "running");
        let Some(row) = self.row_mut(task).filter(|row| current && runs && row.state == State::Open) else {
            return false;
        };
        if row.fence >= fence {
            return false;
        }
        (row.fence, row.in_hand) = (fence, true);
        true
    }

    /// Counts a death; where its task must go, and whether it has ended by this.
    pub(crate) fn count_death(&mut self, lease: &DeadLease) -> (Fate, bool) {
        let takes_effects = self.crawl_of(lease.task).is_some_and(Crawl::takes_effects);
        let Some(row) = self.row_mut(lease.task) else { return (Fate::Gone, false) };
        let open = row.state == State::Open;
        let new = open && takes_effects && row.died.insert(lease.worker.0);
        row.deaths += i16::from(new);
        let ended = new && row.deaths >= MAX_DEATHS;
        if ended {
            row.state = State::Failed;
        }
        let fate = match (open && !ended, row.deaths >= SUSPECT_DEATHS) {
            (false, _) => Fate::Gone,
            (true, true) => Fate::Alone,
            (true, false) => Fate::Back,
        };
        (fate, ended)
    }

    /// Whether some crawl runs that has nothing open, or is full.
    pub(crate) fn can_finish(&self) -> bool {
        let mut running = self.crawls.values().filter(|crawl| crawl.state == "running");
        running.any(|crawl| crawl.count(State::Open) == 0 || crawl.is_full())
    }

    /// Ends what can be ended; which crawls these are.
    pub(crate) fn finish(&mut self) -> BTreeSet<JobId> {
        let mut finished = BTreeSet::new();
        for (job, crawl) in &mut self.crawls {
            let done = crawl.count(State::Open) == 0 || crawl.is_full();
            if crawl.state == "running" && done {
                crawl.state = "completed";
                finished.insert(*job);
            }
        }
        finished
    }

    /// Opens failed URLs again; how many.
    pub(crate) fn retry(&mut self, job: JobId) -> i64 {
        let crawl = self.crawls.get_mut(&job).expect("a crawl of the history");
        let mut opened = 0;
        for row in crawl.rows.values_mut().filter(|row| row.state == State::Failed) {
            let died = std::mem::take(&mut row.died);
            *row = Row { task: row.task, died, ..Row::new(row.host) };
            opened += 1;
        }
        if opened > 0 && crawl.state == "completed" {
            crawl.state = "running";
        }
        opened
    }
}

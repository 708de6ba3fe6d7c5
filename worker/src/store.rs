//! Making finished pages durable: batches per tenant into Postgres, then their leases out of Redis.
//!
//! Batches grow by themselves: while some commits run, finished pages queue up for the next.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rad_core::errors::chain;
use rad_core::ids::{Fence, HostId, TaskId, TenantId};
use rad_schema::commit::{Applied, Committed, Outcome};
use rad_schema::window::{Completion, HostTerms, Nack, NewTask, Requeue, Window, WindowError};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::engine::meters::{Slot, Trail};
use crate::engine::stages::counted_turns;
use crate::engine::{Engine, ends};
use crate::hand::Hand;
use crate::session::seat::{Life, Seats};

/// More at once only wait for each other's counters, and make the batches smaller.
const COMMITS_AT_ONCE: usize = 2;
const PAGES_A_BATCH: usize = 32;
/// A second commit beside a running one begins with so many pages: fewer are better off in one batch after it, as each
/// commit has its own cost, however small it is.
const BESIDE_ANOTHER: usize = 16;
/// New tasks told to Redis in one call.
const PUSHES_A_CALL: usize = 1_000;
/// From the hydrate of a page whose commit failed to its next fetch.
const FAILED_COMMIT_PAUSE: Duration = Duration::from_secs(10);
/// Longest wait for the end of a crawl to be written.
const FINISH: Duration = Duration::from_secs(5);
/// A commit waits so long for the leases that it ended.
const RELEASE: Duration = Duration::from_millis(500);
/// A lease that can't be given back now ends by its deadline.
const RELEASE_ATTEMPTS: u32 = 5;

/// A page on its way into the store. Its slot is free when it has arrived.
pub(crate) struct Finished {
    pub(crate) tenant: TenantId,
    pub(crate) host: HostId,
    pub(crate) outcome: Outcome,
    pub(crate) pause: Duration,
    pub(crate) terms: Option<HostTerms>,
    pub(crate) slot: Slot,
    pub(crate) trail: Trail,
    /// Where its lease is.
    pub(crate) life: Arc<Life>,
}

/// Commits and completes for one session.
pub(crate) struct Store {
    pub(crate) engine: Arc<Engine>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) hand: Arc<Hand>,
    /// Told when a completed task may have made another one claimable.
    pub(crate) kick: Arc<Notify>,
    /// Leases that are being ended.
    pub(crate) releases: TaskTracker,
}

impl Store {
    /// Commits what comes until the senders are gone.
    pub(crate) async fn run(self: Arc<Self>, mut finished: mpsc::Receiver<Finished>) {
        let mut commits = JoinSet::new();
        let (mut waiting, mut open) = (Vec::with_capacity(PAGES_A_BATCH), true);
        while open || !waiting.is_empty() || !commits.is_empty() {
            if begins(waiting.len(), commits.len()) {
                let pages = std::mem::replace(&mut waiting, Vec::with_capacity(PAGES_A_BATCH));
                self.begin(&mut commits, pages);
                continue;
            }
            let room = PAGES_A_BATCH - waiting.len();
            tokio::select! {
                received = finished.recv_many(&mut waiting, room), if open && room > 0 => open = received > 0,
                Some(_) = commits.join_next() => {}
            }
        }
        self.releases.close();
        self.releases.wait().await;
    }

    fn begin(self: &Arc<Self>, commits: &mut JoinSet<()>, pages: Vec<Finished>) {
        let store = Arc::clone(self);
        let tasks = pages.iter().map(|page| page.outcome.task).collect();
        let commit = async move {
            for (tenant, pages) in by_tenant(pages) {
                store.commit(tenant, pages).await;
            }
        };
        commits.spawn(Arc::clone(&self.engine.threads).watched("a commit", tasks, commit));
    }

    async fn commit(self: &Arc<Self>, tenant: TenantId, pages: Vec<Finished>) {
        let mut leases = HashMap::new();
        let mut outcomes = Vec::with_capacity(pages.len());
        let mut slots = Vec::with_capacity(pages.len());
        for page in pages {
            let lease = Lease::of(&page);
            leases.insert(page.outcome.task, lease);
            outcomes.push(page.outcome);
            slots.push(page.slot);
        }
        self.engine.crash.pass("before_commit");
        match counted_turns("commit", self.engine.db.commit(tenant, outcomes)).await {
            Ok(committed) => {
                self.engine.crash.pass("after_commit");
                counted_turns("dispatch", self.complete(tenant, &leases, committed)).await;
                self.engine.crash.pass("completed");
            }
            Err(error) => {
                tracing::warn!(tenant = tenant.0, error = chain(&error), "pages not committed, handed back");
                let answered: HashSet<_> = error.committed.applied.iter().map(|(task, _)| *task).collect();
                let left = leases.iter().filter(|(task, _)| !answered.contains(task));
                let mut back = ByShard::new(&self.seats);
                left.for_each(|(task, lease)| {
                    back.of(&lease.life).back.push(lease.nack(*task, lease.later()));
                });
                ends::went_back(back.parts().map(|part| part.back.len()).sum());
                self.complete(tenant, &leases, *error.committed).await;
                self.release(back).await;
            }
        }
        drop(slots);
        self.kick.notify_one();
    }

    async fn complete(
        self: &Arc<Self>,
        tenant: TenantId,
        leases: &HashMap<TaskId, Lease>,
        committed: Committed,
    ) {
        let (mut ends, mut parked) = (ByShard::new(&self.seats), committed.month_full);
        for (task, applied) in &committed.applied {
            let Some(lease) = leases.get(task) else { continue };
            lease.trail.applied(*task, *applied);
            let part = ends.of(&lease.life);
            match applied {
                Applied::Waits { rank } => part.back.push(lease.nack(*task, Requeue::At(*rank))),
                Applied::Quota => {
                    parked = true;
                    // The lane of a parked tenant is dropped; the host was contacted and rests.
                    part.back.push(lease.nack(*task, Requeue::SameRank));
                }
                Applied::Ended(_) | Applied::NotOurs | Applied::CrawlEnded | Applied::CrawlFull => {
                    part.done.push(Completion { task: *task, fence: lease.fence, pause: lease.pause });
                }
            }
        }
        for lease in committed.stored.iter().filter_map(|task| leases.get(task)) {
            lease.trail.stored();
        }
        ends::linked(&committed);
        if parked {
            tracing::info!(tenant = tenant.0, "a limit of the tenant is reached, tenant parked");
            for life in self.seats.lives() {
                ends.of(&life).park = Some(tenant);
            }
        }
        for (life, host, terms) in terms_of(leases) {
            ends.of(&life).hosts.push((host, terms));
        }
        for new in &committed.new_tasks {
            ends.push(*new);
        }
        self.release(ends).await;
        // Only what the commit wrote or met: a link that was rolled back must be offered again.
        self.engine.seen.remember(committed.known);
        if committed.finished {
            // Bounded: it runs inside one of few commits, and the leader ends crawls as well.
            match timeout(FINISH, self.engine.db.finish_jobs()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::debug!(error = chain(&error), "finished crawl left to the scheduler");
                }
                Err(_) => tracing::debug!("finished crawl left to the scheduler: no answer"),
            }
        }
    }

    /// All shards at once. One that does not answer keeps neither the others nor the next commits waiting.
    async fn release(self: &Arc<Self>, ends: ByShard) {
        let parts = ends.0.into_iter().map(|(life, part)| {
            let store = Arc::clone(self);
            self.releases.spawn(async move { store.release_in(&life, &part).await })
        });
        let parts: Vec<_> = parts.collect();
        let all = async {
            for part in parts {
                if part.await.is_err() {
                    tracing::error!("ending leases panicked");
                }
            }
        };
        // What takes longer goes on by itself.
        let _ = timeout(RELEASE, all).await;
    }

    async fn release_in(&self, life: &Life, part: &Part) {
        let Part { park, done, hosts, new, back } = part;
        if let Some(tenant) = *park {
            self.tell(life, |window| async move { window.park(tenant).await }).await;
        }
        if !(done.is_empty() && hosts.is_empty() && new.is_empty()) {
            let (first, rest) = new.split_at(new.len().min(PUSHES_A_CALL));
            self.tell(life, |window| async move { window.complete(done, hosts, first).await.map(drop) })
                .await;
            for new in rest.chunks(PUSHES_A_CALL) {
                self.tell(life, |window| async move { window.complete(&[], &[], new).await.map(drop) }).await;
            }
        }
        for item in done {
            self.hand.drop_lease(item.task, item.fence);
        }
        self.hand_back(life, back).await;
    }

    /// Hands leases back.
    pub(crate) async fn hand_back(&self, life: &Life, items: &[Nack]) {
        if items.is_empty() {
            return;
        }
        self.tell(life, |window| async move { window.nack(items).await.map(drop) }).await;
        for item in items {
            self.hand.drop_lease(item.task, item.fence);
        }
    }

    /// Calls the window until it answers. What it never hears of is repaired by deadline and reconciler.
    async fn tell<F>(&self, life: &Life, call: impl Fn(Window) -> F)
    where
        F: Future<Output = Result<(), WindowError>>,
    {
        for attempt in 0..RELEASE_ATTEMPTS {
            match call(life.window.clone()).await {
                Ok(()) => return,
                Err(WindowError::Stale | WindowError::Gone) => return life.lose(),
                Err(error) if attempt + 1 == RELEASE_ATTEMPTS => {
                    tracing::warn!(error = chain(&error), "leases left to their deadline");
                }
                // Whoever waits for the lost has nothing to end there any more.
                Err(_) if life.is_over() => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(50) * 3_u32.pow(attempt)).await,
            }
        }
    }
}

/// What a batch means for the windows that its leases are in, and for those of its new tasks.
struct ByShard(Vec<(Arc<Life>, Part)>, Arc<Seats>);

#[derive(Default)]
struct Part {
    park: Option<TenantId>,
    done: Vec<Completion>,
    hosts: Vec<(HostId, HostTerms)>,
    new: Vec<NewTask>,
    back: Vec<Nack>,
}

impl ByShard {
    fn new(seats: &Arc<Seats>) -> Self {
        Self(Vec::new(), Arc::clone(seats))
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.0.iter().map(|(_, part)| part)
    }

    /// A shard that was lost and joined again has two lives, each with a window of its own.
    fn of(&mut self, life: &Arc<Life>) -> &mut Part {
        let at = self.0.iter().position(|(known, _)| Arc::ptr_eq(known, life)).unwrap_or_else(|| {
            self.0.push((Arc::clone(life), Part::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    /// Without a window the reconciler finds the lane.
    fn push(&mut self, new: NewTask) {
        if let Some(life) = self.1.of_host(new.host) {
            self.of(&life).new.push(new);
        }
    }
}

/// Whether a commit of the pages that wait begins while others run. One that is alone begins at once.
fn begins(waiting: usize, running: usize) -> bool {
    match running {
        0 => waiting > 0,
        _ => running < COMMITS_AT_ONCE && waiting >= BESIDE_ANOTHER,
    }
}

/// What is needed to end a lease.
struct Lease {
    fence: Fence,
    host: HostId,
    hydrated_us: i64,
    pause: Duration,
    terms: Option<HostTerms>,
    trail: Trail,
    life: Arc<Life>,
}

impl Lease {
    fn of(page: &Finished) -> Self {
        Self {
            fence: page.outcome.fence,
            host: page.host,
            hydrated_us: page.outcome.hydrated_us,
            pause: page.pause,
            terms: page.terms,
            trail: page.trail.clone(),
            life: Arc::clone(&page.life),
        }
    }

    /// Not at once: what kept the page from being stored is likely there still.
    fn later(&self) -> Requeue {
        let pause = i64::try_from(FAILED_COMMIT_PAUSE.as_micros()).unwrap_or(i64::MAX);
        Requeue::At(self.hydrated_us.saturating_add(pause))
    }

    fn nack(&self, task: TaskId, requeue: Requeue) -> Nack {
        Nack { task, fence: self.fence, requeue, pause: self.pause }
    }
}

fn terms_of(leases: &HashMap<TaskId, Lease>) -> Vec<(Arc<Life>, HostId, HostTerms)> {
    let known: HashMap<_, _> =
        leases.values().filter_map(|lease| Some((lease.host, (&lease.life, lease.terms?)))).collect();
    known.into_iter().map(|(host, (life, terms))| (Arc::clone(life), host, terms)).collect()
}

/// Groups pages by tenant. A task that is there twice, under an old and a new fence, goes into two groups: each
/// has its own answer.
fn by_tenant(pages: Vec<Finished>) -> Vec<(TenantId, Vec<Finished>)> {
    let mut groups: Vec<(TenantId, HashSet<TaskId>, Vec<Finished>)> = Vec::new();
    for page in pages {
        let (tenant, task) = (page.tenant, page.outcome.task);
        let group = groups.iter_mut().find(|(of, tasks, _)| *of == tenant && !tasks.contains(&task));
        if let Some((_, tasks, pages)) = group {
            tasks.insert(task);
            pages.push(page);
        } else {
            groups.push((tenant, HashSet::from([task]), vec![page]));
        }
    }
    groups.into_iter().map(|(tenant, _, pages)| (tenant, pages)).collect()
}

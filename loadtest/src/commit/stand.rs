//! The private stores under test, and a crawl with tasks in hand.

use std::path::Path;

use rad_core::ids::{Fence, HostId, JobId, TaskId, TenantId};
use rad_core::scope::Scope;
use rad_core::url::CanonicalUrl;
use rad_core::verdict::Verdict;
use rad_schema::bench::make_plain_table;
use rad_schema::commit::{End, Excluded, Link, Outcome};
use rad_schema::db::Db;
use rad_schema::jobs::NewJob;
use rad_schema::ledger::Hydrated;
use rad_schema::local::{LocalOptions, LocalStores};
use rad_schema::window::{Claimed, Lane};

use super::CommitError;

const DATABASE: &str = "rad";
const PROCESS_ROLE: &str = "rad_app";
const START: &str = "https://bench.example/";
const GENERATION: i64 = 1;
/// As many as a claim has at most.
const HYDRATED_AT_ONCE: usize = 32;

/// Of links: they stay open behind the start of the next round.
pub(super) const LEAST_URGENT: i16 = 1;

/// Running stores with a tenant in them.
pub(super) struct Stand {
    stores: LocalStores,
    pub(super) db: Db,
    pub(super) tenant: TenantId,
    host: HostId,
    fence: i64,
}

/// A task in hand.
pub(super) type InHand = (Hydrated, Claimed);

impl Stand {
    pub(super) async fn start(dir: &Path, connections: u32) -> Result<Self, CommitError> {
        // As in production: what waits for the disk there must be measured here.
        let stores = Box::pin(LocalStores::start(dir, LocalOptions::default())).await?;
        stores.create_database(DATABASE).await?;
        let owner_url = stores.owner_url(DATABASE);
        rad_schema::migrate::run(&owner_url).await?;
        make_plain_table(&owner_url).await?;
        let (tenant, _) = rad_schema::tenants::create(&owner_url, "bench", None).await?;
        let db = Db::connect(&stores.url_for(PROCESS_ROLE, DATABASE), connections, "rad-loadtest").await?;
        let key = start_url().host_key();
        let hosts = db.intern_hosts(std::slice::from_ref(&key)).await?;
        let host = hosts.get(&key).copied().ok_or_else(|| CommitError::broken("the host has no number"))?;
        Ok(Self { stores, db, tenant, host, fence: 0 })
    }

    pub(super) fn owner_url(&self) -> String {
        self.stores.owner_url(DATABASE)
    }

    pub(super) async fn stop(self) -> Result<(), CommitError> {
        self.db.close().await;
        Ok(self.stores.stop().await?)
    }

    /// A crawl of its own with `pages` tasks, all in hand.
    pub(super) async fn crawl(&mut self, round: u32, pages: usize) -> Result<Vec<InHand>, CommitError> {
        let new = NewJob {
            start: start_url(),
            scope: Scope::default(),
            // Before all that earlier rounds have left open.
            priority: 10,
            max_pages: None,
            idempotency_key: None,
            trace_id: format!("{round:032x}"),
        };
        let job = self.db.start_job(self.tenant, self.host, &new).await?.job;
        let lane = Lane { tenant: self.tenant, host: self.host };
        let heads = self.db.lane_heads(&[lane], GENERATION).await?;
        let root = heads.first().and_then(|head| head.tasks.first()).map(|(task, _)| *task);
        let root = root.ok_or_else(|| CommitError::broken("a new crawl has no open URL"))?;
        let root = self.in_hand(&[root]).await?.remove(0);
        let tasks = self.links(job, &root, round, pages).await?;
        self.in_hand(&tasks).await
    }

    /// Gives a crawl its pages, as links of its start URL.
    async fn links(
        &self,
        job: JobId,
        (root, claim): &InHand,
        round: u32,
        pages: usize,
    ) -> Result<Vec<TaskId>, CommitError> {
        let link = |page: usize| {
            let url = format!("{START}round-{round}/section-{}/page-{page}/", page % 12);
            let url = CanonicalUrl::parse(&url).expect("the literal is a URL");
            Link::new(job, &url, self.host, 1, LEAST_URGENT, page)
        };
        let outcome = Outcome {
            task: root.task,
            job,
            fence: claim.fence,
            hydrated_us: root.hydrated_us,
            end: End::Skipped { verdict: Verdict::Noindex, evidence: "a start without a page".to_owned() },
            links: (0..pages).map(link).collect(),
            settled: Vec::new(),
            excluded: Excluded::default(),
        };
        let committed = self.db.commit(self.tenant, vec![outcome]).await?;
        Ok(committed.new_tasks.iter().map(|task| task.task).collect())
    }

    async fn in_hand(&mut self, tasks: &[TaskId]) -> Result<Vec<InHand>, CommitError> {
        let mut all = Vec::with_capacity(tasks.len());
        for tasks in tasks.chunks(HYDRATED_AT_ONCE) {
            let claims: Vec<_> = tasks.iter().map(|task| self.claim(*task)).collect();
            let hydrated = self.db.hydrate(&claims, GENERATION).await?;
            all.extend(hydrated.into_iter().filter_map(|task| {
                let claim = claims.iter().find(|claim| claim.task == task.task)?;
                Some((task, *claim))
            }));
        }
        if all.len() == tasks.len() {
            Ok(all)
        } else {
            Err(CommitError::broken("open tasks were not hydrated"))
        }
    }

    fn claim(&mut self, task: TaskId) -> Claimed {
        self.fence += 1;
        let fence = Fence { generation: GENERATION, counter: self.fence };
        Claimed { task, tenant: self.tenant, host: self.host, fence, rank: 0 }
    }
}

fn start_url() -> CanonicalUrl {
    CanonicalUrl::parse(START).expect("the literal is a URL")
}

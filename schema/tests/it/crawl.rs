//! A crawl in a database of its own, with tasks taken into hand by made-up claims.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rad_core::ids::{Fence, HostId, JobId, TaskId, TenantId};
use rad_core::scope::Scope;
use rad_core::url::CanonicalUrl;
use rad_core::verdict::Verdict;
use rad_schema::commit::{Committed, End, Link, Outcome};
use rad_schema::db::Db;
use rad_schema::jobs::{JobStatus, NewJob};
use rad_schema::tenants;
use rad_schema::window::{Claimed, Lane};
use sqlx::PgConnection;

use crate::Done;
use crate::page::{Task, outcome, url};
use crate::snapshot::assert_counts_are_true;
use crate::stores::TestDb;

/// A trace id.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A tenant with one running crawl of `http://site.test/`.
pub(crate) struct Crawl {
    pub(crate) store: TestDb,
    pub(crate) owner: PgConnection,
    pub(crate) tenant: TenantId,
    pub(crate) host: HostId,
    pub(crate) job: JobId,
    fence: i64,
}

impl Crawl {
    /// A crawl with `/0` to `/<pages - 1>` open; its start URL is done.
    pub(crate) async fn with_pages(pages: usize) -> anyhow::Result<Self> {
        Self::limited(pages, None, None).await
    }

    /// The same with a maximum of the crawl and of the tenant's month.
    pub(crate) async fn limited(
        pages: usize,
        max_pages: Option<i64>,
        monthly_pages: Option<i64>,
    ) -> anyhow::Result<Self> {
        let store = TestDb::create().await?;
        let owner = store.owner().await?;
        let (tenant, _) = tenants::create(&store.owner_url, "acme", monthly_pages).await?;
        let host = intern(&store.db, "http://site.test/").await?;
        let mut this = Self { store, owner, tenant, host, job: JobId(0), fence: 0 };
        this.job = this.start(pages, max_pages).await?;
        Ok(this)
    }

    /// Starts a crawl of the same site with `/0` to `/<pages - 1>` open.
    pub(crate) async fn start(&mut self, pages: usize, max_pages: Option<i64>) -> anyhow::Result<JobId> {
        let new = NewJob {
            start: url("/"),
            scope: Scope::default(),
            priority: 5,
            max_pages,
            idempotency_key: None,
            trace_id: TRACE.to_owned(),
        };
        let job = self.db().start_job(self.tenant, self.host, &new).await?.job;
        let root = self.take_of(job, &["/"]).await?.remove(0);
        let links = (0..pages).map(|n| self.link(job, &format!("/{n}"))).collect();
        let skipped =
            End::Skipped { verdict: Verdict::Noindex, evidence: "a start without a page".to_owned() };
        self.commit(vec![Outcome { links, ..outcome(&root, skipped) }]).await?;
        Ok(job)
    }

    pub(crate) fn db(&self) -> &Db {
        &self.store.db
    }

    pub(crate) fn lane(&self) -> Lane {
        Lane { tenant: self.tenant, host: self.host }
    }

    pub(crate) fn link(&self, job: JobId, path: &str) -> Link {
        Link::new(job, &url(path), self.host, 1, 5, 0)
    }

    /// Claims as the window would give them out: each with the next token of generation 1.
    pub(crate) fn claims(&mut self, tasks: &[TaskId]) -> Vec<Claimed> {
        tasks
            .iter()
            .map(|task| {
                self.fence += 1;
                let fence = Fence { generation: 1, counter: self.fence };
                Claimed { task: *task, tenant: self.tenant, host: self.host, fence, rank: 0 }
            })
            .collect()
    }

    /// Takes open tasks of the crawl into hand, in the order of `paths`.
    pub(crate) async fn take(&mut self, paths: &[&str]) -> anyhow::Result<Vec<Task>> {
        self.take_of(self.job, paths).await
    }

    pub(crate) async fn take_of(&mut self, job: JobId, paths: &[&str]) -> anyhow::Result<Vec<Task>> {
        let mut tasks = Vec::new();
        for path in paths {
            tasks.push(self.task(job, path).await?);
        }
        let claims = self.claims(&tasks);
        let hydrated = self.db().hydrate(&claims, 1).await?;
        claims
            .iter()
            .map(|claim| {
                let found = hydrated.iter().find(|task| task.task == claim.task);
                let hydrated = found.with_context(|| format!("task {} not hydrated", claim.task))?.clone();
                Ok(Task { hydrated, fence: claim.fence })
            })
            .collect()
    }

    /// The number of a URL in the ledger.
    pub(crate) async fn task(&mut self, job: JobId, path: &str) -> anyhow::Result<TaskId> {
        let id: i64 = sqlx::query_scalar("SELECT task_id FROM crawl_urls WHERE job_id = $1 AND url = $2")
            .bind(job.0)
            .bind(url(path).as_str())
            .fetch_one(&mut self.owner)
            .await
            .with_context(|| format!("{path} in the ledger"))?;
        Ok(TaskId(id))
    }

    /// State and verdict of a URL.
    pub(crate) async fn row(&mut self, path: &str) -> anyhow::Result<(i16, Option<String>)> {
        let sql = "SELECT state, verdict FROM crawl_urls WHERE job_id = $1 AND url = $2";
        let row = sqlx::query_as(sql).bind(self.job.0).bind(url(path).as_str().to_owned());
        Ok(row.fetch_one(&mut self.owner).await?)
    }

    pub(crate) async fn commit(&self, outcomes: Vec<Outcome>) -> anyhow::Result<Committed> {
        Ok(self.db().commit(self.tenant, outcomes).await?)
    }

    /// Adds links by ending the task of `path`.
    pub(crate) async fn add(&mut self, path: &str, links: Vec<Link>) -> Done {
        let tasks = self.take(&[path]).await?;
        self.commit(vec![Outcome { links, ..outcome(&tasks[0], End::Unchanged { document: None }) }]).await?;
        Ok(())
    }

    pub(crate) async fn set_state(&mut self, job: JobId, state: &str) -> Done {
        let sql = "UPDATE jobs SET state = $1 WHERE job_id = $2";
        sqlx::query(sql).bind(state).bind(job.0).execute(&mut self.owner).await?;
        Ok(())
    }

    /// A commit in the background.
    pub(crate) fn commit_soon(
        &self,
        outcomes: Vec<Outcome>,
    ) -> tokio::task::JoinHandle<anyhow::Result<Committed>> {
        let (db, tenant) = (self.db().clone(), self.tenant);
        tokio::spawn(async move { Ok(db.commit(tenant, outcomes).await?) })
    }

    pub(crate) async fn status(&self) -> anyhow::Result<JobStatus> {
        self.db().job_status(self.tenant, self.job).await?.context("the crawl exists")
    }

    /// One number that the owner reads.
    pub(crate) async fn count(&mut self, sql: &'static str) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&mut self.owner).await?)
    }

    /// Returns when `count` sessions of this database wait for a lock.
    pub(crate) async fn wait_for_waiters(&mut self, count: i64) -> Done {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let waiting = self
                .count(
                    "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .await?;
            if waiting == count {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("{count} sessions never waited together")
    }

    /// Every commit test ends here: the counters are those of the rows.
    pub(crate) async fn finish(mut self) -> Done {
        assert_counts_are_true(&mut self.owner).await?;
        drop(self.owner);
        self.store.remove().await
    }
}

pub(crate) async fn intern(db: &Db, at: &str) -> anyhow::Result<HostId> {
    let key = CanonicalUrl::parse(at)?.host_key();
    db.intern_hosts(std::slice::from_ref(&key)).await?.remove(&key).context("the host has a number")
}

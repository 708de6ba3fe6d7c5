//! Compares both stores with the model.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use rad_core::ids::{JobId, TaskId, TenantId};
use rad_core::verdict::State;
use serde::Deserialize;
use serde_json::Value;

use super::world::History;
use crate::Done;

/// All that Postgres has of these tenants, in one reading: URLs, crawls, tenants.
const READ: &str = "SELECT
    (SELECT coalesce(jsonb_agg(to_jsonb(u)), '[]') FROM (
        SELECT job_id, task_id, url, state, generation, fence, attempts, deaths, hydrated_us
        FROM crawl_urls WHERE tenant_id = ANY ($1)) AS u),
    (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') FROM (
        SELECT j.job_id, j.state, p.discovered, p.excluded_host,
               ARRAY[p.stored, p.unchanged, p.duplicate, p.redirected, p.superseded, p.skipped, p.failed] AS ended
        FROM jobs j JOIN job_progress p USING (tenant_id, job_id) WHERE j.tenant_id = ANY ($1)) AS c),
    (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM (
        SELECT t.tenant_id, coalesce(k.bytes, 0) AS bytes,
            coalesce((SELECT sum(pages) FROM tenant_usage u WHERE u.tenant_id = t.tenant_id), 0) AS used,
            coalesce((SELECT sum(quantity) FROM usage_events e WHERE e.tenant_id = t.tenant_id), 0) AS billed,
            (SELECT count(*) FROM documents d WHERE d.tenant_id = t.tenant_id) AS documents
        FROM tenants t LEFT JOIN tenant_storage k USING (tenant_id) WHERE t.tenant_id = ANY ($1)) AS t)";

const ENDS: [State; 7] = [
    State::Stored,
    State::Unchanged,
    State::Duplicate,
    State::Redirected,
    State::Superseded,
    State::Skipped,
    State::Failed,
];

#[derive(Deserialize)]
struct UrlRow {
    job_id: i64,
    task_id: i64,
    url: String,
    state: i16,
    generation: i64,
    fence: i64,
    attempts: i16,
    deaths: i16,
    hydrated_us: Option<i64>,
}

#[derive(Deserialize)]
struct CrawlRow {
    job_id: i64,
    state: String,
    discovered: i64,
    excluded_host: i64,
    ended: Vec<i64>,
}

#[derive(Deserialize)]
struct TenantRow {
    tenant_id: i64,
    bytes: i64,
    used: i64,
    billed: i64,
    documents: i64,
}

impl History {
    /// Nothing is lost, every effect is there once, no limit is passed, and the window holds the leases that it gave.
    pub(super) async fn check(&mut self) -> Done {
        if std::mem::take(&mut self.dirty) {
            let ids: Vec<_> = self.ledger.tenants.keys().map(|tenant| tenant.0).collect();
            let read = sqlx::query_as::<_, (Value, Value, Value)>(READ).bind(ids);
            let (rows, crawls, tenants) = read.fetch_one(&mut self.stores.owner).await?;
            self.check_rows(serde_json::from_value(rows)?)?;
            self.check_crawls(&serde_json::from_value::<Vec<_>>(crawls)?)?;
            self.check_tenants(&serde_json::from_value::<Vec<_>>(tenants)?)?;
        }
        self.check_window().await
    }

    fn check_rows(&mut self, rows: Vec<UrlRow>) -> Done {
        let known: usize = self.ledger.crawls.values().map(|crawl| crawl.rows.len()).sum();
        let mut seen: BTreeMap<JobId, usize> = BTreeMap::new();
        for is in rows {
            let (job, task) = (JobId(is.job_id), TaskId(is.task_id));
            let row = self.ledger.crawls.get_mut(&job).and_then(|crawl| crawl.rows.get_mut(&is.url));
            let row = row.with_context(|| format!("{} of crawl {job} is unknown", is.url))?;
            ensure!(*row.task.get_or_insert(task) == task, "{} has become task {task}", is.url);
            let stored = (is.state, is.generation, is.fence, is.attempts, is.deaths);
            let right = (row.state.code(), row.fence.generation, row.fence.counter, row.attempts, row.deaths);
            ensure!(stored == right, "{} of crawl {job}: {stored:?}, not {right:?}", is.url);
            let open = row.state == State::Open;
            ensure!(!open || is.hydrated_us.is_some() == row.in_hand, "{}: {:?}", is.url, is.hydrated_us);
            *seen.entry(job).or_default() += 1;
            self.ledger.places.entry(task).or_insert((job, is.url));
        }
        let found: usize = seen.values().sum();
        ensure!(found == known, "{found} URLs in the ledger, {known} were accepted");
        Ok(())
    }

    fn check_crawls(&self, crawls: &[CrawlRow]) -> Done {
        ensure!(crawls.len() == self.ledger.crawls.len(), "{} crawls", crawls.len());
        for is in crawls {
            let crawl = &self.ledger.crawls[&JobId(is.job_id)];
            ensure!(is.state == crawl.state, "crawl {} is {}, not {}", is.job_id, is.state, crawl.state);
            let known = i64::try_from(crawl.rows.len())?;
            ensure!(is.discovered == known, "crawl {}: {} discovered, not {known}", is.job_id, is.discovered);
            let right = ENDS.map(|state| crawl.count(state));
            ensure!(is.ended == right, "crawl {}: counted {:?}, not {right:?}", is.job_id, is.ended);
            let (counted, right) = (is.excluded_host, crawl.excluded);
            ensure!(counted == right, "crawl {}: {counted} links left out, not {right}", is.job_id);
            let stored = crawl.count(State::Stored);
            ensure!(crawl.max_pages.is_none_or(|most| stored <= most), "crawl {} is too large", is.job_id);
        }
        Ok(())
    }

    fn check_tenants(&mut self, tenants: &[TenantRow]) -> Done {
        for is in tenants {
            let tenant = self.ledger.tenants.get_mut(&TenantId(is.tenant_id)).context("a tenant")?;
            tenant.bytes = is.bytes;
            let right = (tenant.used, tenant.used, i64::try_from(tenant.documents.len())?);
            let counted = (is.used, is.billed, is.documents);
            ensure!(
                counted == right,
                "tenant {}: used, billed, documents {counted:?}, not {right:?}",
                tenant.name
            );
            ensure!(tenant.monthly.is_none_or(|most| is.used <= most), "{}: {} pages", tenant.name, is.used);
            ensure!(
                tenant.storage.is_none_or(|most| is.bytes <= most),
                "{}: {} bytes",
                tenant.name,
                is.bytes
            );
        }
        Ok(())
    }

    async fn check_window(&self) -> Done {
        let Some(generation) = self.glass.generation else { return Ok(()) };
        let leased = self.stores.dispatch.window(generation).stats().await?.leased;
        let right = i64::try_from(self.glass.leases.len())?;
        ensure!(leased == right, "{leased} leases, not {right}: {:?}", self.glass.leases);
        Ok(())
    }
}

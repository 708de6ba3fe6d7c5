//! The URL ledger across tenants: what the feeder reads and what a worker takes into hand.

use std::collections::HashMap;
use std::time::Duration;

use rad_core::ids::{DocumentId, HostId, JobId, TaskId, TenantId};
use sqlx::FromRow;

use crate::db::{Db, DbError};
use crate::dead_letters::SUSPECT_DEATHS;
use crate::process::metrics::Timing;
use crate::window::{Claimed, HostTerms, Lane, WINDOW};

/// A task with everything that a worker needs to fetch it.
#[derive(Clone, Debug)]
pub struct Hydrated {
    /// Whose it is.
    pub tenant: TenantId,
    /// The task.
    pub task: TaskId,
    /// Its crawl.
    pub job: JobId,
    /// Its host.
    pub host: HostId,
    /// Canonical URL.
    pub url: String,
    /// Links from the start URL.
    pub depth: u16,
    /// Failed fetches so far.
    pub attempts: u16,
    /// When it was taken into hand, by Postgres' clock, in microseconds.
    pub hydrated_us: i64,
    /// Start URL of its crawl.
    pub start_url: String,
    /// Scope of its crawl, as JSON.
    pub scope: serde_json::Value,
    /// Priority of its crawl, 10 the most urgent.
    pub priority: i16,
    /// W3C trace id of its crawl.
    pub trace_id: String,
    /// The document that the tenant has already of this URL.
    pub document: Option<DocumentId>,
    /// Its validators.
    pub etag: Option<String>,
    /// See `etag`.
    pub last_modified: Option<String>,
    /// Its links where it has validators, as [`crate::documents::links_of`] reads them.
    pub outlinks: Option<Vec<u8>>,
}

/// The head of a lane, as the ledger has it.
#[derive(Clone, Debug)]
pub struct LaneHead {
    /// The lane.
    pub lane: Lane,
    /// Open tasks with their ranks, in dispatch order.
    pub tasks: Vec<(TaskId, i64)>,
    /// Those of them that workers have died with too often to be claimed beside others.
    pub suspects: Vec<TaskId>,
    /// There are no more open rows than these.
    pub complete: bool,
    /// The last hydrate under an older generation: somebody may still be fetching from the host.
    pub last_stale_hydrate_us: Option<i64>,
    /// When each task was last taken into hand that was so under an older generation, as far as was read.
    pub stale_hydrates_us: Vec<i64>,
}

impl LaneHead {
    /// A lane of which nothing is to be loaded.
    pub fn empty(lane: Lane) -> Self {
        Self {
            lane,
            tasks: Vec::new(),
            suspects: Vec::new(),
            complete: true,
            last_stale_hydrate_us: None,
            stale_hydrates_us: Vec::new(),
        }
    }
}

/// What a lane's tenant and host allow.
#[derive(Clone, Copy, Debug)]
pub struct LaneTerms {
    /// The tenant's share relative to others.
    pub weight: i32,
    /// Tasks of the tenant at once.
    pub max_crawlers: i32,
    /// Pages left this month; none when there is no limit.
    pub room: Option<i64>,
    /// What the host allows; none while its robots are unknown.
    pub host: Option<HostTerms>,
    /// Time until the host may be contacted.
    pub pause: Duration,
}

#[derive(FromRow)]
struct HydratedRow {
    tenant_id: i64,
    task_id: i64,
    job_id: i64,
    host_id: i64,
    url: String,
    depth: i16,
    attempts: i16,
    hydrated_us: i64,
    start_url: String,
    scope: serde_json::Value,
    priority: i16,
    trace_id: String,
    document_id: Option<i64>,
    etag: Option<String>,
    last_modified: Option<String>,
    outlinks: Option<Vec<u8>>,
}

impl From<HydratedRow> for Hydrated {
    fn from(row: HydratedRow) -> Self {
        Self {
            tenant: TenantId(row.tenant_id),
            task: TaskId(row.task_id),
            job: JobId(row.job_id),
            host: HostId(row.host_id),
            url: row.url,
            depth: u16::try_from(row.depth).unwrap_or(u16::MAX),
            attempts: u16::try_from(row.attempts).unwrap_or(u16::MAX),
            hydrated_us: row.hydrated_us,
            start_url: row.start_url,
            scope: row.scope,
            priority: row.priority,
            trace_id: row.trace_id,
            document: row.document_id.map(DocumentId),
            etag: row.etag,
            last_modified: row.last_modified,
            outlinks: row.outlinks,
        }
    }
}

fn split(lanes: &[Lane]) -> (Vec<i64>, Vec<i64>) {
    lanes.iter().map(|lane| (lane.tenant.0, lane.host.0)).unzip()
}

impl Db {
    /// Takes claimed tasks of one generation into hand. What is not returned is finished, cancelled, paused, somebody
    /// else's, or of a generation that is over: drop it.
    pub async fn hydrate(&self, claimed: &[Claimed], generation: i64) -> Result<Vec<Hydrated>, DbError> {
        let _timing = Timing::query("hydrate");
        let tenants: Vec<_> = claimed.iter().map(|task| task.tenant.0).collect();
        let tasks: Vec<_> = claimed.iter().map(|task| task.task.0).collect();
        let fences: Vec<_> = claimed.iter().map(|task| task.fence.counter).collect();
        let rows = sqlx::query_as::<_, HydratedRow>(include_str!("../queries/crawl_urls/hydrate.sql"))
            .bind(tenants)
            .bind(tasks)
            .bind(fences)
            .bind(generation)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("hydrate claimed tasks"))?;
        Ok(rows.into_iter().map(Hydrated::from).collect())
    }

    /// Up to `most` running crawls after a cursor, in the order of their numbers.
    pub async fn running_jobs(
        &self,
        after: (TenantId, JobId),
        most: i32,
    ) -> Result<Vec<(TenantId, JobId)>, DbError> {
        let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/jobs/running.sql"))
            .bind(after.0.0)
            .bind(after.1.0)
            .bind(most)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list running crawls"))?;
        Ok(rows.into_iter().map(|(tenant, job)| (TenantId(tenant), JobId(job))).collect())
    }

    /// The lanes with open rows in a crawl; none unless it runs.
    pub async fn lanes(&self, tenant: TenantId, job: JobId) -> Result<Vec<Lane>, DbError> {
        let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/crawl_urls/lanes.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list lanes with open URLs"))?;
        Ok(rows
            .into_iter()
            .map(|(tenant, host)| Lane { tenant: TenantId(tenant), host: HostId(host) })
            .collect())
    }

    /// The head of each lane, a window's size; rows hydrated under a generation before `generation` are noted.
    pub async fn lane_heads(&self, lanes: &[Lane], generation: i64) -> Result<Vec<LaneHead>, DbError> {
        let _timing = Timing::query("lane_heads");
        // What is leased stands first in the ledger's order too: read far enough to fill a window behind it.
        let depth = 2 * WINDOW;
        let (tenants, hosts) = split(lanes);
        let rows = sqlx::query_as::<_, (i64, i64, i64, i64, i64, Option<i64>, i16)>(include_str!(
            "../queries/crawl_urls/feed.sql"
        ))
        .bind(tenants)
        .bind(hosts)
        .bind(i32::try_from(depth).unwrap_or(i32::MAX))
        .fetch_all(&self.pool)
        .await
        .map_err(DbError::doing("read the heads of lanes"))?;
        let mut heads: Vec<_> = lanes.iter().map(|lane| LaneHead::empty(*lane)).collect();
        let index: HashMap<_, _> = lanes.iter().enumerate().map(|(at, lane)| (*lane, at)).collect();
        for (tenant, host, task, rank, row_generation, hydrated_us, deaths) in rows {
            let lane = Lane { tenant: TenantId(tenant), host: HostId(host) };
            let head = &mut heads[index[&lane]];
            head.tasks.push((TaskId(task), rank));
            head.complete = head.tasks.len() < depth;
            if deaths >= SUSPECT_DEATHS {
                head.suspects.push(TaskId(task));
            }
            if row_generation < generation {
                head.last_stale_hydrate_us = head.last_stale_hydrate_us.max(hydrated_us);
                head.stale_hydrates_us.extend(hydrated_us);
            }
        }
        Ok(heads)
    }

    /// Hosts that a worker of a generation before `generation` may be in contact with, because a row that is open
    /// still was hydrated after `since_us`, each with its delay. Reads all open rows once: for a rebuild only.
    pub async fn hosts_in_flight(
        &self,
        generation: i64,
        since_us: i64,
    ) -> Result<Vec<(HostId, Duration)>, DbError> {
        let _timing = Timing::query("hosts_in_flight");
        let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/crawl_urls/in_flight.sql"))
            .bind(generation)
            .bind(since_us)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list hosts in flight"))?;
        Ok(rows
            .into_iter()
            .map(|(host, delay_ms)| (HostId(host), Duration::from_millis(delay_ms.unsigned_abs())))
            .collect())
    }

    /// Tasks that each of `tenants` may have running at once; a tenant that is gone is left out.
    pub async fn caps(&self, tenants: &[TenantId]) -> Result<HashMap<TenantId, i64>, DbError> {
        let numbers: Vec<_> = tenants.iter().map(|tenant| tenant.0).collect();
        let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/tenants/caps.sql"))
            .bind(numbers)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("read the caps of tenants"))?;
        Ok(rows.into_iter().map(|(tenant, cap)| (TenantId(tenant), cap)).collect())
    }

    /// What the tenants and hosts of `lanes` allow, in the order of `lanes`; none for one that is gone.
    pub async fn lane_terms(&self, lanes: &[Lane]) -> Result<Vec<Option<LaneTerms>>, DbError> {
        #[derive(FromRow)]
        struct Row {
            tenant_id: i64,
            host_id: i64,
            weight: i32,
            max_crawlers: i32,
            room: Option<i64>,
            delay_ms: Option<i64>,
            max_concurrency: Option<i32>,
            not_before_ms: Option<i64>,
        }
        let _timing = Timing::query("lane_terms");
        let (tenants, hosts) = split(lanes);
        let rows = sqlx::query_as::<_, Row>(include_str!("../queries/crawl_urls/terms.sql"))
            .bind(tenants)
            .bind(hosts)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("read the terms of lanes"))?;
        let mut by_lane = HashMap::new();
        for row in rows {
            let host = row.delay_ms.zip(row.max_concurrency).map(|(delay, most)| HostTerms {
                delay: Duration::from_millis(delay.unsigned_abs()),
                max_concurrency: most.unsigned_abs(),
            });
            by_lane.insert(
                Lane { tenant: TenantId(row.tenant_id), host: HostId(row.host_id) },
                LaneTerms {
                    weight: row.weight,
                    max_crawlers: row.max_crawlers,
                    room: row.room,
                    host,
                    pause: Duration::from_millis(row.not_before_ms.unwrap_or(0).unsigned_abs()),
                },
            );
        }
        Ok(lanes.iter().map(|lane| by_lane.get(lane).copied()).collect())
    }
}

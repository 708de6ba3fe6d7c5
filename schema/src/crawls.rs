//! Reading a tenant's crawls: listings, and what became of their URLs.
//!
//! Every statement reads counters or a partial index, never a whole ledger.

use std::collections::HashMap;

use rad_core::ids::{JobId, TaskId, TenantId};
use sqlx::FromRow;

use crate::db::{Db, DbError};
use crate::jobs::{JobStatus, Reason};

/// Which crawls a listing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrawlFilter<'a> {
    /// Only crawls that show this state: `running`, `paused`, `completed` or `cancelled`.
    pub state: Option<&'a str>,
    /// The tenant is at a limit: its running crawls with open URLs show as `paused`.
    pub at_limit: bool,
}

/// A life of a worker that ended with a task in hand.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Death {
    /// The worker's name.
    pub worker_id: String,
    /// Which of its lives.
    pub incarnation: i64,
    /// When it was taken for dead, RFC 3339 in UTC.
    pub at: String,
}

/// A URL of a crawl that failed or was skipped.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct CrawlError {
    /// Its number, by which the listing is ordered.
    #[serde(skip)]
    pub task_id: i64,
    /// The URL.
    pub url: String,
    /// `failed` or `skipped`.
    pub state: String,
    /// The verdict's code.
    pub verdict: String,
    /// What the verdict rests on, such as the robots rule or the HTTP status.
    pub evidence: Option<String>,
    /// Failed fetches.
    pub attempts: i16,
    /// When it ended, RFC 3339 in UTC.
    pub ended_at: Option<String>,
    /// Workers that died with it in hand, in that order, those before a retry included.
    #[sqlx(json)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deaths: Vec<Death>,
}

impl Db {
    /// Up to `most` crawls older than `before`, newest first.
    pub async fn crawls(
        &self,
        tenant: TenantId,
        before: JobId,
        filter: CrawlFilter<'_>,
        most: i64,
    ) -> Result<Vec<JobStatus>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let of_state = |statement: &'static str| {
            sqlx::query_as(statement).bind(tenant.0).bind(before.0).bind(filter.state)
        };
        let listing = match filter.state {
            Some("running" | "paused") => {
                of_state(include_str!("../queries/jobs/list_open.sql")).bind(filter.at_limit)
            }
            _ => of_state(include_str!("../queries/jobs/list.sql")),
        };
        listing.bind(most).fetch_all(&mut *tx).await.map_err(DbError::doing("list crawls"))
    }

    /// Why URLs of these crawls failed or were skipped, most frequent first; crawls without such URLs are left out.
    pub async fn reasons_of(
        &self,
        tenant: TenantId,
        jobs: &[JobId],
    ) -> Result<HashMap<JobId, Vec<Reason>>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let rows =
            sqlx::query_as::<_, (i64, i16, String, i64)>(include_str!("../queries/jobs/reasons_of.sql"))
                .bind(tenant.0)
                .bind(jobs.iter().map(|job| job.0).collect::<Vec<_>>())
                .fetch_all(&mut *tx)
                .await
                .map_err(DbError::doing("read the reasons of crawls"))?;
        let mut reasons: HashMap<_, Vec<_>> = HashMap::new();
        for (job, state, verdict, count) in rows {
            reasons.entry(JobId(job)).or_default().push(Reason { state, verdict, count });
        }
        Ok(reasons)
    }

    /// Whether the tenant has this crawl.
    pub async fn has_crawl(&self, tenant: TenantId, job: JobId) -> Result<bool, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_scalar(include_str!("../queries/jobs/exists.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("look a crawl up"))
    }

    /// Up to `most` URLs of a crawl after `after` that failed or were skipped, in the order of their discovery.
    ///
    /// URLs that were open when their crawl ended have no end of their own and are not listed.
    pub async fn crawl_errors(
        &self,
        tenant: TenantId,
        job: JobId,
        after: TaskId,
        most: i64,
    ) -> Result<Vec<CrawlError>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/crawl_urls/errors.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(after.0)
            .bind(most)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("list a crawl's errors"))
    }

    /// When monthly limits begin anew, RFC 3339 in UTC.
    pub async fn next_month(&self) -> Result<String, DbError> {
        sqlx::query_scalar(include_str!("../queries/usage/next_month.sql"))
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("read the calendar"))
    }
}

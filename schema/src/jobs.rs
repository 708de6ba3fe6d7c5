//! Crawls of one tenant: starting, watching, cancelling.

use rad_core::ids::{HostId, JobId, TenantId};
use rad_core::scope::Scope;
use rad_core::url::CanonicalUrl;
use sqlx::FromRow;

use crate::commit::{Link, insert_links};
use crate::db::{Db, DbError};
use crate::window::Lane;

/// A crawl to start.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it starts.
    pub start: CanonicalUrl,
    /// What belongs to it.
    pub scope: Scope,
    /// 1 to 10, 10 the most urgent; inside the tenant only.
    pub priority: i16,
    /// Pages it may store at most.
    pub max_pages: Option<i64>,
    /// A repeated start with this key gives the first crawl again.
    pub idempotency_key: Option<String>,
    /// W3C trace id, 32 hexadecimal digits: every log line of the crawl's tasks carries it.
    pub trace_id: String,
}

/// The result of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// The crawl.
    pub job: JobId,
    /// False: it had been started before under the same idempotency key.
    pub new: bool,
    /// False: the key had been used for a start with another URL, scope, priority or maximum.
    pub same_request: bool,
    /// Where its first task waits.
    pub lane: Lane,
}

/// A crawl with its exact counts.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct JobStatus {
    /// The crawl.
    pub job_id: i64,
    /// Where it started.
    pub start_url: String,
    /// `running`, `paused`, `completed` or `cancelled`.
    pub state: String,
    /// Why it ended: `exhausted`, `page_limit`, `cancelled`.
    pub end_reason: Option<String>,
    /// 1 to 10, 10 the most urgent.
    pub priority: i16,
    /// What belongs to it, as it was asked for.
    pub scope: serde_json::Value,
    /// Its maximum of stored pages.
    pub max_pages: Option<i64>,
    /// Trace id of the request that started it.
    pub trace_id: String,
    /// When it started, RFC 3339 in UTC.
    pub created_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// URLs in its ledger.
    pub discovered: i64,
    /// Pages stored and billed.
    pub stored: i64,
    /// Pages the tenant had already, unchanged.
    pub unchanged: i64,
    /// Pages with the content of another document.
    pub duplicate: i64,
    /// URLs that lead to others.
    pub redirected: i64,
    /// Pages whose newer version was stored first.
    pub superseded: i64,
    /// URLs that a rule kept out.
    pub skipped: i64,
    /// URLs that could not be fetched or stored.
    pub failed: i64,
    /// Chunks written.
    pub chunks: i64,
    /// Pages that were fetched and then not stored because a limit was reached, each time that happened.
    pub unstored: i64,
    /// Documents that it showed to be gone.
    pub removed: i64,
    /// Links to other hosts, not followed.
    pub excluded_host: i64,
    /// Links outside the start path, not followed.
    pub excluded_path: i64,
    /// Links too deep, not followed.
    pub excluded_depth: i64,
    /// Links left out by a pattern.
    pub excluded_pattern: i64,
    /// Links that look like one of endlessly many.
    pub excluded_trap: i64,
    /// Milliseconds it has run.
    pub running_ms: i64,
}

impl JobStatus {
    /// URLs that have no end of their own. After the crawl's end, their verdict is the crawl's.
    pub fn open(&self) -> i64 {
        self.discovered
            - self.stored
            - self.unchanged
            - self.duplicate
            - self.redirected
            - self.superseded
            - self.skipped
            - self.failed
    }

    /// Whether it will change no more.
    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "cancelled")
    }
}

/// How many URLs have a verdict.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Reason {
    /// Number of the ledger state: 6 skipped, 7 failed.
    pub state: i16,
    /// The verdict's code.
    pub verdict: String,
    /// URLs with it.
    pub count: i64,
}

impl Db {
    /// Starts a crawl: the job, its counters and its first URL in one transaction.
    pub async fn start_job(&self, tenant: TenantId, host: HostId, new: &NewJob) -> Result<Started, DbError> {
        let lane = Lane { tenant, host };
        let scope = serde_json::to_value(&new.scope).expect("a scope is plain data");
        let mut tx = self.tenant(tenant).await?;
        let source: i64 = sqlx::query_scalar(include_str!("../queries/jobs/source.sql"))
            .bind(tenant.0)
            .bind(new.start.as_str())
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("find the source"))?;
        let job = sqlx::query_scalar::<_, i64>(include_str!("../queries/jobs/insert.sql"))
            .bind(tenant.0)
            .bind(source)
            .bind(new.start.as_str())
            .bind(new.priority)
            .bind(&scope)
            .bind(new.max_pages)
            .bind(new.idempotency_key.as_deref())
            .bind(&new.trace_id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("start the crawl"))?;
        let Some(job) = job.map(JobId) else {
            let (job, same_request) =
                sqlx::query_as::<_, (i64, bool)>(include_str!("../queries/jobs/by_key.sql"))
                    .bind(tenant.0)
                    .bind(new.idempotency_key.as_deref())
                    .bind(new.start.as_str())
                    .bind(new.priority)
                    .bind(&scope)
                    .bind(new.max_pages)
                    .fetch_one(&mut *tx)
                    .await
                    .map_err(DbError::doing("find the crawl of the idempotency key"))?;
            return Ok(Started { job: JobId(job), new: false, same_request, lane });
        };
        let seed = Link::new(job, &new.start, host, 0, new.priority, 0);
        insert_links(&mut tx, tenant, &[seed]).await?;
        sqlx::query(include_str!("../queries/job_progress/insert.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(1_i64)
            .execute(&mut *tx)
            .await
            .map_err(DbError::doing("open the crawl's counters"))?;
        tx.commit().await.map_err(DbError::doing("commit the crawl's start"))?;
        Ok(Started { job, new: true, same_request: true, lane })
    }

    /// A crawl's state and counts; none when the tenant has no such crawl.
    pub async fn job_status(&self, tenant: TenantId, job: JobId) -> Result<Option<JobStatus>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/jobs/status.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("read the crawl's status"))
    }

    /// Why URLs of a crawl failed or were skipped, most frequent first.
    pub async fn job_reasons(&self, tenant: TenantId, job: JobId) -> Result<Vec<Reason>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/jobs/reasons.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("read the crawl's reasons"))
    }

    /// Cancels a crawl. False: it had ended, or the tenant has no such crawl.
    pub async fn cancel_job(&self, tenant: TenantId, job: JobId) -> Result<bool, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let cancelled = sqlx::query(include_str!("../queries/jobs/cancel.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("cancel the crawl"))?;
        tx.commit().await.map_err(DbError::doing("commit the cancellation"))?;
        Ok(cancelled.is_some())
    }

    /// Ends every running crawl that has nothing open or is full. Returns which.
    pub async fn finish_jobs(&self) -> Result<Vec<(TenantId, JobId)>, DbError> {
        let rows = sqlx::query_as::<_, (i64, i64, String)>(include_str!("../queries/jobs/finish.sql"))
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("end finished crawls"))?;
        Ok(rows.into_iter().map(|(tenant, job, _)| (TenantId(tenant), JobId(job))).collect())
    }

    /// Removes up to `most` outbox rows that are a week old. Returns how many.
    pub async fn trim_outbox(&self, most: i32) -> Result<i64, DbError> {
        sqlx::query_scalar::<_, i64>(include_str!("../queries/usage/trim_outbox.sql"))
            .bind(most)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("trim the outbox"))
    }
}

//! The ledger's part of a commit: new URLs, and the ends of tasks.

use std::collections::HashMap;
use std::time::Duration;

use rad_core::ids::{Fence, Hash128, HostId, JobId, TaskId, TenantId};
use rad_core::verdict::{State, Verdict};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::outcome::Link;
use crate::db::DbError;
use crate::window::NewTask;

/// A row's new state.
pub(super) struct RowEnd<'a> {
    pub(super) task: TaskId,
    pub(super) fence: Fence,
    pub(super) state: State,
    pub(super) verdict: Verdict,
    pub(super) evidence: Option<&'a str>,
    pub(super) document: Option<i64>,
    pub(super) failed_attempt: bool,
    /// For a row that stays open: time to its next attempt.
    pub(super) wait: Option<Duration>,
}

/// Adds URLs; returns those that the crawl did not know, by crawl and hash.
pub(crate) async fn insert_links(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    links: &[Link],
) -> Result<HashMap<(JobId, Hash128), NewTask>, DbError> {
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let held = |link: &Link| {
        link.held.map_or((0, 0, 0), |(fence, hydrated_us)| (fence.generation, fence.counter, hydrated_us))
    };
    let rows =
        sqlx::query_as::<_, (i64, Uuid, i64, i64, i64)>(include_str!("../../queries/crawl_urls/add.sql"))
            .bind(tenant.0)
            .bind(links.iter().map(|link| link.job.0).collect::<Vec<_>>())
            .bind(links.iter().map(|link| Uuid::from_u128(link.hash.0)).collect::<Vec<_>>())
            .bind(links.iter().map(|link| link.url.as_str()).collect::<Vec<_>>())
            .bind(links.iter().map(|link| link.host.0).collect::<Vec<_>>())
            .bind(links.iter().map(|link| link.depth).collect::<Vec<_>>())
            .bind(links.iter().map(|link| link.priority).collect::<Vec<_>>())
            .bind(links.iter().map(|link| link.position).collect::<Vec<_>>())
            .bind(links.iter().map(|link| held(link).0).collect::<Vec<_>>())
            .bind(links.iter().map(|link| held(link).1).collect::<Vec<_>>())
            .bind(links.iter().map(|link| held(link).2).collect::<Vec<_>>())
            .fetch_all(&mut **tx)
            .await
            .map_err(DbError::doing("add URLs to the ledger"))?;
    Ok(rows
        .into_iter()
        .map(|(job, hash, task, host, rank)| {
            let new = NewTask { tenant, host: HostId(host), task: TaskId(task), rank };
            ((JobId(job), Hash128(hash.as_u128())), new)
        })
        .collect())
}

/// Ends rows that are open and ours; returns the ranks of those it touched.
pub(super) async fn end_rows(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    ends: &[RowEnd<'_>],
) -> Result<HashMap<TaskId, i64>, DbError> {
    let micros = |wait: Duration| i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../../queries/crawl_urls/end.sql"))
        .bind(tenant.0)
        .bind(ends.iter().map(|end| end.task.0).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.fence.generation).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.fence.counter).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.state.code()).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.verdict.as_str()).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.evidence).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.document).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| i16::from(end.failed_attempt)).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.wait.map(micros)).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("end tasks in the ledger"))?;
    Ok(rows.into_iter().map(|(task, rank)| (TaskId(task), rank)).collect())
}

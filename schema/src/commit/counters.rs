//! The counters' part of a commit: a crawl's progress and maximum, the tenant's month, usage and outbox.

use std::collections::BTreeMap;

use rad_core::ids::{JobId, TenantId};
use rad_core::verdict::State;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::quota::Room;
use super::tally::Tally;
use crate::db::{Db, DbError};

/// Counts one crawl's part. None: it would pass the crawl's maximum. Else whether the crawl can be ended.
pub(super) async fn count(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    job: JobId,
    tally: &Tally,
    max_pages: Option<i64>,
) -> Result<Option<bool>, DbError> {
    let row = sqlx::query_as::<_, (i64, i64)>(include_str!("../../queries/job_progress/count.sql"))
        .bind(tenant.0)
        .bind(job.0)
        .bind(tally.discovered)
        .bind(tally.of(State::Stored))
        .bind(tally.of(State::Unchanged))
        .bind(tally.of(State::Duplicate))
        .bind(tally.of(State::Redirected))
        .bind(tally.of(State::Superseded))
        .bind(tally.of(State::Skipped))
        .bind(tally.of(State::Failed))
        .bind(tally.chunks)
        .bind(tally.unstored)
        .bind(tally.excluded.host)
        .bind(tally.excluded.path)
        .bind(tally.excluded.depth)
        .bind(tally.excluded.pattern)
        .bind(tally.excluded.trap)
        .bind(&tally.excluded.samples)
        .bind(max_pages)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::doing("count the crawl's progress"))?;
    Ok(row.map(|(stored, open)| open == 0 || max_pages.is_some_and(|most| stored >= most)))
}

/// Counts skipped and failed URLs of all crawls of the commit by verdict.
pub(super) async fn explain(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    tallies: &BTreeMap<JobId, Tally>,
) -> Result<(), DbError> {
    let reasons: Vec<_> = tallies
        .iter()
        .flat_map(|(job, tally)| {
            tally.reasons.iter().map(|((state, verdict), urls)| (job.0, *state, *verdict, *urls))
        })
        .collect();
    if reasons.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("../../queries/job_progress/explain.sql"))
        .bind(tenant.0)
        .bind(reasons.iter().map(|reason| reason.0).collect::<Vec<_>>())
        .bind(reasons.iter().map(|reason| reason.1).collect::<Vec<_>>())
        .bind(reasons.iter().map(|reason| reason.2).collect::<Vec<_>>())
        .bind(reasons.iter().map(|reason| reason.3).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .map_err(DbError::doing("count the crawl's reasons"))
        .map(drop)
}

/// What the tenant's limits say to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bill {
    /// All was added.
    Accepted {
        /// The month has no page, or no token, left.
        month_full: bool,
    },
    /// They would pass the monthly pages.
    MonthFull,
    /// They would pass the monthly tokens.
    TokensFull,
    /// They would pass the storage.
    StorageFull,
}

/// Chunks that came, or went, with their crawls and documents.
#[derive(Default)]
struct Moved {
    jobs: Vec<i64>,
    documents: Vec<i64>,
    chunks: Vec<Uuid>,
}

impl Moved {
    fn of(billed: &[(&JobId, &Tally)], chunks: fn(&Tally) -> &[(i64, Uuid)]) -> Self {
        let mut this = Self::default();
        for (job, tally) in billed {
            for (document, chunk) in chunks(tally) {
                this.jobs.push(job.0);
                this.documents.push(*document);
                this.chunks.push(*chunk);
            }
        }
        this
    }
}

/// Bills the stored pages of all crawls of the commit and the growth of the tenant's storage.
pub(super) async fn bill(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    tallies: &BTreeMap<JobId, Tally>,
    growth: i64,
) -> Result<Bill, DbError> {
    let billed: Vec<_> = tallies.iter().filter(|(_, tally)| tally.of(State::Stored) > 0).collect();
    if billed.is_empty() {
        return Ok(Bill::Accepted { month_full: false });
    }
    let documents =
        billed.iter().flat_map(|(job, tally)| tally.documents.iter().map(|document| (job.0, *document)));
    let (of, changed): (Vec<_>, Vec<_>) = documents.unzip();
    let [added, removed] =
        [Moved::of(&billed, |tally| &tally.added), Moved::of(&billed, |tally| &tally.removed)];
    let pages = || billed.iter().map(|(_, tally)| tally.of(State::Stored));
    let tokens: i64 = billed.iter().map(|(_, tally)| tally.tokens).sum();
    // The tenant's row is the one that all its commits share: taken last, held shortest.
    let (refused, pages_left) =
        sqlx::query_as::<_, (Option<String>, Option<i64>)>(include_str!("../../queries/usage/bill.sql"))
            .bind(tenant.0)
            .bind(of)
            .bind(changed)
            .bind(billed.iter().map(|(job, _)| job.0).collect::<Vec<_>>())
            .bind(vec!["page"; billed.len()])
            .bind(pages().collect::<Vec<_>>())
            .bind(pages().sum::<i64>())
            .bind(growth)
            .bind(tokens)
            .bind(added.jobs)
            .bind(added.documents)
            .bind(added.chunks)
            .bind(removed.jobs)
            .bind(removed.documents)
            .bind(removed.chunks)
            .fetch_one(&mut **tx)
            .await
            .map_err(DbError::doing("bill the tenant"))?;
    Ok(match refused.as_deref() {
        None => Bill::Accepted { month_full: pages_left.is_some_and(|left| left <= 0) },
        Some("storage_bytes") => Bill::StorageFull,
        Some("monthly_tokens") => Bill::TokensFull,
        Some(_) => Bill::MonthFull,
    })
}

impl Db {
    /// Pages that a crawl may still store.
    pub(super) async fn job_room(&self, tenant: TenantId, job: JobId) -> Result<usize, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let room = sqlx::query_scalar::<_, Option<i64>>(include_str!("../../queries/job_progress/room.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("read the crawl's room"))?;
        Ok(room.map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(0)))
    }

    /// Pages that a tenant may still store this month.
    pub(super) async fn month_room(&self, tenant: TenantId) -> Result<usize, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let room = sqlx::query_scalar::<_, Option<i64>>(include_str!("../../queries/usage/room.sql"))
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("read the tenant's room"))?;
        Ok(room.map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(0)))
    }

    /// Tokens that a tenant may store this month.
    pub(super) async fn token_room(&self, tenant: TenantId) -> Result<Room, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let room = sqlx::query_as::<_, (Option<i64>, Option<i64>)>(include_str!(
            "../../queries/usage/token_room.sql"
        ))
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(DbError::doing("read the tenant's room for tokens"))?;
        Ok(Room { left: room.0.unwrap_or(i64::MAX), limit: room.1.unwrap_or(i64::MAX) })
    }

    /// Notes the room for tokens that has to be there before the tenant's next fetch.
    pub(super) async fn want_tokens(&self, tenant: TenantId, tokens: i64) -> Result<(), DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query(include_str!("../../queries/usage/want_tokens.sql"))
            .bind(tenant.0)
            .bind(tokens)
            .execute(&mut *tx)
            .await
            .map_err(DbError::doing("note the tokens that were wanted"))?;
        tx.commit().await.map_err(DbError::doing("note the tokens that were wanted"))
    }

    /// Bytes that a tenant may store.
    pub(super) async fn storage_room(&self, tenant: TenantId) -> Result<Room, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let room = sqlx::query_as::<_, (Option<i64>, Option<i64>)>(include_str!(
            "../../queries/usage/storage_room.sql"
        ))
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(DbError::doing("read the room of the tenant's storage"))?;
        Ok(Room { left: room.0.unwrap_or(i64::MAX), limit: room.1.unwrap_or(i64::MAX) })
    }

    /// Notes the room that has to be there before the tenant's next fetch.
    pub(super) async fn want_storage(&self, tenant: TenantId, bytes: i64) -> Result<(), DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query(include_str!("../../queries/usage/want_storage.sql"))
            .bind(tenant.0)
            .bind(bytes)
            .execute(&mut *tx)
            .await
            .map_err(DbError::doing("note the storage that was wanted"))?;
        tx.commit().await.map_err(DbError::doing("note the storage that was wanted"))
    }
}

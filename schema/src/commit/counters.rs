//! The counters' part of a commit: a crawl's progress and maximum, the tenant's month, usage and outbox.

use std::collections::BTreeMap;

use rad_core::ids::{JobId, TenantId};
use rad_core::verdict::{State, Verdict};
use sqlx::{Postgres, Transaction};

use super::outcome::Excluded;
use super::quota::Room;
use crate::db::{Db, DbError};

/// What a commit adds to one crawl.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) discovered: i64,
    /// By the number of the state.
    pub(super) ended: [i64; 8],
    /// Skipped and failed URLs by state and verdict.
    pub(super) reasons: BTreeMap<(i16, &'static str), i64>,
    pub(super) chunks: i64,
    /// Of the chunks of stored pages.
    pub(super) tokens: i64,
    /// Pages that wait because a limit had no room for them.
    pub(super) unstored: i64,
    pub(super) documents: Vec<i64>,
    pub(super) excluded: Excluded,
}

impl Tally {
    pub(super) fn end(&mut self, state: State, verdict: Verdict) {
        self.ended[usize::try_from(state.code()).expect("state numbers are not negative")] += 1;
        if matches!(state, State::Skipped | State::Failed) {
            *self.reasons.entry((state.code(), verdict.as_str())).or_default() += 1;
        }
    }

    /// Adds links of a page that the scope left out.
    pub(super) fn leave_out(&mut self, links: &Excluded) {
        self.excluded.host += links.host;
        self.excluded.path += links.path;
        self.excluded.depth += links.depth;
        self.excluded.pattern += links.pattern;
        self.excluded.trap += links.trap;
        self.excluded.samples.extend(links.samples.iter().take(5).cloned());
    }

    fn of(&self, state: State) -> i64 {
        self.ended[usize::try_from(state.code()).expect("state numbers are not negative")]
    }
}

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

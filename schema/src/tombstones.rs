//! Documents that are gone: what a completed crawl did not find again.
//!
//! A crawl is judged against the one before it of the same source and scope, if both came to an end of their own. A
//! page that both could not have (not found, moved, a copy of another) is gone; so is one that asks not to be indexed.
//! A page that nothing leads to any more is gone if the crawl read all that could have led there. A document whose
//! content was found at another URL moves there. The others become tombstones: their chunks and bodies go, and why
//! stays. A page that comes back is stored as if it were new.

use std::collections::HashSet;

use rad_core::ids::{Hash128, JobId, TenantId};
use sqlx::{FromRow, Postgres, Transaction};
use uuid::Uuid;

use crate::db::{Db, DbError};

/// Why a document is no longer there.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Tombstone {
    /// The document.
    pub document_id: i64,
    /// `gone`, `moved`, `duplicate`, `noindex` or `unlinked`.
    pub removed_why: String,
    /// The crawl that showed it.
    pub removed_by: i64,
    /// When, RFC 3339 in UTC.
    pub removed_at: String,
}

#[derive(FromRow)]
struct Lost {
    document_id: i64,
    why: String,
}

impl Lost {
    fn is_unlinked(&self) -> bool {
        self.why == "unlinked"
    }
}

fn ids(lost: &[Lost]) -> Vec<i64> {
    lost.iter().map(|lost| lost.document_id).collect()
}

impl Db {
    /// Up to `most` crawls that ended by themselves and were not judged, of all tenants.
    pub async fn unjudged_jobs(&self, most: i32) -> Result<Vec<(TenantId, JobId)>, DbError> {
        let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/tombstones/unjudged.sql"))
            .bind(most)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list crawls to judge"))?;
        Ok(rows.into_iter().map(|(tenant, job)| (TenantId(tenant), JobId(job))).collect())
    }

    /// Removes the documents that a completed crawl shows to be gone; returns how many. Once for a crawl.
    pub async fn judge_job(&self, tenant: TenantId, job: JobId) -> Result<usize, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let taken = sqlx::query_as::<_, (i64, Option<i64>)>(include_str!("../queries/tombstones/take.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("take a crawl for judgement"))?;
        let Some((_, before)) = taken else { return Ok(0) };
        let lost = match before {
            Some(before) => lost(&mut tx, tenant, job, JobId(before)).await?,
            None => Vec::new(),
        };
        let dead = without_homes(&mut tx, tenant, job, lost).await?;
        bury(&mut tx, tenant, job, &dead).await?;
        sqlx::query(include_str!("../queries/tombstones/close.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(ids(&dead))
            .execute(&mut *tx)
            .await
            .map_err(DbError::doing("note a judgement"))?;
        tx.commit().await.map_err(DbError::doing("commit a judgement"))?;
        Ok(dead.len())
    }

    /// Why the document of one of these URLs was removed, if it was.
    pub async fn tombstone(&self, tenant: TenantId, urls: &[Hash128]) -> Result<Option<Tombstone>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/tombstones/find.sql"))
            .bind(tenant.0)
            .bind(urls.iter().map(|url| Uuid::from_u128(url.0)).collect::<Vec<_>>())
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("look a tombstone up"))
    }
}

/// What the crawl lost against the one before, and no other crawl has.
async fn lost(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    job: JobId,
    before: JobId,
) -> Result<Vec<Lost>, DbError> {
    let lost = sqlx::query_as::<_, Lost>(include_str!("../queries/tombstones/lost.sql"))
        .bind(tenant.0)
        .bind(job.0)
        .bind(before.0)
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("compare two crawls"))?;
    if lost.is_empty() {
        return Ok(lost);
    }
    let is_blind = is_blind(tx, tenant, (job, before), &lost).await?;
    // A statement of its own, after the documents are held: it sees what was committed meanwhile.
    let elsewhere = sqlx::query_scalar::<_, i64>(include_str!("../queries/tombstones/elsewhere.sql"))
        .bind(tenant.0)
        .bind(job.0)
        .bind(ids(&lost))
        .bind(lost.iter().map(Lost::is_unlinked).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("look for lost pages in other crawls"))?;
    let elsewhere: HashSet<_> = elsewhere.into_iter().collect();
    let (spared, lost): (Vec<_>, Vec<_>) = lost
        .into_iter()
        .partition(|lost| elsewhere.contains(&lost.document_id) || (is_blind && lost.is_unlinked()));
    sqlx::query(include_str!("../queries/tombstones/lose.sql"))
        .bind(tenant.0)
        .bind(job.0)
        .bind(
            spared.iter().filter(|lost| lost.is_unlinked()).map(|lost| lost.document_id).collect::<Vec<_>>(),
        )
        .execute(&mut **tx)
        .await
        .map_err(DbError::doing("note documents that were lost from sight"))?;
    Ok(lost)
}

/// Whether the first crawl may have missed links to what it lost.
async fn is_blind(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    (job, before): (JobId, JobId),
    lost: &[Lost],
) -> Result<bool, DbError> {
    let gone = lost.iter().filter(|lost| !lost.is_unlinked()).map(|lost| lost.document_id);
    sqlx::query_scalar(include_str!("../queries/tombstones/blind.sql"))
        .bind(tenant.0)
        .bind(job.0)
        .bind(before.0)
        .bind(gone.collect::<Vec<_>>())
        .fetch_one(&mut **tx)
        .await
        .map_err(DbError::doing("look for what a crawl could not read"))
}

/// Lets documents move to a URL that has their content; returns those that have none.
async fn without_homes(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    job: JobId,
    mut lost: Vec<Lost>,
) -> Result<Vec<Lost>, DbError> {
    if !lost.is_empty() {
        let moved = sqlx::query_scalar::<_, i64>(include_str!("../queries/tombstones/rehome.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(ids(&lost))
            .fetch_all(&mut **tx)
            .await
            .map_err(DbError::doing("move documents to where their content is"))?;
        lost.retain(|lost| !moved.contains(&lost.document_id));
    }
    Ok(lost)
}

async fn bury(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    job: JobId,
    dead: &[Lost],
) -> Result<(), DbError> {
    if dead.is_empty() {
        return Ok(());
    }
    let bytes = sqlx::query_scalar::<_, i64>(include_str!("../queries/tombstones/bury.sql"))
        .bind(tenant.0)
        .bind(job.0)
        .bind(ids(dead))
        .bind(dead.iter().map(|lost| lost.why.as_str()).collect::<Vec<_>>())
        .fetch_one(&mut **tx)
        .await
        .map_err(DbError::doing("remove documents that are gone"))?;
    sqlx::query(include_str!("../queries/tombstones/give_back.sql"))
        .bind(tenant.0)
        .bind(bytes)
        .execute(&mut **tx)
        .await
        .map_err(DbError::doing("give the storage of removed documents back"))
        .map(drop)
}

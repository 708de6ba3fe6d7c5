//! What a checker reads: the rows themselves, never the counters that it checks.

use rad_core::ids::{Incarnation, JobId, TenantId};

use crate::db::{Db, DbError};

/// What a tenant was billed, counted in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    /// Pages in the rows of its months.
    pub months: i64,
    /// Pages in its usage events.
    pub events: i64,
}

/// Bytes that a tenant keeps: bodies, Markdown and chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Summed up over the rows.
    pub rows: i64,
    /// As the commits counted.
    pub counted: i64,
}

impl Db {
    /// Rows of a crawl's ledger by the number of their state.
    pub async fn ledger_rows(&self, tenant: TenantId, job: JobId) -> Result<[i64; 8], DbError> {
        let mut tx = self.tenant(tenant).await?;
        let rows = sqlx::query_as::<_, (i16, i64)>(include_str!("../queries/proof/ledger.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("count the ledger's rows"))?;
        let mut states = [0; 8];
        for (state, count) in rows {
            if let Some(slot) = usize::try_from(state).ok().and_then(|state| states.get_mut(state)) {
                *slot = count;
            }
        }
        Ok(states)
    }

    /// Pages of a crawl that their server answered with 304.
    pub async fn not_modified(&self, tenant: TenantId, job: JobId) -> Result<i64, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_scalar(include_str!("../queries/proof/not_modified.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("count pages that were not sent again"))
    }

    /// Deaths of workers that the tasks of a crawl are charged with.
    pub async fn deaths(&self, tenant: TenantId, job: JobId) -> Result<i64, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_scalar(include_str!("../queries/proof/deaths.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("count the deaths of workers"))
    }

    /// Tasks of a tenant that a life of a worker died with.
    pub async fn died_with(&self, tenant: TenantId, worker: Incarnation) -> Result<i64, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_scalar(include_str!("../queries/proof/died_with.sql"))
            .bind(tenant.0)
            .bind(worker.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("count the tasks that a worker died with"))
    }

    /// URLs of documents whose chunks are not exactly those of one version.
    pub async fn torn_documents(&self, tenant: TenantId) -> Result<Vec<String>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_scalar(include_str!("../queries/proof/torn_documents.sql"))
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("look for torn documents"))
    }

    /// Pages that a tenant was billed.
    pub async fn billed(&self, tenant: TenantId) -> Result<Billed, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let (months, events) = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/proof/usage.sql"))
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("count billed pages"))?;
        Ok(Billed { months, events })
    }

    /// What a tenant keeps, counted in two ways.
    pub async fn kept_bytes(&self, tenant: TenantId) -> Result<Kept, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let (rows, counted) = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/proof/storage.sql"))
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("count kept bytes"))?;
        Ok(Kept { rows, counted })
    }

    /// Per tenant table, how many rows of others a transaction of `tenant` can see.
    pub async fn foreign_rows(&self, tenant: TenantId) -> Result<Vec<(String, i64)>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/proof/visible.sql"))
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("look for rows of other tenants"))
    }
}

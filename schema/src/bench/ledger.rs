//! Ledgers of a wanted size, with rows like those that crawls add.

use rad_core::ids::{HostId, JobId, TenantId};
use sqlx::{Connection, PgConnection};

use crate::db::{Db, DbError};

impl Db {
    /// Adds `per_host` open URLs on each of `hosts` to a running crawl, in one statement. Returns how many.
    pub async fn bench_rows(
        &self,
        tenant: TenantId,
        job: JobId,
        hosts: &[HostId],
        per_host: i32,
    ) -> Result<i64, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let added: i64 = sqlx::query_scalar(include_str!("../../queries/bench/rows.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(hosts.iter().map(|host| host.0).collect::<Vec<_>>())
            .bind(per_host)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("fill the ledger"))?;
        tx.commit().await.map_err(DbError::doing("commit a filled ledger"))?;
        Ok(added)
    }
}

/// Makes every host known, and does at once what autovacuum does in the minutes after a fill, so that it does not
/// happen amid a measurement.
pub async fn settle(owner_url: &str) -> Result<(), DbError> {
    let mut owner = PgConnection::connect(owner_url).await.map_err(DbError::doing("connect as the owner"))?;
    sqlx::query(include_str!("../../queries/bench/polite.sql"))
        .execute(&mut owner)
        .await
        .map_err(DbError::doing("make hosts known"))?;
    // No statement that can be prepared, so it does not lie with the queries.
    sqlx::query("VACUUM (ANALYZE) crawl_urls, jobs, hosts, tenants")
        .execute(&mut owner)
        .await
        .map_err(DbError::doing("vacuum the ledger"))?;
    owner.close().await.map_err(DbError::doing("disconnect the owner"))
}

/// What the server at `url` calls its version.
pub async fn postgres_version(url: &str) -> Result<String, DbError> {
    let mut session = PgConnection::connect(url).await.map_err(DbError::doing("connect to Postgres"))?;
    let version = sqlx::query_scalar("SHOW server_version")
        .fetch_one(&mut session)
        .await
        .map_err(DbError::doing("ask for the version"))?;
    session.close().await.map_err(DbError::doing("disconnect"))?;
    Ok(version)
}

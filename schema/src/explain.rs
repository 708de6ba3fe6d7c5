//! What the ledger and the hosts know of one URL.

use rad_core::ids::{Hash128, JobId, TenantId};
use rad_core::url::HostKey;
use sqlx::FromRow;

use crate::db::{Db, DbError};

/// A URL of a crawl.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct LedgerUrl {
    /// The URL.
    pub url: String,
    /// By the numbers of [`rad_core::verdict::State`].
    pub state: i16,
    /// Why it ended or waits.
    pub verdict: Option<String>,
    /// What the verdict rests on.
    pub evidence: Option<String>,
    /// Links from the start URL.
    pub depth: i16,
    /// Failed fetches.
    pub attempts: i16,
    /// Its document.
    pub document_id: Option<i64>,
    /// When it ended, RFC 3339 in UTC.
    pub ended_at: Option<String>,
    /// When it is tried again at the earliest.
    pub due_at: Option<String>,
}

/// What is known of a host.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct HostState {
    /// `found`, `allow_all` or `unreachable`; none while nobody asked.
    pub robots_state: Option<String>,
    /// Its robots.txt.
    pub robots_body: Option<Vec<u8>>,
    /// Milliseconds between two requests.
    pub delay_ms: Option<i64>,
    /// Requests at once.
    pub max_concurrency: Option<i32>,
    /// Milliseconds until it may be asked again.
    pub rests_ms: Option<i64>,
}

impl Db {
    /// The first of these URLs, by their hashes, that the crawl knows.
    pub async fn crawl_url(
        &self,
        tenant: TenantId,
        job: JobId,
        hashes: &[Hash128],
    ) -> Result<Option<LedgerUrl>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        for hash in hashes {
            let found = sqlx::query_as(include_str!("../queries/crawl_urls/explain.sql"))
                .bind(tenant.0)
                .bind(job.0)
                .bind(uuid::Uuid::from_u128(hash.0))
                .fetch_optional(&mut *tx)
                .await
                .map_err(DbError::doing("look a URL up"))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// What is known of a host; none if no crawl ever led there.
    pub async fn host_state(&self, host: &HostKey) -> Result<Option<HostState>, DbError> {
        sqlx::query_as(include_str!("../queries/hosts/explain.sql"))
            .bind(host.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(DbError::doing("look a host up"))
    }
}

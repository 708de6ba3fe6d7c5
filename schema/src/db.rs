//! The connection pool and what an error of Postgres means for the caller.

use std::time::Duration;

use rad_core::ids::TenantId;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, Postgres, Transaction};
use thiserror::Error;

/// Managed Postgres may go to sleep after 300 s without a query; idle connections are given up before.
const IDLE_TIMEOUT: Duration = Duration::from_mins(4);
/// Longer waits for a connection mean that the pool is too small or the server is gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was in use a moment ago is not asked whether it lives: that would be one more round trip for each
/// transaction, and it may die in the next moment all the same.
const TRUSTED: Duration = Duration::from_secs(1);

/// A failed statement.
#[derive(Debug, Error)]
pub enum DbError {
    /// The connection string can't be parsed.
    #[error("DATABASE_URL is not a Postgres URL")]
    Url(#[source] sqlx::Error),
    /// The server did not answer in time; what was asked may or may not have happened.
    #[error("Postgres did not answer in time")]
    TimedOut,
    /// A statement failed; `doing` says which.
    #[error("{doing}")]
    Statement {
        /// What was being done, as a phrase.
        doing: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
}

impl DbError {
    /// Wraps a driver error with what was being done.
    pub(crate) fn doing(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { doing, source }
    }

    /// SQLSTATE, where the server sent one.
    pub fn sqlstate(&self) -> Option<String> {
        let (Self::Url(source) | Self::Statement { source, .. }) = self else { return None };
        Some(source.as_database_error()?.code()?.into_owned())
    }

    /// The same transaction may succeed when it is run again: deadlock, serialization, a race for a unique key,
    /// or a server that restarts or went away.
    pub fn is_retryable(&self) -> bool {
        let (Self::Url(source) | Self::Statement { source, .. }) = self else { return true };
        match source {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
            _ => self.sqlstate().is_some_and(|code| {
                matches!(code.as_str(), "40P01" | "40001" | "23505" | "55P03")
                    || code.starts_with("08")
                    || code.starts_with("57P")
                    || code.starts_with("53")
            }),
        }
    }

    /// Postgres refuses the data itself: a retry of the same rows fails again.
    pub fn is_data_error(&self) -> bool {
        self.sqlstate().is_some_and(|code| {
            code.starts_with("22") || code.starts_with("54") || code == "23514" || code == "23502"
        })
    }
}

/// A pool of connections under the application role.
#[derive(Clone, Debug)]
pub struct Db {
    pub(crate) pool: PgPool,
}

impl Db {
    /// Connects with at most `max_connections`; `process` is shown in `pg_stat_activity`.
    pub async fn connect(url: &str, max_connections: u32, process: &str) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.parse().map_err(DbError::Url)?;
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .idle_timeout(IDLE_TIMEOUT)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move { Ok(meta.idle_for < TRUSTED || connection.ping().await.is_ok()) })
            })
            .connect_with(options.application_name(process))
            .await
            .map_err(DbError::doing("connect to Postgres"))?;
        Ok(Self { pool })
    }

    /// A transaction that sees and writes the rows of one tenant only.
    pub(crate) async fn tenant(&self, tenant: TenantId) -> Result<Transaction<'static, Postgres>, DbError> {
        self.begin(tenant, "").await
    }

    /// The same for many small statements that are always the same: their plans are kept. Postgres would plan some of
    /// them anew each time, because it takes arrays whose length it does not know for longer than they are.
    pub(crate) async fn tenant_with_kept_plans(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, DbError> {
        self.begin(tenant, "; SET LOCAL plan_cache_mode = force_generic_plan").await
    }

    /// One round trip. The number is no text of anybody's, so it may stand in a statement.
    async fn begin(
        &self,
        tenant: TenantId,
        settings: &str,
    ) -> Result<Transaction<'static, Postgres>, DbError> {
        let begin = format!("BEGIN; SET LOCAL app.tenant_id = '{}'{settings}", tenant.0);
        self.pool.begin_with(AssertSqlSafe(begin)).await.map_err(DbError::doing("begin a transaction"))
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Milliseconds of `duration` for a bigint parameter; centuries are cut.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

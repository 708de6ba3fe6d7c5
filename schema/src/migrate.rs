//! Brings a database to the schema of this build, and tells a process when it is not there.

use std::sync::LazyLock;

use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};
use thiserror::Error;

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!("./migrations");
    // A newer build may have been here, and this one a way back: it has nothing to add then.
    migrator.set_ignore_missing(true);
    migrator
});

/// The schema could not be brought or proved up to date.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// No connection for migrating.
    #[error("connect to Postgres for migrating")]
    Connect(#[source] sqlx::Error),
    /// The database was made by a build with other migrations of the same numbers, which no release has.
    #[error(
        "migration {version} of this database is not the one of this build: it was made by an unreleased build, so \
         start with an empty database (for `rad up`: another --dir)"
    )]
    Foreign {
        /// The first that differs.
        version: i64,
    },
    /// A migration failed.
    #[error("run the migrations")]
    Run(#[source] sqlx::migrate::MigrateError),
    /// The database is older or newer than this build.
    #[error("the database has schema version {found}, this build needs {wanted}: run `rad migrate`")]
    Version {
        /// Newest migration applied, 0 for none.
        found: i64,
        /// Newest migration of this build.
        wanted: i64,
    },
}

/// Newest migration of this build.
pub fn wanted_version() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Applies what is missing. Takes the owner's direct URL: a transaction-pooling proxy breaks the lock that
/// keeps two migrators apart.
pub async fn run(owner_url: &str) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect(owner_url).await.map_err(MigrateError::Connect)?;
    MIGRATOR.run(&mut connection).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::VersionMismatch(version) => MigrateError::Foreign { version },
        error => MigrateError::Run(error),
    })?;
    connection.close().await.map_err(MigrateError::Connect)
}

/// Fails unless the database has at least this build's schema.
///
/// A newer one is fine: migrations only expand until no older process runs.
pub async fn check(db: &crate::db::Db) -> Result<(), MigrateError> {
    let found = sqlx::query_scalar::<_, i64>(include_str!("../queries/roles/schema_version.sql"))
        .fetch_one(&db.pool)
        .await
        // No table, or no right to read it: nothing was migrated here.
        .unwrap_or(0);
    let wanted = wanted_version();
    if found < wanted { Err(MigrateError::Version { found, wanted }) } else { Ok(()) }
}

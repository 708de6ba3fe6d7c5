//! Brings a database to the schema of this build, and tells a process when it is not there.

use std::collections::HashMap;
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

/// Fails unless the database has at least this build's schema, made by the same migrations.
///
/// A newer one is fine: migrations only expand until no older process runs.
pub async fn check(db: &crate::db::Db) -> Result<(), MigrateError> {
    let query = include_str!("../queries/roles/applied_migrations.sql");
    let applied: HashMap<i64, Vec<u8>> = sqlx::query_as::<_, (i64, Vec<u8>)>(query)
        .fetch_all(&db.pool)
        .await
        // No table, or no right to read it: nothing was migrated here.
        .unwrap_or_default()
        .into_iter()
        .collect();
    let differs = |version, checksum: &[u8]| applied.get(&version).is_some_and(|theirs| theirs != checksum);
    if let Some(migration) = MIGRATOR.iter().find(|ours| differs(ours.version, &ours.checksum)) {
        return Err(MigrateError::Foreign { version: migration.version });
    }
    let (found, wanted) = (applied.into_keys().max().unwrap_or(0), wanted_version());
    if found < wanted { Err(MigrateError::Version { found, wanted }) } else { Ok(()) }
}

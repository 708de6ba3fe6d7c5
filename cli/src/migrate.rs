//! `rad migrate`: brings a database to the schema of this build.

use clap::Args;
use rad_schema::migrate::{self, MigrateError};

use crate::failure::Failure;

/// Bring a database to the schema of this build.
#[derive(Debug, Args)]
pub(crate) struct MigrateOptions {
    /// Postgres under the role that owns the schema, directly and not through a pooler
    #[arg(long, env = "RAD_MIGRATE_URL", hide_env_values = true)]
    url: Option<String>,
}

pub(crate) async fn run(options: &MigrateOptions) -> Result<u8, Failure> {
    let url = options.url.as_ref().filter(|url| !url.is_empty()).ok_or_else(|| {
        Failure::configuration(
            "no database to migrate: set RAD_MIGRATE_URL or --url to the URL of the schema's owner, \
             such as postgres://owner:password@host:5432/rad",
        )
    })?;
    match migrate::run(url).await {
        Ok(()) => {
            eprintln!("The database has schema version {}.", migrate::wanted_version());
            Ok(0)
        }
        Err(error @ MigrateError::Connect(_)) => Err(Failure::dependency(error)),
        Err(error) => Err(error.into()),
    }
}

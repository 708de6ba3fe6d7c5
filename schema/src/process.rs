//! What every process of the fleet does first: logs, metrics, signals, and stores that are fit to work with.

pub mod metrics;
pub mod runtime;
pub mod stop;
pub mod watchdog;

use std::env;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};

use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::db::{Db, DbError};
use crate::migrate::{self, MigrateError};
use crate::roles::{self, RoleError};
use crate::window::{Shards, WindowError};

/// Why the stores can't be worked with.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Postgres can't be reached.
    #[error("Postgres can't be reached: check DATABASE_URL and that the server runs")]
    Postgres(#[source] DbError),
    /// Redis can't be reached.
    #[error("Redis can't be reached: check REDIS_URL and that the server runs")]
    Redis(#[source] WindowError),
    /// The role could see through row security.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// The schema is not that of this build.
    #[error(transparent)]
    Schema(#[from] MigrateError),
}

/// Connects to both stores and refuses a role that could see through row security, or an older schema.
pub async fn open_stores(
    database_url: &str,
    redis_url: &str,
    db_connections: u32,
    process: &str,
) -> Result<(Db, Shards), OpenError> {
    let db = Db::connect(database_url, db_connections, process).await.map_err(OpenError::Postgres)?;
    roles::check(&db).await?;
    migrate::check(&db).await?;
    let shards = Shards::connect(redis_url).await.map_err(OpenError::Redis)?;
    tokio::spawn(metrics::pool_connections(db.clone()));
    Ok((db, shards))
}

/// Logs to stderr: text on a terminal, JSON elsewhere. `RAD_LOG` filters (default `info`).
pub fn init_logs() {
    let (filter, fault) = filter(env::var_os("RAD_LOG").as_deref());
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.json().flatten_event(true).init();
    }
    if let Some(fault) = fault {
        tracing::warn!(fault, "RAD_LOG can't be read, so the log is at its default: info");
    }
}

/// The filter that `setting` asks for; the default, and why, when it can't be read.
fn filter(setting: Option<&OsStr>) -> (EnvFilter, Option<String>) {
    let default = || EnvFilter::new("info");
    let Some(setting) = setting else { return (default(), None) };
    match setting.to_str().map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (default(), Some(error.to_string())),
        None => (default(), Some("it is not UTF-8".to_owned())),
    }
}

/// Cancels `shutdown` at SIGTERM or SIGINT. Further signals change nothing: the drain has a deadline.
pub fn cancel_on_signal(shutdown: CancellationToken) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            shutdown.cancel();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_can_not_be_read_is_told_and_the_default_holds() {
        let filtered = |setting: Option<&str>| {
            let (filter, fault) = filter(setting.map(OsStr::new));
            (filter.to_string(), fault.is_some())
        };
        assert_eq!(filtered(None), ("info".to_owned(), false));
        assert_eq!(filtered(Some("warn")), ("warn".to_owned(), false));
        for wrong in ["rad_worker=loud", "info,rad=9x"] {
            assert_eq!(filtered(Some(wrong)), ("info".to_owned(), true), "{wrong}");
        }
    }
}

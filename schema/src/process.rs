//! What every process of the fleet does first: logs, metrics, signals, and stores that are fit to work with.

pub mod metrics;
pub mod runtime;
pub mod watchdog;

use std::io::{self, IsTerminal};

use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::db::{Db, DbError};
use crate::migrate::{self, MigrateError};
use crate::roles::{self, RoleError};
use crate::window::{Dispatch, WindowError};

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
) -> Result<(Db, Dispatch), OpenError> {
    let db = Db::connect(database_url, db_connections, process).await.map_err(OpenError::Postgres)?;
    roles::check(&db).await?;
    migrate::check(&db).await?;
    let dispatch = Dispatch::connect(redis_url).await.map_err(OpenError::Redis)?;
    tokio::spawn(metrics::pool_connections(db.clone()));
    Ok((db, dispatch))
}

/// Logs to stderr: text on a terminal, JSON elsewhere. `RAD_LOG` filters (default `info`).
pub fn init_logs() {
    let filter = EnvFilter::try_from_env("RAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.json().flatten_event(true).init();
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

//! The life of a scheduler: check, serve, lead, drain.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rad_schema::process::{OpenError, open_stores};
use rad_schema::window::LeaseTerms;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api;
use crate::config::Config;
use crate::service::Service;
use crate::tasks;

/// Why a scheduler did not start, or ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// The stores are not fit to work with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The API's socket failed.
    #[error("serve the API")]
    Serve(#[source] io::Error),
}

/// Serves on `listener` until `shutdown`, then finishes open requests and gives the leadership up.
pub async fn run(config: Config, listener: TcpListener, shutdown: CancellationToken) -> Result<(), RunError> {
    let (db, dispatch) =
        open_stores(&config.database_url, &config.redis_url, config.db_connections, "rad-scheduler").await?;
    let terms = LeaseTerms { ttl: Duration::from_secs(config.lease_ttl_seconds), ..LeaseTerms::default() };
    let leader = tokio::spawn(tasks::lead(db.clone(), dispatch.clone(), terms, holder(), shutdown.clone()));
    let router = api::router(Service { db: db.clone(), dispatch, terms });
    let served =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned()).await;
    // A socket that fails must not leave a leader behind that nobody can reach.
    shutdown.cancel();
    if leader.await.is_err() {
        tracing::error!("the leader's task panicked");
    }
    db.close().await;
    served.map_err(RunError::Serve)
}

/// Names this life of the process: machines share process ids, and a machine reuses them.
fn holder() -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{}.{started:x}", std::process::id())
}

//! The life of a scheduler: check, serve, lead, drain.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rad_schema::process::metrics::FleetSeries;
use rad_schema::process::{OpenError, open_stores, stop, watchdog};
use rad_schema::window::LeaseTerms;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api;
use crate::caps::Caps;
use crate::config::Config;
use crate::service::Service;
use crate::service::bell::Bell;
use crate::tasks::{self, Realm};

/// Longest wait for the leader's tasks and for its last word to Postgres.
const RESIGNS: Duration = Duration::from_secs(8);

/// Why a scheduler did not start, or ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// The stores are not fit to work with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The API's socket failed.
    #[error("serve the API")]
    Serve(#[source] io::Error),
    /// The system has no thread for the watchdog.
    #[error("start the watchdog")]
    Watchdog(#[source] io::Error),
}

/// Serves on `listener` until `shutdown`, then finishes open requests and gives the leadership up. Clients that
/// keep a request open and stores that don't answer are left behind after the time to drain. `fleet` takes the
/// series that only the leader exports.
pub async fn run(
    config: Config,
    listener: TcpListener,
    fleet: FleetSeries,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    watchdog::watch_runtime(Duration::from_secs(config.watchdog_seconds)).map_err(RunError::Watchdog)?;
    let stores = open_stores(&config.database_url, &config.redis_url, config.db_connections, "rad-scheduler");
    let (db, shards) = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        opened = stores => opened?,
    };
    let terms = LeaseTerms { ttl: Duration::from_secs(config.lease_ttl_seconds), ..LeaseTerms::default() };
    let caps = Caps::default();
    let realm = Realm {
        db: db.clone(),
        shards: shards.clone(),
        wanted: config.shards,
        terms,
        caps: caps.clone(),
        fleet,
    };
    let leader = tokio::spawn(tasks::lead(realm, holder(), shutdown.clone()));
    let bell = Bell::hang(shards.tasks(), shutdown.clone());
    let addresses = config.allow_cidrs;
    let router = api::router(Service { db: db.clone(), shards, terms, addresses, bell, caps });
    let serving = axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .into_future();
    let served = tokio::select! {
        served = serving => served,
        () = stop::after(&shutdown, Duration::from_secs(config.drain_seconds)) => {
            tracing::warn!("time to drain is over, open requests are cut");
            Ok(())
        }
    };
    // A socket that fails must not leave a leader behind that nobody can reach.
    shutdown.cancel();
    match tokio::time::timeout(RESIGNS, leader).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::error!("the leader's task panicked"),
        Err(_) => tracing::warn!("leadership not given up in time, it ends by itself"),
    }
    stop::close(&db).await;
    served.map_err(RunError::Serve)
}

/// Names this life of the process: machines share process ids, and a machine reuses them.
fn holder() -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{}.{started:x}", std::process::id())
}

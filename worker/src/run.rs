//! The life of a worker: check the stores, live one session after another, stop.

use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use rad_core::errors::chain;
use rad_schema::db::Db;
use rad_schema::process::{OpenError, open_stores, stop, watchdog};
use rad_schema::window::Shards;
use thiserror::Error as ThisError;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::crash::CrashPlan;
use crate::engine::Engine;
use crate::fetch::{FetchConfig, Fetcher, SetupError};
use crate::healths::Healths;
use crate::links::HostNumbers;
use crate::readers::Readers;
use crate::robots::RobotsCache;
use crate::scopes::Scopes;
use crate::seen::SeenLinks;
use crate::session;
use crate::watchdog::watch;

/// What a stop may take beyond the time to drain: last commits, handing leases back, saying goodbye.
const STOP_MARGIN: Duration = Duration::from_secs(25);
/// Between a session that could not begin and the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a worker did not start.
#[derive(Debug, ThisError)]
pub enum RunError {
    /// The stores are not fit to work with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The HTTP client can't be built.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The system has no thread for the watchdog.
    #[error("start the watchdog")]
    Watchdog(#[source] io::Error),
    /// A store did not answer in all the time that a stop may take.
    #[error("the stop took too long: leases that could not be handed back end by themselves")]
    StopTooLong,
}

/// Works until `shutdown`, then drains. Whatever the stores do, that ends some time after the time to drain.
pub async fn run(mut config: Config, shutdown: CancellationToken) -> Result<(), RunError> {
    config.worker_id = Some(config.name());
    if config.lacks_contact() {
        tracing::warn!(
            contact_url = %config.contact_url,
            "sites are told of a contact page that is not yours: set RAD_CONTACT_URL to one that is"
        );
    }
    watchdog::watch_runtime(config.silence()).map_err(RunError::Watchdog)?;
    let stores = open_stores(&config.database_url, &config.redis_url, config.db_connections, "rad-worker");
    let (db, shards) = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        opened = stores => opened?,
    };
    let engine = Arc::new(engine(config, db, shards)?);
    if let Some(limit) = engine.config.page_on_thread() {
        watch(Arc::clone(&engine.threads), limit).map_err(RunError::Watchdog)?;
    }
    let drain = Duration::from_secs(engine.config.drain_seconds);
    let sessions = Arc::clone(&engine.threads).watched("a claim", Arc::new([]), sessions(&engine, &shutdown));
    let ended = tokio::select! {
        () = sessions => Ok(()),
        () = stop::after(&shutdown, drain + STOP_MARGIN) => Err(RunError::StopTooLong),
    };
    stop::close(&engine.db).await;
    ended
}

/// Lives one session after another.
async fn sessions(engine: &Arc<Engine>, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = session::run(engine, shutdown).await {
            tracing::warn!(error = chain(&error), "not in the fleet");
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

fn engine(config: Config, db: Db, shards: Shards) -> Result<Engine, SetupError> {
    let cores = available_parallelism().map_or(2, std::num::NonZero::get);
    Ok(Engine {
        fetcher: Fetcher::new(FetchConfig::new(&config.contact_url, config.addresses()))?,
        crash: Arc::new(CrashPlan::new(
            config.crash_at.clone(),
            config.hang_at.clone(),
            config.crash_on.clone(),
        )),
        config,
        db,
        shards,
        robots: RobotsCache::default(),
        seen: SeenLinks::default(),
        hosts: HostNumbers::default(),
        templates: Arc::default(),
        scopes: Scopes::default(),
        healths: Healths::default(),
        readers: Readers::new(cores),
        threads: Arc::default(),
    })
}

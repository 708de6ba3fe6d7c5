//! The life of a worker: check the stores, live one session after another, stop.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use rad_core::errors::chain;
use rad_schema::process::{OpenError, open_stores};
use thiserror::Error as ThisError;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::crash::CrashPlan;
use crate::engine::Engine;
use crate::fetch::{FetchConfig, Fetcher, SetupError};
use crate::links::HostNumbers;
use crate::robots::RobotsCache;
use crate::seen::SeenLinks;
use crate::session;

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
}

/// Works until `shutdown`, then drains.
pub async fn run(mut config: Config, shutdown: CancellationToken) -> Result<(), RunError> {
    config.worker_id = Some(config.name());
    let (db, dispatch) =
        open_stores(&config.database_url, &config.redis_url, config.db_connections, "rad-worker").await?;
    let fetcher = Fetcher::new(FetchConfig::new(&config.contact_url, config.addresses()))?;
    let parsers = available_parallelism().map_or(2, std::num::NonZero::get);
    let engine = Arc::new(Engine {
        crash: CrashPlan::new(config.crash_at.clone()),
        config,
        db,
        dispatch,
        fetcher,
        robots: RobotsCache::default(),
        seen: SeenLinks::default(),
        hosts: HostNumbers::default(),
        parsers: Arc::new(Semaphore::new(parsers)),
    });
    while !shutdown.is_cancelled() {
        if let Err(error) = session::run(&engine, &shutdown).await {
            tracing::warn!(error = chain(&error), "not in the fleet");
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
    engine.db.close().await;
    Ok(())
}

//! Dispatch, measured: how fast, how fair and how large the window is.
//!
//! Private stores as in production (Redis with its append-only file, Postgres that waits for the disk) are driven
//! through the same typed calls as by workers and schedulers. Plain Redis commands run in between through the same
//! driver, so that figures can be compared with what the machine gives at that moment.

mod bench;
mod environment;
mod fairness;
mod latency;
mod layout;
mod ledger;
mod load;
mod memory;
mod options;
mod plain;
mod report;
mod statistics;
mod table;
mod throughput;
mod wake;

use std::path::PathBuf;

use rad_schema::admin::AdminError;
use rad_schema::db::DbError;
use rad_schema::local::LocalError;
use rad_schema::migrate::MigrateError;
use rad_schema::window::WindowError;
use tokio_util::sync::CancellationToken;

use bench::Bench;
pub use options::QueueOptions;
use report::Parts;
pub use report::Report;

/// A benchmark that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no folder for the private stores.
    #[error("make the folder {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The private stores did not start or end.
    #[error("run private stores")]
    Stores(#[from] LocalError),
    /// The private database could not be prepared.
    #[error("prepare the database")]
    Migrate(#[from] MigrateError),
    /// The benchmark's tenants could not be made.
    #[error("make tenants")]
    Tenants(#[from] AdminError),
    /// Redis refused a call.
    #[error("drive the window")]
    Window(#[from] WindowError),
    /// Postgres refused a call.
    #[error("drive the ledger")]
    Ledger(#[from] DbError),
    /// The window did not do what a correct one does.
    #[error("the window is broken: {0}")]
    Broken(String),
    /// Somebody asked to end it.
    #[error("interrupted")]
    Interrupted,
}

/// Carries out the benchmark, until `stop`; the stores have ended when it returns.
pub async fn run(options: QueueOptions, stop: CancellationToken) -> Result<Report, QueueError> {
    let temporary = std::env::temp_dir();
    let folder = tempfile::Builder::new().prefix("rad-queue-").tempdir_in(&temporary);
    let folder = folder.map_err(|source| QueueError::Folder { path: temporary, source })?;
    let dir = options.dir.clone().unwrap_or_else(|| folder.path().to_owned());
    let mut bench = Bench::start(&dir, &options).await?;
    let measured = stop.run_until_cancelled(Box::pin(measure(&mut bench, &options))).await;
    bench.stop().await?;
    measured.ok_or(QueueError::Interrupted)?
}

async fn measure(bench: &mut Bench, options: &QueueOptions) -> Result<Report, QueueError> {
    let sizes = options.sizes();
    let parts = Parts {
        baseline: plain::measure(bench, &sizes).await?,
        throughput: throughput::measure(bench, &sizes).await?,
        memory: memory::measure(bench, &sizes).await?,
        latency: latency::measure(bench, &sizes).await?,
        fairness: fairness::measure(bench, &sizes).await?,
        wake: wake::measure(bench, &sizes).await?,
        ledger: Box::pin(ledger::measure(bench, &sizes)).await?,
    };
    Ok(Report::new(sizes, environment::describe(bench).await?, parts))
}

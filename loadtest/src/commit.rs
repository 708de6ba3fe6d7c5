//! The commit of pages, measured against plain COPY of their chunk rows.
//!
//! COPY is the fastest way that Postgres has to take rows, and what it leaves out is what a commit is for: row
//! security, documents and their locks, bodies, links, fences, counters, limits. Both write the same rows in
//! transactions of the same size, over as many connections, in turns, and wait for the disk.

mod options;
mod pages;
mod report;
mod rounds;
mod stand;

use std::path::PathBuf;

use rad_schema::admin::AdminError;
use rad_schema::db::DbError;
use rad_schema::local::LocalError;
use rad_schema::migrate::MigrateError;
use tokio_util::sync::CancellationToken;

pub use options::CommitOptions;
pub use report::Report;
use stand::Stand;

/// A benchmark that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
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
    /// The benchmark's tenant could not be made.
    #[error("make the tenant")]
    Tenant(#[from] AdminError),
    /// Postgres refused a call.
    #[error("drive the ledger")]
    Ledger(#[from] DbError),
    /// A commit could not be made.
    #[error("commit pages")]
    Commit(#[from] rad_schema::commit::CommitError),
    /// Something is not as a correct commit leaves it.
    #[error("the commit is broken: {0}")]
    Broken(String),
    /// Somebody asked to end it.
    #[error("interrupted")]
    Interrupted,
}

impl CommitError {
    fn broken(what: &str) -> Self {
        Self::Broken(what.to_owned())
    }
}

/// Carries out the benchmark, until `stop`; the stores have ended when it returns.
pub async fn run(options: CommitOptions, stop: CancellationToken) -> Result<Report, CommitError> {
    let temporary = std::env::temp_dir();
    let folder = tempfile::Builder::new().prefix("rad-commit-").tempdir_in(&temporary);
    let folder = folder.map_err(|source| CommitError::Folder { path: temporary, source })?;
    let dir = options.dir.clone().unwrap_or_else(|| folder.path().to_owned());
    let mut stand = Stand::start(&dir, options.connections).await?;
    let measured = stop.run_until_cancelled(Box::pin(rounds::measure(&mut stand, &options))).await;
    stand.stop().await?;
    Ok(Report::new(&options, &measured.ok_or(CommitError::Interrupted)??))
}

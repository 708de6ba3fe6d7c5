//! Why a fleet could not be started.

use std::io;
use std::path::PathBuf;

use rad_schema::admin::AdminError;
use rad_schema::db::DbError;
use rad_schema::local::LocalError;
use rad_schema::migrate::MigrateError;
use rad_schema::process::OpenError;

use super::process::ProcessError;
use crate::client::ApiError;

/// A failed start. Whatever had been started is ended again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The fleet's folder can't be used.
    #[error("could not use the folder {}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Another fleet lives in the folder.
    #[error("another rad is running in {}; stop it, or choose another folder with --dir", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// Private stores did not start.
    #[error(transparent)]
    Stores(#[from] LocalError),
    /// The schema is not up to date and could not be brought there.
    #[error("could not migrate the database")]
    Migrate(#[from] MigrateError),
    /// The stores are not fit to work with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Postgres did not do what the start needs.
    #[error("could not {doing}")]
    Postgres {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// The cause.
        #[source]
        source: DbError,
    },
    /// A tenant or a key could not be made.
    #[error("could not {doing}")]
    Operator {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// The cause.
        #[source]
        source: AdminError,
    },
    /// A process could not be started or ended at once.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The API does not answer.
    #[error("could not use the API")]
    Api(#[from] ApiError),
    /// A scheduler answers, but can't reach its stores.
    #[error("{name} was not ready within {seconds} s ({answer}); see {}", log.display())]
    NotReady {
        /// The process.
        name: String,
        /// How long we waited.
        seconds: u64,
        /// Its last answer.
        answer: String,
        /// Its log.
        log: PathBuf,
    },
}

impl StartError {
    /// Something outside of rad is missing or can't be reached, as opposed to a failure of rad itself.
    pub fn is_dependency(&self) -> bool {
        matches!(
            self,
            Self::Stores(_)
                | Self::Postgres { .. }
                | Self::Operator { source: AdminError::Store(_), .. }
                | Self::Migrate(MigrateError::Connect(_))
                | Self::Open(OpenError::Postgres(_) | OpenError::Redis(_))
                | Self::Process(ProcessError::Missing { .. })
        )
    }

    /// The caller's settings have to be changed.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Open(OpenError::Role(_)))
    }
}

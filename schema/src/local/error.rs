//! Why private stores could not be started, used or ended.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use nix::errno::Errno;

/// A failure around the private stores.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A server is not installed.
    #[error("`{name}` was not found; install it with: {install}")]
    MissingBinary {
        /// The program looked for.
        name: &'static str,
        /// The command that installs it on Debian.
        install: &'static str,
    },
    /// A file or folder of the stores could not be made, read or handed over.
    #[error("could not {doing} {}", path.display())]
    Folder {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A folder that must be private is not a folder, or is somebody else's.
    #[error("{} belongs to another user or is no folder; remove it or choose another data folder", path.display())]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Root found no unprivileged account to run the servers as.
    #[error(
        "neither the user `postgres` nor `nobody` exists, and Postgres does not run as root; create one of them"
    )]
    NoAccount,
    /// Another process kept the folder locked for too long.
    #[error("another process is still starting or stopping the stores of {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A program could not be started.
    #[error("could not run {}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// `initdb` failed.
    #[error("could not create the Postgres data folder ({status}): {output}")]
    InitDb {
        /// How `initdb` ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// A server ended before it was ready.
    #[error("{name} ended while starting ({status}); the end of {}:\n{tail}", log.display())]
    Exited {
        /// The server.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A server did not answer in time.
    #[error("{name} did not answer within {seconds} s; see {}", log.display())]
    NotReady {
        /// The server.
        name: &'static str,
        /// How long we waited.
        seconds: u64,
        /// Its log file.
        log: PathBuf,
    },
    /// A server could not be signalled or waited for.
    #[error("could not end {name} (process {pid})")]
    End {
        /// The server.
        name: &'static str,
        /// Its process id.
        pid: i32,
        /// The system's answer.
        #[source]
        source: Errno,
    },
    /// A database could not be created.
    #[error("could not create the database `{name}`")]
    CreateDatabase {
        /// The database.
        name: String,
        /// Postgres' answer.
        #[source]
        source: sqlx::Error,
    },
    /// Redis could not be opened on a TCP port.
    #[error("could not open a TCP port for Redis")]
    RedisTcp(#[source] redis::RedisError),
}

impl LocalError {
    /// For `map_err` after a file operation on `path`.
    pub(super) fn folder<E: Into<io::Error>>(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Folder { doing, path, source: source.into() }
    }
}

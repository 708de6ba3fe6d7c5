//! The private Postgres server.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::process::Command;

use super::binaries::Binaries;
use super::door::{self, Door};
use super::folder::Folder;
use super::server::{self, Server};
use super::{LocalError, LocalOptions, OWNER_ROLE, address};

const NAME: &str = "postgres";

/// A fast shutdown writes a checkpoint; a large one on a slow disk takes some seconds.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Postgres kills its own sessions 5 s into an immediate shutdown.
const KILL_DEADLINE: Duration = Duration::from_secs(10);

/// SQLSTATE of a database that already exists, and of two sessions that create it at once.
const DUPLICATE_DATABASE: [&str; 2] = ["42P04", "23505"];

/// Postgres in its folder, running or not.
#[derive(Debug)]
pub(super) struct Postgres {
    initdb: PathBuf,
    program: PathBuf,
    folder: Folder,
    fsync: bool,
    door: Door,
    server: Option<Server>,
}

impl Postgres {
    pub(super) fn new(binaries: &Binaries, folder: Folder, options: &LocalOptions) -> Self {
        Self {
            initdb: binaries.initdb.clone(),
            program: binaries.postgres.clone(),
            fsync: options.fsync,
            door: Door::postgres(folder.sockets()),
            folder,
            server: None,
        }
    }

    pub(super) fn is_child(&self) -> bool {
        self.server.as_ref().is_some_and(Server::is_child)
    }

    /// Uses the server that runs, or starts one.
    pub(super) async fn start(&mut self) -> Result<(), LocalError> {
        if self.server.as_mut().is_some_and(Server::is_alive) {
            return Ok(());
        }
        let log = self.folder.log(NAME);
        if let Some(pid) = self.door.find(NAME, &log).await? {
            self.server = Some(Server::found(NAME, pid));
            return Ok(());
        }
        self.initialise().await?;
        // SIGQUIT is Postgres' immediate shutdown: the sessions end with it.
        let mut server = Server::spawn(NAME, self.command(), &log, Signal::SIGQUIT)?;
        self.door.opened_by(&mut server, NAME, &log).await?;
        self.server = Some(server);
        Ok(())
    }

    /// A fast shutdown of our child, or, if `adopt`, of the server we found.
    pub(super) async fn stop(&mut self, adopt: bool) -> Result<(), LocalError> {
        match self.server.take_if(|server| adopt || server.is_child()) {
            Some(server) => server.end(Signal::SIGINT, STOP_DEADLINE).await,
            None => Ok(()),
        }
    }

    /// An immediate shutdown: to the data the same as a crash, but no session outlives it, so that the next
    /// start finds the shared memory free.
    pub(super) async fn kill(&mut self) -> Result<(), LocalError> {
        match self.server.take() {
            Some(server) => server.end(Signal::SIGQUIT, KILL_DEADLINE).await,
            None => Ok(()),
        }
    }

    pub(super) async fn create_database(&self, name: &str) -> Result<bool, LocalError> {
        let failed = |source| LocalError::CreateDatabase { name: name.to_owned(), source };
        let options = door::postgres_options(self.folder.sockets());
        let mut connection = options.connect().await.map_err(failed)?;
        // template0, because template1 can't be copied while anybody is connected to it.
        let statement = format!("CREATE DATABASE \"{}\" TEMPLATE template0", name.replace('"', "\"\""));
        let created = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await;
        let created = match created {
            Ok(_) => true,
            Err(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| DUPLICATE_DATABASE.contains(&&*code)) =>
            {
                false
            }
            Err(error) => return Err(failed(error)),
        };
        connection.close().await.map_err(failed)?;
        Ok(created)
    }

    /// Leaves the server running without us, as a SIGKILL of our process would.
    #[cfg(test)]
    pub(super) fn disown(&mut self) {
        std::mem::forget(self.server.take());
    }

    fn command(&self) -> Command {
        let data = self.folder.postgres_data();
        let mut command = server::command(&self.program, self.folder.account(), &data);
        command.arg("-D").arg(&data).arg("-k").arg(self.folder.sockets());
        let on_off = |on: bool| if on { "on" } else { "off" };
        let port = address::POSTGRES_PORT.to_string();
        for (name, value) in [
            ("listen_addresses", ""),
            ("port", &port),
            ("max_connections", "200"),
            ("shared_buffers", "256MB"),
            ("wal_compression", "on"),
            // A page is some 50 KB of log: with the default of 1 GB a fast crawl would go from checkpoint to
            // checkpoint, and each makes every page that is touched next go into the log as a whole.
            ("max_wal_size", "4GB"),
            // Files of the log are used again; new ones need not be filled with zeros first.
            ("min_wal_size", "256MB"),
            ("wal_init_zero", "off"),
            // Statements here are short: one that a wrong estimate has compiled only gets slower.
            ("jit", "off"),
            // A new table has no statistics until the first analyze; a minute of poor plans is long on a laptop.
            // Every five seconds was an eighth of all that Postgres did in a crawl.
            ("autovacuum_naptime", "15s"),
            // Without fsync a crash of the machine loses data anyway, so torn pages need no care. Commits stay
            // synchronous: what was acknowledged must survive the death of the process.
            ("fsync", on_off(self.fsync)),
            ("full_page_writes", on_off(self.fsync)),
            ("synchronous_commit", "on"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("logging_collector", "off"),
        ] {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    /// Creates the data folder once. It gets its name only when it is complete, so an interrupted `initdb` is
    /// simply run again.
    async fn initialise(&self) -> Result<(), LocalError> {
        let data = self.folder.postgres_data();
        if data.join("PG_VERSION").exists() {
            return Ok(());
        }
        let mut result = Ok(());
        // Some systems have no C.UTF-8.
        for locale in ["C.UTF-8", "C"] {
            result = self.run_initdb(locale).await;
            if result.is_ok() {
                break;
            }
        }
        result?;
        fs::rename(self.unfinished_data(), &data).map_err(LocalError::folder("create", data))
    }

    fn unfinished_data(&self) -> PathBuf {
        self.folder.home().join("postgres.new")
    }

    async fn run_initdb(&self, locale: &str) -> Result<(), LocalError> {
        let data = self.folder.renew(self.unfinished_data())?;
        let output = server::command(&self.initdb, self.folder.account(), &data)
            .arg("-D")
            .arg(&data)
            .arg(format!("--username={OWNER_ROLE}"))
            .arg(format!("--locale={locale}"))
            .args(["--auth=trust", "--encoding=UTF8", "--no-sync"])
            .output()
            .await
            .map_err(|source| LocalError::Spawn { program: self.initdb.clone(), source })?;
        if output.status.success() {
            return Ok(());
        }
        Err(LocalError::InitDb {
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}

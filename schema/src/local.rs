//! Private Postgres and Redis servers from the system's binaries.
//!
//! `rad up`, tests and benchmarks use the same stores as production, so nothing is mocked: this module
//! starts a Postgres and a Redis of its own in one folder, reachable only through Unix sockets (ports can
//! collide, and any local user could connect to one).
//!
//! **One folder, many processes.** A start holds the folder's lock. The first process spawns the servers and
//! owns them; later ones attach to what already answers. Who owns is decided by a file lock that lives as long
//! as its process, so servers orphaned by a SIGKILL are adopted by the next start and end with its
//! [`LocalStores::stop`]. When the owner stops, the servers stop for those attached to them too.
//!
//! **Ends.** [`LocalStores::stop`] is clean. Dropping without it ends our own children abruptly, which loses
//! nothing committed: the next start recovers from the logs. Children have a process group of their own, so
//! that Ctrl-C on the terminal lets the caller drain before its stores go away.
//!
//! **Root.** Postgres refuses to run as root, so root's servers run as an unprivileged account that also gets
//! the data (see [`LocalStores::folder`] for where).

mod account;
mod address;
mod binaries;
mod door;
mod error;
mod folder;
mod lock;
mod options;
mod postgres;
mod redis_server;
mod server;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;

use nix::fcntl::Flock;

pub use error::LocalError;
pub use options::{LocalOptions, RedisPersistence};

use binaries::Binaries;
use folder::Folder;
use postgres::Postgres;
use redis_server::RedisServer;

/// The superuser that owns a private Postgres; migrations run as this role, the processes do not.
pub const OWNER_ROLE: &str = "rad_owner";

/// A running pair of private stores.
#[derive(Debug)]
pub struct LocalStores {
    folder: Folder,
    postgres: Postgres,
    redis: RedisServer,
    attached: bool,
    /// Held by the one process that is responsible for ending the servers.
    owner: Option<Flock<File>>,
}

impl LocalStores {
    /// Starts both servers in `dir`, or attaches to those that already run there, and waits until they answer.
    ///
    /// `dir` is created if it is missing. A root process gives it to the servers' account if that account
    /// could not enter it.
    pub async fn start(dir: &Path, options: LocalOptions) -> Result<Self, LocalError> {
        // Looked for first, so that a missing package leaves no folder behind.
        let binaries = Binaries::find(options.search_path.as_deref())?;
        let asked = folder::create(dir)?;
        let _starting = lock::acquire(&asked.join(lock::START)).await?;
        let owner = lock::try_acquire(&asked.join(lock::OWNER))?;
        let folder = Folder::prepare(asked)?;

        let mut postgres = Postgres::new(&binaries, folder.clone(), &options);
        let mut redis = RedisServer::new(&binaries, folder.clone(), &options);
        tokio::try_join!(postgres.start(), redis.start())?;
        let attached = !(postgres.is_child() || redis.is_child());
        Ok(Self { folder, postgres, redis, attached, owner })
    }

    /// Whether both servers were already running when this process started to use them.
    pub fn attached(&self) -> bool {
        self.attached
    }

    /// The folder that really holds data, sockets and logs.
    ///
    /// It differs from the one asked for only where the servers' account can't reach that one (`/root`, for
    /// instance); the file `location` in the folder asked for then names it.
    pub fn folder(&self) -> &Path {
        self.folder.home()
    }

    /// The URL of database `db` for its superuser, `rad_owner`.
    pub fn owner_url(&self, db: &str) -> String {
        self.url_for(OWNER_ROLE, db)
    }

    /// The URL of database `db` for `role`; no role needs a password here.
    pub fn url_for(&self, role: &str, db: &str) -> String {
        address::postgres_url(self.folder.sockets(), role, db)
    }

    /// The URL of Redis' Unix socket, database 0.
    pub fn redis_url(&self) -> String {
        address::redis_url(&self.folder.redis_socket())
    }

    /// The URL of Redis' TCP port, if [`LocalOptions::redis_tcp`] asked for one.
    pub fn redis_tcp_url(&self) -> Option<String> {
        self.redis.tcp_port().map(|port| format!("redis://127.0.0.1:{port}/0"))
    }

    /// Creates database `name` if there is none; tells whether it did.
    pub async fn create_database(&self, name: &str) -> Result<bool, LocalError> {
        self.postgres.create_database(name).await
    }

    /// Ends the servers cleanly and waits for them; a server that hangs is killed.
    ///
    /// Servers owned by another living process are left alone.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        // A start in another process would otherwise attach to servers that are about to go. Without the lock
        // (the folder is gone, say) the servers must still end.
        let _stopping = lock::acquire(&self.folder.asked().join(lock::START)).await.ok();
        let adopt = self.owner.is_some();
        let (postgres, redis) = tokio::join!(self.postgres.stop(adopt), self.redis.stop(adopt));
        postgres.and(redis)
    }

    /// Kills Redis as a crash would (SIGKILL) and waits until it is gone.
    pub async fn kill_redis(&mut self) -> Result<(), LocalError> {
        self.redis.kill().await
    }

    /// Starts Redis again after [`Self::kill_redis`], with the same addresses.
    pub async fn start_redis(&mut self) -> Result<(), LocalError> {
        self.redis.start().await
    }

    /// Kills Redis and starts it again; without `persist` its data is deleted in between.
    pub async fn restart_redis(&mut self, persist: bool) -> Result<(), LocalError> {
        self.redis.kill().await?;
        if !persist {
            self.redis.delete_data()?;
        }
        self.redis.start().await
    }

    /// Ends Postgres as a crash would: every session is cut, nothing is flushed, the next start recovers.
    pub async fn kill_postgres(&mut self) -> Result<(), LocalError> {
        self.postgres.kill().await
    }

    /// Starts Postgres again after [`Self::kill_postgres`], with the same address.
    pub async fn start_postgres(&mut self) -> Result<(), LocalError> {
        self.postgres.start().await
    }

    /// [`Self::kill_postgres`], then [`Self::start_postgres`].
    pub async fn restart_postgres(&mut self) -> Result<(), LocalError> {
        self.kill_postgres().await?;
        self.start_postgres().await
    }
}

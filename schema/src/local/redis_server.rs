//! The private Redis server.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Command;

use super::binaries::Binaries;
use super::door::Door;
use super::folder::Folder;
use super::server::{self, Server};
use super::{LocalError, LocalOptions, RedisPersistence, address};

const NAME: &str = "redis";

/// Redis flushes its append-only file and leaves.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// A free port can be taken between our look and Redis' bind.
const PORT_ATTEMPTS: usize = 5;

/// Redis in its folder, running or not.
#[derive(Debug)]
pub(super) struct RedisServer {
    program: PathBuf,
    folder: Folder,
    persistence: RedisPersistence,
    wants_tcp: bool,
    tcp_port: Option<u16>,
    door: Door,
    server: Option<Server>,
}

impl RedisServer {
    pub(super) fn new(binaries: &Binaries, folder: Folder, options: &LocalOptions) -> Self {
        Self {
            program: binaries.redis_server.clone(),
            persistence: options.redis_persistence,
            wants_tcp: options.redis_tcp,
            tcp_port: None,
            door: Door::redis(&folder.redis_socket()),
            folder,
            server: None,
        }
    }

    pub(super) fn is_child(&self) -> bool {
        self.server.as_ref().is_some_and(Server::is_child)
    }

    /// The TCP port, once it was opened; it stays the same over restarts.
    pub(super) fn tcp_port(&self) -> Option<u16> {
        self.tcp_port
    }

    /// Uses the server that runs, or starts one; then opens its TCP port if one is wanted.
    pub(super) async fn start(&mut self) -> Result<(), LocalError> {
        if self.server.as_mut().is_some_and(Server::is_alive) {
            return Ok(());
        }
        let log = self.folder.log(NAME);
        let server = if let Some(pid) = self.door.find(NAME, &log).await? {
            Server::found(NAME, pid)
        } else {
            self.remove_stale_socket()?;
            let mut server = Server::spawn(NAME, self.command(), &log, Signal::SIGKILL)?;
            self.door.opened_by(&mut server, NAME, &log).await?;
            server
        };
        self.server = Some(server);
        if self.wants_tcp {
            self.open_tcp().await.map_err(LocalError::RedisTcp)?;
        }
        Ok(())
    }

    /// Ends our child, or, if `adopt`, the server we found.
    pub(super) async fn stop(&mut self, adopt: bool) -> Result<(), LocalError> {
        match self.server.take_if(|server| adopt || server.is_child()) {
            Some(server) => server.end(Signal::SIGTERM, STOP_DEADLINE).await,
            None => Ok(()),
        }
    }

    pub(super) async fn kill(&mut self) -> Result<(), LocalError> {
        match self.server.take() {
            Some(server) => server.end(Signal::SIGKILL, STOP_DEADLINE).await,
            None => Ok(()),
        }
    }

    /// Deletes what a stopped server kept on disk.
    pub(super) fn delete_data(&self) -> Result<(), LocalError> {
        self.folder.renew(self.folder.redis_data()).map(drop)
    }

    /// Redis doesn't remove the socket of a killed predecessor.
    fn remove_stale_socket(&self) -> Result<(), LocalError> {
        let socket = self.folder.redis_socket();
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(LocalError::folder("delete", socket)(error))
            }
            _ => Ok(()),
        }
    }

    /// Leaves the server running without us, as a SIGKILL of our process would.
    #[cfg(test)]
    pub(super) fn disown(&mut self) {
        std::mem::forget(self.server.take());
    }

    fn command(&self) -> Command {
        let data = self.folder.redis_data();
        let append_only = match self.persistence {
            RedisPersistence::AofEverysec => "yes",
            RedisPersistence::None => "no",
        };
        // Data goes to the current folder, so no path but the socket's has to survive Redis' quoting rules.
        let mut command = server::command(&self.program, self.folder.account(), &data);
        command
            .args(["--daemonize", "no", "--port", "0", "--bind", "127.0.0.1"])
            .arg("--unixsocket")
            .arg(self.folder.redis_socket())
            .args(["--unixsocketperm", "700", "--save", ""])
            .args(["--appendonly", append_only, "--appendfsync", "everysec"])
            // The window holds leases: a key thrown away under memory pressure would be lost work.
            .args(["--maxmemory-policy", "noeviction"]);
        command
    }

    /// Opens the port at run time: Redis reports a taken port, where a server started with one would end.
    async fn open_tcp(&mut self) -> redis::RedisResult<()> {
        let client = redis::Client::open(address::redis_url(&self.folder.redis_socket()))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (_, open): (String, u16) =
            redis::cmd("CONFIG").arg(&["GET", "port"]).query_async(&mut connection).await?;
        if open != 0 {
            self.tcp_port = Some(open);
            return Ok(());
        }
        for attempt in 1.. {
            let port = self.tcp_port.map_or_else(free_port, Ok)?;
            let set = redis::cmd("CONFIG").arg(&["SET", "port"]).arg(port).exec_async(&mut connection).await;
            match set {
                Ok(()) => {
                    self.tcp_port = Some(port);
                    break;
                }
                Err(error) if attempt == PORT_ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

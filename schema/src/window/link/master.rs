//! A connection that follows one slot of a cluster from master to master.
//!
//! Whatever says that the server may no longer be the right one (a redirection, a lost connection, silence, a
//! cluster that is down) drops the connection. The next call asks all known servers at once, and goes to the master
//! that the first of them names which is well itself. Only a redirection is followed within a call: nothing else
//! proves that the call had no effect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{RESPONSE_TIMEOUT, config, timed_out};
use crate::cluster::{self, Topology};

/// A slot moves once; more within one call means that servers disagree.
const MOVES: usize = 4;

#[derive(Clone)]
pub(in crate::window) struct MasterLink {
    shared: Arc<Shared>,
}

struct Shared {
    slot: u16,
    /// As in the settings: names that outlive servers.
    entrances: Vec<ConnectionInfo>,
    present: Mutex<Present>,
    /// One search at a time.
    searching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Present {
    /// Servers of the cluster at the last search.
    known: Vec<ConnectionInfo>,
    master: Option<Master>,
    searches: u64,
    failed: Option<RedisError>,
}

#[derive(Clone)]
struct Master {
    server: ConnectionInfo,
    connection: MultiplexedConnection,
    /// Number of the search that found it.
    search: u64,
}

/// What one server says.
struct Told {
    server: ConnectionInfo,
    connection: MultiplexedConnection,
    topology: Topology,
}

impl MasterLink {
    pub(super) async fn connect(entrances: Vec<ConnectionInfo>, slot: u16) -> RedisResult<Self> {
        let link = Self::new(entrances, slot);
        link.master(None).await?;
        Ok(link)
    }

    /// Not connected yet: a server that is away must not keep anybody from those of other slots.
    pub(super) fn new(entrances: Vec<ConnectionInfo>, slot: u16) -> Self {
        let present = Mutex::default();
        Self {
            shared: Arc::new(Shared { slot, entrances, present, searching: tokio::sync::Mutex::default() }),
        }
    }

    /// Where the slot is served now.
    pub(super) async fn server(&self) -> RedisResult<ConnectionInfo> {
        Ok(self.master(None).await?.server)
    }

    pub(super) async fn command(&self, cmd: &Cmd) -> RedisResult<Value> {
        let mut moved_to = None;
        let mut moves = 0;
        loop {
            let mut master = self.master(moved_to.take()).await?;
            let answer = master.connection.req_packed_command(cmd).await.and_then(Value::extract_error);
            let Err(error) = answer else { return answer };
            self.doubt(&master, &error);
            if error.kind() != ErrorKind::Server(ServerErrorKind::Moved) || moves == MOVES {
                return Err(error);
            }
            moves += 1;
            moved_to = cluster::redirected(&master.server, &error);
        }
    }

    /// Unlike a command, a pipeline that is redirected fails: a part of it may have had its effect.
    pub(super) async fn pipeline(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let mut master = self.master(None).await?;
        let answers = master.connection.req_packed_commands(pipeline, offset, count).await;
        let answers = answers.and_then(|all| all.into_iter().map(Value::extract_error).collect());
        answers.inspect_err(|error| self.doubt(&master, error))
    }

    /// Empties all masters.
    pub(super) async fn flush(&self) -> RedisResult<()> {
        let told = ask(self.server().await?).await?;
        for served in told.topology.masters() {
            let mut connection = cluster::connect(&served.master, &config()).await?;
            redis::cmd("FLUSHALL").exec_async(&mut connection).await?;
        }
        Ok(())
    }

    /// The present master, or the one that a search finds.
    async fn master(&self, moved_to: Option<ConnectionInfo>) -> RedisResult<Master> {
        let before = match &*self.present() {
            Present { master: Some(master), .. } => return Ok(master.clone()),
            present => present.searches,
        };
        let _alone = self.shared.searching.lock().await;
        let candidates = {
            let present = self.present();
            if let Some(master) = &present.master {
                return Ok(master.clone());
            }
            // Somebody has searched while we waited: all who wait share the failure, or the last would wait for
            // as many searches as there are callers.
            if let (true, Some(error)) = (present.searches > before, &present.failed) {
                return Err(error.clone());
            }
            self.candidates(&present)
        };
        let found = timeout(RESPONSE_TIMEOUT, find(self.shared.slot, moved_to, candidates)).await;
        self.remember(found.unwrap_or_else(|_| Err(timed_out())))
    }

    fn candidates(&self, present: &Present) -> Vec<ConnectionInfo> {
        let mut all = present.known.clone();
        for entrance in &self.shared.entrances {
            if all.iter().all(|known| known.addr() != entrance.addr()) {
                all.push(entrance.clone());
            }
        }
        all
    }

    fn remember(&self, found: RedisResult<Told>) -> RedisResult<Master> {
        let mut present = self.present();
        present.searches += 1;
        let told = found.inspect_err(|error| present.failed = Some(error.clone()))?;
        tracing::info!(server = %told.server.addr(), "this server of the Redis Cluster serves the shard");
        let master = Master { server: told.server, connection: told.connection, search: present.searches };
        present.failed = None;
        present.known = told.topology.servers();
        present.master = Some(master.clone());
        Ok(master)
    }

    /// Gives the connection up if `error` may mean that another server serves the slot.
    fn doubt(&self, master: &Master, error: &RedisError) {
        let doubtful = match error.kind() {
            ErrorKind::Server(kind) => matches!(
                kind,
                ServerErrorKind::Moved
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly
                    | ServerErrorKind::BusyLoading
            ),
            ErrorKind::Io => true,
            _ => error.is_unrecoverable_error(),
        };
        if doubtful {
            let mut present = self.present();
            present.master.take_if(|now| now.search == master.search);
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        // Nothing in it is ever half done.
        self.shared.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slots of one master, as inclusive ranges.
#[derive(Clone, Debug)]
pub(in crate::window) struct Slots(Vec<(u16, u16)>);

impl Slots {
    pub(in crate::window) fn contains(&self, slot: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&slot))
    }
}

/// All masters, as the first of `servers` that answers knows them.
pub(super) async fn masters(servers: Vec<ConnectionInfo>) -> RedisResult<Vec<Slots>> {
    let mut failed = RedisError::from((ErrorKind::ClusterConnectionNotFound, "no server answers"));
    for server in servers {
        match timeout(RESPONSE_TIMEOUT, ask(server)).await.unwrap_or_else(|_| Err(timed_out())) {
            Ok(told) => return Ok(told.topology.parts().into_iter().map(Slots).collect()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The master of `slot` with a connection to it: as the server says that a redirection named, else as any says.
async fn find(
    slot: u16,
    moved_to: Option<ConnectionInfo>,
    candidates: Vec<ConnectionInfo>,
) -> RedisResult<Told> {
    if let Some(server) = moved_to
        && let Ok(told) = ask(server).await
        && told.topology.master_of(slot).is_some_and(|master| master.addr() == told.server.addr())
    {
        return Ok(told);
    }
    let mut asked: JoinSet<_> = candidates.into_iter().map(ask).collect();
    let mut failed =
        RedisError::from((ErrorKind::ClusterConnectionNotFound, "nobody serves the shard's slot"));
    let mut tried = Vec::new();
    while let Some(told) = asked.join_next().await {
        let told = match told {
            Ok(Ok(told)) => told,
            Ok(Err(error)) => {
                failed = error;
                continue;
            }
            Err(_) => continue,
        };
        let Some(master) = told.topology.master_of(slot).cloned() else { continue };
        if master.addr() == told.server.addr() {
            return Ok(told);
        }
        if tried.contains(master.addr()) {
            continue;
        }
        match cluster::connect(&master, &config()).await {
            Ok(connection) => return Ok(Told { server: master, connection, topology: told.topology }),
            Err(error) => failed = error,
        }
        tried.push(master.addr().clone());
    }
    Err(failed)
}

/// What `server` says, if it believes the cluster to be well: one that was cut off tells of the past.
async fn ask(server: ConnectionInfo) -> RedisResult<Told> {
    let mut connection = cluster::connect(&server, &config()).await?;
    let state = cluster::state(&mut connection).await?;
    if state != "ok" {
        return Err(
            (ErrorKind::Server(ServerErrorKind::ClusterDown), "the cluster is not well", state).into()
        );
    }
    let topology = Topology::ask(&server, &mut connection).await?;
    Ok(Told { server, connection, topology })
}

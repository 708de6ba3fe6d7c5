//! The cluster that a server is part of.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionInfo, ErrorKind, RedisError, RedisResult, ServerErrorKind};

use super::RedisFault;
use crate::cluster::{self, Topology};

/// A Redis Cluster, as the server that was asked sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisCluster {
    /// `ok` while it takes commands.
    pub state: String,
    /// Servers that take writes.
    pub masters: usize,
    /// Address of the master that serves the shard.
    pub serving: String,
    /// Addresses of masters that no living replica follows: the death of one loses its part of the slots.
    pub alone: Vec<String>,
}

/// A connection to the server that serves `slot`: the only one, or the master of a cluster.
pub(super) async fn enter(
    servers: &[ConnectionInfo],
    slot: u16,
) -> Result<(MultiplexedConnection, Option<RedisCluster>), RedisFault> {
    let mut fault = RedisFault::NotAUrl((ErrorKind::InvalidClientConfig, "no server is named").into());
    for server in servers {
        match answered(server).await {
            Ok((connection, false)) if servers.len() == 1 => return Ok((connection, None)),
            Ok((_, false)) => return Err(RedisFault::NoCluster(named(server))),
            Ok((connection, true)) => return seen_from(server, connection, slot).await,
            Err(error) => fault = error.into(),
        }
    }
    Err(fault)
}

fn named(server: &ConnectionInfo) -> RedisError {
    (ErrorKind::InvalidClientConfig, "no cluster", server.addr().to_string()).into()
}

/// A connection, and whether the server is part of a cluster.
async fn answered(server: &ConnectionInfo) -> RedisResult<(MultiplexedConnection, bool)> {
    let mut connection = cluster::connect(server, &patient()).await?;
    redis::cmd("PING").exec_async(&mut connection).await?;
    let part = cluster::is_part_of_one(server, &mut connection).await?;
    Ok((connection, part))
}

async fn seen_from(
    server: &ConnectionInfo,
    mut connection: MultiplexedConnection,
    slot: u16,
) -> Result<(MultiplexedConnection, Option<RedisCluster>), RedisFault> {
    let state = cluster::state(&mut connection).await?;
    let topology = Topology::ask(server, &mut connection).await?;
    let Some(master) = topology.master_of(slot) else {
        let nobody =
            (ErrorKind::Server(ServerErrorKind::ClusterDown), "nobody serves the slot", slot.to_string());
        return Err(RedisFault::ClusterDown(nobody.into()));
    };
    let masters = topology.masters();
    let alone = masters.iter().filter(|served| served.replicas.is_empty());
    let found = RedisCluster {
        state,
        masters: masters.len(),
        serving: master.addr().to_string(),
        alone: alone.map(|served| served.master.addr().to_string()).collect(),
    };
    if master.addr() != server.addr() {
        connection = cluster::connect(master, &patient()).await?;
    }
    Ok((connection, Some(found)))
}

/// The caller bounds the time.
fn patient() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
}

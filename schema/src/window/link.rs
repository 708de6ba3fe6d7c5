//! The connection to the server that serves a shard: the only one there is, or the master of a cluster's slot.

mod master;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisFuture,
    RedisResult, Value,
};

use self::master::MasterLink;
pub(super) use self::master::Slots;
use crate::cluster;

/// A script takes well under a millisecond; seconds mean that the server is gone or stuck.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// One server or a cluster, found out by asking. Clones share the connection, which mends itself.
#[derive(Clone)]
pub(super) enum Link {
    Server(Arc<Client>, ConnectionManager),
    Cluster(MasterLink),
}

/// What `REDIS_URL` names, found out by asking: the way to every shard.
#[derive(Clone)]
pub(super) enum Entrance {
    Server(Link),
    Cluster(Vec<ConnectionInfo>),
}

impl Entrance {
    /// Connects to the first of `urls` that answers and asks it whether it is part of a cluster.
    pub(super) async fn find(urls: &str) -> RedisResult<Self> {
        let servers = cluster::named(urls)?;
        let several = servers.len() > 1;
        match reached(&servers).await? {
            (_, true) => Ok(Self::Cluster(servers)),
            (server, false) if several => Err(RedisError::from((
                ErrorKind::InvalidClientConfig,
                "several servers are named, but this one is not part of a cluster",
                server.addr().to_string(),
            ))),
            (server, false) => Ok(Self::Server(Link::server(server).await?)),
        }
    }

    /// The connection for `slot`. In a cluster its master is looked for by the first call.
    pub(super) fn link(&self, slot: u16) -> Link {
        match self {
            Self::Server(link) => link.clone(),
            Self::Cluster(servers) => Link::Cluster(MasterLink::new(servers.clone(), slot)),
        }
    }

    /// The masters of the cluster with their slots; none of a single server.
    pub(super) async fn masters(&self) -> RedisResult<Vec<Slots>> {
        let Self::Cluster(servers) = self else { return Ok(Vec::new()) };
        master::masters(servers.clone()).await
    }
}

impl Link {
    /// Connects to what `urls` names; in a cluster, to the master of `slot`.
    pub(super) async fn connect(urls: &str, slot: u16) -> RedisResult<Self> {
        match Entrance::find(urls).await? {
            Entrance::Server(link) => Ok(link),
            Entrance::Cluster(servers) => Ok(Self::Cluster(MasterLink::connect(servers, slot).await?)),
        }
    }

    async fn server(server: ConnectionInfo) -> RedisResult<Self> {
        let client = Client::open(server)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_number_of_retries(2)
            .set_max_delay(Duration::from_millis(500));
        let manager = ConnectionManager::new_with_config(client.clone(), config).await?;
        Ok(Self::Server(Arc::new(client), manager))
    }

    /// A connection of its own, on which an answer may take for ever.
    pub(super) async fn blocking(&self) -> RedisResult<MultiplexedConnection> {
        let config = config().set_response_timeout(None);
        match self {
            Self::Server(client, _) => client.get_multiplexed_async_connection_with_config(&config).await,
            Self::Cluster(link) => cluster::connect(&link.server().await?, &config).await,
        }
    }

    /// Empties the server, or all masters.
    pub(super) async fn flush(&self) -> RedisResult<()> {
        match self {
            Self::Server(_, manager) => redis::cmd("FLUSHALL").query_async(&mut manager.clone()).await,
            Self::Cluster(link) => link.flush().await,
        }
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(_, manager) => manager.req_packed_command(cmd),
            Self::Cluster(link) => Box::pin(link.command(cmd)),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(_, manager) => manager.req_packed_commands(pipeline, offset, count),
            Self::Cluster(link) => Box::pin(link.pipeline(pipeline, offset, count)),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(_, manager) => manager.get_db(),
            // A cluster has no other.
            Self::Cluster(_) => 0,
        }
    }
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
}

/// The first of `servers` that answers, and whether it is part of a cluster.
async fn reached(servers: &[ConnectionInfo]) -> RedisResult<(ConnectionInfo, bool)> {
    let mut failed = RedisError::from((ErrorKind::InvalidClientConfig, "no server is named"));
    for server in servers {
        let asked = async {
            let mut connection = cluster::connect(server, &config()).await?;
            cluster::is_part_of_one(server, &mut connection).await
        };
        match asked.await {
            Ok(part) => return Ok((server.clone(), part)),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn timed_out() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "no server of the cluster says who serves the shard").into()
}

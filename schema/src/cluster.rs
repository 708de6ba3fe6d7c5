//! Redis Cluster as far as one shard needs it: who serves a slot, and whether the whole is well.
//!
//! All keys of a shard lie in one slot, so a process speaks to one server at a time and needs no map of all slots.

mod servers;
mod topology;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisResult};

pub(crate) use self::servers::{named, redirected};
pub(crate) use self::topology::Topology;

/// A connection to one server, with the login and the TLS of `server`.
pub(crate) async fn connect(
    server: &ConnectionInfo,
    config: &AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    // Both TLS crates of the tree bring ring; whoever comes first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::open(server.clone())?.get_multiplexed_async_connection_with_config(config).await
}

/// Whether the server behind `connection`, reached as `server`, is part of a cluster. One on a socket counts as a
/// server by itself: a cluster names its servers by host and port only.
pub(crate) async fn is_part_of_one(
    server: &ConnectionInfo,
    connection: &mut MultiplexedConnection,
) -> RedisResult<bool> {
    if matches!(server.addr(), ConnectionAddr::Unix(_)) {
        return Ok(false);
    }
    match redis::cmd("INFO").arg("cluster").query_async::<String>(connection).await {
        Ok(info) => Ok(info.lines().any(|line| line.trim_end() == "cluster_enabled:1")),
        // Who may not call INFO can't work with the window either, and is told so by the first script.
        Err(error) if error.code().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the server says of the whole: `ok` while all slots are served.
pub(crate) async fn state(connection: &mut MultiplexedConnection) -> RedisResult<String> {
    let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(connection).await?;
    let state = info.lines().find_map(|line| line.strip_prefix("cluster_state:"));
    Ok(state.unwrap_or("unknown").trim().to_owned())
}

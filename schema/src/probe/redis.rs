//! Redis as the processes use it.

mod cluster;
mod fault;
mod info;

use std::collections::BTreeSet;

use redis::Script;
use redis::aio::MultiplexedConnection;

pub use self::cluster::RedisCluster;
pub use self::fault::RedisFault;
pub use self::info::RedisServer;
use super::{Clock, now_us};
use crate::keys::ShardKeys;
use crate::layout::ShardPlace;

/// A proxy before several servers gives itself away only if it is asked more than once.
const SCRIPT_RUNS: usize = 3;

/// What a script of the fleet finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisScripts {
    /// Every `run_id` that several scripts read; one that is empty could not be read.
    pub run_ids: BTreeSet<String>,
}

/// Everything that a process of the fleet depends on. Each part can be told although another can't.
#[derive(Debug)]
pub struct RedisReport {
    /// The cluster that the server is part of, if it is.
    pub cluster: Option<RedisCluster>,
    /// The server; in a cluster, the master that serves the shard.
    pub server: Result<RedisServer, RedisFault>,
    /// Whether our scripts run, writes included.
    pub scripts: Result<RedisScripts, RedisFault>,
    /// The server's clock.
    pub clock: Result<Clock, RedisFault>,
}

/// A connection for looking around.
pub struct RedisProbe {
    connection: MultiplexedConnection,
    cluster: Option<RedisCluster>,
}

impl RedisProbe {
    /// Connects, logs in and is answered; in a cluster, by the master that serves the shard.
    pub async fn connect(urls: &str) -> Result<Self, RedisFault> {
        let servers = crate::cluster::named(urls).map_err(RedisFault::NotAUrl)?;
        let (connection, cluster) =
            cluster::enter(&servers, ShardKeys::new(ShardPlace::only()).slot()).await?;
        Ok(Self { connection, cluster })
    }

    /// Whether `urls` can be read at all, and where they lead; passwords are left out.
    pub fn address(urls: &str) -> Result<String, RedisFault> {
        let servers = crate::cluster::named(urls).map_err(RedisFault::NotAUrl)?;
        let addresses: Vec<_> = servers.iter().map(|server| server.addr().to_string()).collect();
        Ok(addresses.join(", "))
    }

    /// Looks at everything that processes need.
    pub async fn report(&mut self) -> RedisReport {
        RedisReport {
            cluster: self.cluster.clone(),
            server: self.server().await,
            clock: self.clock().await,
            scripts: self.scripts().await,
        }
    }

    async fn server(&mut self) -> Result<RedisServer, RedisFault> {
        let info: String = redis::cmd("INFO").query_async(&mut self.connection).await?;
        Ok(RedisServer::parse(&info))
    }

    async fn clock(&mut self) -> Result<Clock, RedisFault> {
        let before = now_us();
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut self.connection).await?;
        Ok(Clock::compared(before, seconds * 1_000_000 + micros, now_us()))
    }

    async fn scripts(&mut self) -> Result<RedisScripts, RedisFault> {
        let script = Script::new(concat!(include_str!("../../lua/prelude.lua"), include_str!("run_id.lua")));
        // The first key and the generation that all scripts have; no generation is below 1.
        let meta = ShardKeys::new(ShardPlace::only()).meta();
        let mut run_ids = BTreeSet::new();
        for _ in 0..SCRIPT_RUNS {
            run_ids.insert(script.key(&meta).arg(0).invoke_async(&mut self.connection).await?);
        }
        Ok(RedisScripts { run_ids })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_without_its_password() {
        let address = RedisProbe::address("redis://default:hunter2@cache.example:6380/1").unwrap();
        assert_eq!(address, "cache.example:6380");
        let several = RedisProbe::address("redis://:s@a:1,redis://:s@b:2").unwrap();
        assert_eq!(several, "a:1, b:2");
    }

    #[test]
    fn urls_of_other_servers_are_none_of_redis() {
        for url in ["", "nonsense", "http://u:hunter2@h", "redis://u:hunter2@h:port"] {
            let fault = RedisProbe::address(url).unwrap_err();
            assert!(matches!(fault, RedisFault::NotAUrl(_)), "{url}");
            assert!(!fault.said().contains("hunter2"), "{}", fault.said());
        }
    }
}

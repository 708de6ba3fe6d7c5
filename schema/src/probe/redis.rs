//! Redis as the processes use it.

mod fault;
mod info;

use std::collections::BTreeSet;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Script};

pub use self::fault::RedisFault;
pub use self::info::RedisServer;
use super::{Clock, now_us};
use crate::keys::ShardKeys;

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
    /// The server.
    pub server: Result<RedisServer, RedisFault>,
    /// Whether our scripts run, writes included.
    pub scripts: Result<RedisScripts, RedisFault>,
    /// The server's clock.
    pub clock: Result<Clock, RedisFault>,
}

/// A connection for looking around.
pub struct RedisProbe {
    connection: MultiplexedConnection,
}

impl RedisProbe {
    /// Connects, logs in and is answered.
    pub async fn connect(url: &str) -> Result<Self, RedisFault> {
        let client = client(url)?;
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(Self { connection })
    }

    /// Whether `url` can be read at all, and where it leads; its password is left out.
    pub fn address(url: &str) -> Result<String, RedisFault> {
        Ok(client(url)?.get_connection_info().addr().to_string())
    }

    /// Looks at everything that processes need.
    pub async fn report(&mut self) -> RedisReport {
        RedisReport { server: self.server().await, clock: self.clock().await, scripts: self.scripts().await }
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
        let meta = ShardKeys::new(0, 1).meta();
        let mut run_ids = BTreeSet::new();
        for _ in 0..SCRIPT_RUNS {
            run_ids.insert(script.key(&meta).arg(0).invoke_async(&mut self.connection).await?);
        }
        Ok(RedisScripts { run_ids })
    }
}

fn client(url: &str) -> Result<Client, RedisFault> {
    // Both TLS crates of the tree bring ring; whoever comes first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::open(url).map_err(RedisFault::NotAUrl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_without_its_password() {
        let address = RedisProbe::address("redis://default:hunter2@cache.example:6380/1").unwrap();
        assert_eq!(address, "cache.example:6380");
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

//! Connecting to Redis, finding out which server it is, and opening a generation in it.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{AsyncCommands, AsyncConnectionConfig, Client};

use super::protocol::PROTOCOL;
use super::script::SCRIPTS;
use super::{Window, WindowError};
use crate::keys::ShardKeys;

/// A script takes well under a millisecond; seconds mean that the server is gone or stuck.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to the Redis of one shard, not bound to a generation.
#[derive(Clone)]
pub struct Dispatch {
    client: Client,
    pub(super) connection: ConnectionManager,
    pub(super) keys: ShardKeys,
}

fn failed(script: &'static str) -> impl FnOnce(redis::RedisError) -> WindowError {
    move |source| WindowError::Redis { script, source }
}

impl Dispatch {
    /// Connects to the server at `url`, which serves shard 0 of 1.
    pub async fn connect(url: &str) -> Result<Self, WindowError> {
        // Both TLS crates of the tree bring ring; whoever comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(url).map_err(failed("connect"))?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_number_of_retries(2)
            .set_max_delay(Duration::from_millis(500));
        let connection =
            ConnectionManager::new_with_config(client.clone(), config).await.map_err(failed("connect"))?;
        Ok(Self { client, connection, keys: ShardKeys::new(0, 1) })
    }

    /// The window of `generation`.
    pub fn window(&self, generation: i64) -> Window {
        Window { connection: self.connection.clone(), scripts: &SCRIPTS, keys: self.keys.clone(), generation }
    }

    /// The server's own name for its present life.
    pub async fn run_id(&self) -> Result<String, WindowError> {
        let info: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut self.connection.clone())
            .await
            .map_err(failed("info"))?;
        info.lines()
            .find_map(|line| line.strip_prefix("run_id:"))
            .map(|id| id.trim().to_owned())
            .ok_or(WindowError::Answer { script: "info", answer: info })
    }

    /// Opens `generation` on the server that calls itself `run_id`. False: a higher one is there, or it is
    /// another server by now.
    pub async fn open(&self, generation: i64, run_id: &str) -> Result<bool, WindowError> {
        let opened: i64 = SCRIPTS
            .init
            .key(self.keys.meta())
            .arg(generation)
            .arg(run_id)
            .arg(PROTOCOL)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed("init"))?;
        Ok(opened == 1)
    }

    /// Removes one step of keys of generations before `generation`; returns the cursor, 0 when done.
    pub async fn sweep(&self, generation: i64, cursor: u64) -> Result<u64, WindowError> {
        let connection = &mut self.connection.clone();
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(self.keys.all())
            .arg("COUNT")
            .arg(500)
            .query_async(connection)
            .await
            .map_err(failed("scan"))?;
        let old: Vec<_> = keys.into_iter().filter(|key| self.keys.is_older(key, generation)).collect();
        if !old.is_empty() {
            let _: i64 = connection.unlink(old).await.map_err(failed("unlink"))?;
        }
        Ok(next)
    }

    /// Empties the server, as an operator's FLUSHALL would: everything comes back from the ledger.
    pub async fn wipe(&self) -> Result<(), WindowError> {
        redis::cmd("FLUSHALL").query_async(&mut self.connection.clone()).await.map_err(failed("flushall"))
    }

    /// Wakes one idle worker.
    pub async fn wake(&self) -> Result<(), WindowError> {
        self.connection.clone().lpush(self.keys.wake(), "1").await.map_err(failed("wake"))
    }

    /// A connection of its own for blocking reads.
    pub async fn waiter(&self) -> Result<Waiter, WindowError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None);
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(failed("connect"))?;
        Ok(Waiter { connection, keys: self.keys.clone() })
    }
}

/// Blocks on the wake-up lists. One per process: blocked connections cost the server.
pub struct Waiter {
    connection: MultiplexedConnection,
    keys: ShardKeys,
}

impl Waiter {
    /// Waits for something claimable; false when `at_most` has passed.
    pub async fn for_work(&mut self, at_most: Duration) -> Result<bool, WindowError> {
        self.blocked_on(self.keys.wake(), at_most).await
    }

    /// Waits for a lane that wants a refill; false when `at_most` has passed.
    pub async fn for_refill(&mut self, at_most: Duration) -> Result<bool, WindowError> {
        self.blocked_on(self.keys.feed(), at_most).await
    }

    async fn blocked_on(&mut self, list: String, at_most: Duration) -> Result<bool, WindowError> {
        // Zero would block for ever.
        let seconds = at_most.as_secs_f64().max(0.001);
        let read = self.connection.blpop::<_, Option<(String, String)>>(list, seconds);
        // A path that drops packets silently never answers: the server would have, some time ago.
        match tokio::time::timeout(at_most + RESPONSE_TIMEOUT, read).await {
            Ok(token) => Ok(token.map_err(failed("blpop"))?.is_some()),
            Err(_) => Err(WindowError::Answer { script: "blpop", answer: "nothing in time".to_owned() }),
        }
    }
}

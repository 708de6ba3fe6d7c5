//! A connection for reading a Redis server's own figures and for plain commands.

use std::sync::LazyLock;

use redis::aio::ConnectionManager;
use redis::{Client, Script};

use super::Reading;
use crate::window::WindowError;

/// Outside of every generation, in no shard.
const PLAIN_LIST: &str = "bench:plain";

static LEAST: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("least.lua")));

fn failed(script: &'static str) -> impl FnOnce(redis::RedisError) -> WindowError {
    move |source| WindowError::Redis { script, source }
}

/// A connection beside the window's. Clones share it, and calls of several are pipelined.
#[derive(Clone)]
pub struct Meter {
    connection: ConnectionManager,
}

impl Meter {
    /// Connects to the server at `url`.
    pub async fn connect(url: &str) -> Result<Self, WindowError> {
        let client = Client::open(url).map_err(failed("connect"))?;
        let connection = ConnectionManager::new(client).await.map_err(failed("connect"))?;
        Ok(Self { connection })
    }

    /// What the server says of itself now.
    pub async fn read(&self) -> Result<Reading, WindowError> {
        let info: String = redis::cmd("INFO")
            .arg("ALL")
            .query_async(&mut self.connection.clone())
            .await
            .map_err(failed("info"))?;
        Ok(Reading::parse(&info))
    }

    /// Puts `item` at one end of a list.
    pub async fn push(&self, item: u64) -> Result<(), WindowError> {
        redis::cmd("LPUSH")
            .arg(PLAIN_LIST)
            .arg(item)
            .exec_async(&mut self.connection.clone())
            .await
            .map_err(failed("lpush"))
    }

    /// Takes an item from the other end.
    pub async fn pop(&self) -> Result<Option<u64>, WindowError> {
        redis::cmd("RPOP")
            .arg(PLAIN_LIST)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(failed("rpop"))
    }

    /// Runs the least script that there is, sent by its hash as all scripts are.
    pub async fn least_script(&self) -> Result<(), WindowError> {
        LEAST.key(PLAIN_LIST).invoke_async::<()>(&mut self.connection.clone()).await.map_err(failed("least"))
    }
}

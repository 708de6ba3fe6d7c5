//! Connecting to Redis, finding out which server it is, and opening a generation in it.

use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::link::{Link, RESPONSE_TIMEOUT};
use super::protocol::PROTOCOL;
use super::script::SCRIPTS;
use super::{Window, WindowError};
use crate::keys::ShardKeys;
use crate::layout::ShardPlace;
use crate::queue::Queue;

/// A connection to the Redis of one shard, not bound to a generation.
#[derive(Clone)]
pub struct Dispatch {
    pub(super) connection: Link,
    pub(super) keys: ShardKeys,
}

pub(super) fn failed(script: &'static str) -> impl FnOnce(redis::RedisError) -> WindowError {
    move |source| WindowError::Redis { script, source }
}

impl Dispatch {
    /// Connects to what `urls` names, which serves shard 0 of 1: a server, or a cluster by one or more of its
    /// servers with commas between them. Which of the two it is, the server is asked.
    pub async fn connect(urls: &str) -> Result<Self, WindowError> {
        let keys = ShardKeys::new(ShardPlace::only());
        let connection = Link::connect(urls, keys.slot()).await.map_err(failed("connect"))?;
        Ok(Self { connection, keys })
    }

    /// The window of `generation`.
    pub fn window(&self, generation: i64) -> Window {
        Window { connection: self.connection.clone(), scripts: &SCRIPTS, keys: self.keys.clone(), generation }
    }

    /// The server's own name for its present life; in a cluster, that of the master that serves the shard.
    pub async fn run_id(&self) -> Result<String, WindowError> {
        let run_id: String = SCRIPTS
            .run_id
            .key(self.keys.meta())
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed("run_id"))?;
        if run_id.is_empty() {
            return Err(WindowError::Answer { script: "run_id", answer: run_id });
        }
        Ok(run_id)
    }

    /// Opens `generation` on the server that calls itself `run_id`. False: a higher one is there, or it is
    /// another server by now.
    pub async fn open(&self, generation: i64, run_id: &str) -> Result<bool, WindowError> {
        self.init(generation, run_id, false).await
    }

    /// The same, into which nothing is pushed before [`Window::rest`] has named the hosts that rest. No page of a crawl
    /// is claimed either before its tenant has a share.
    pub async fn open_resting(&self, generation: i64, run_id: &str) -> Result<bool, WindowError> {
        self.init(generation, run_id, true).await
    }

    async fn init(&self, generation: i64, run_id: &str, resting: bool) -> Result<bool, WindowError> {
        let unshared = i32::from(!resting || self.queue() == Queue::Tasks);
        let opened: i64 = SCRIPTS
            .init
            .key(self.keys.meta())
            .arg(generation)
            .arg(run_id)
            .arg(PROTOCOL)
            .arg(i32::from(resting))
            .arg(unshared)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed("init"))?;
        Ok(opened == 1)
    }

    /// Closes the window of a shard that is no longer in use, for all that may still work with it. False: it is closed,
    /// or a later division has opened another one under the same tag.
    pub async fn close(&self, generation: i64) -> Result<bool, WindowError> {
        let closed: i64 = SCRIPTS
            .close
            .key(self.keys.meta())
            .arg(generation)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed("close"))?;
        Ok(closed == 1)
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

    /// Empties the server, or all masters of the cluster, as an operator's FLUSHALL would: everything comes back from the ledger.
    pub async fn wipe(&self) -> Result<(), WindowError> {
        self.connection.flush().await.map_err(failed("flushall"))
    }

    /// Wakes one idle worker.
    pub async fn wake(&self) -> Result<(), WindowError> {
        self.connection.clone().lpush(self.keys.wake(), "1").await.map_err(failed("wake"))
    }

    /// A connection of its own for blocking reads, to the server that serves the shard now. After an error it is
    /// to be given up for another: the shard may be served elsewhere.
    pub async fn waiter(&self) -> Result<Waiter, WindowError> {
        let connection = self.connection.blocking().await.map_err(failed("connect"))?;
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

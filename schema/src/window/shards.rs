//! The way to every shard: one connection where one server has all, one to each shard's master in a cluster.
//!
//! Nothing here knows how many shards there are; Postgres does, and says so with each generation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::connect::failed;
use super::link::{Entrance, Link};
use super::{Dispatch, WindowError};
use crate::keys::{self, ShardKeys};
use crate::layout::ShardPlace;
use crate::queue::Queue;

/// What `REDIS_URL` names. Clones share their connections.
#[derive(Clone)]
pub struct Shards {
    entrance: Entrance,
    /// By tag. Divisions are few, so none is ever given up.
    links: Arc<Mutex<HashMap<String, Link>>>,
}

impl Shards {
    /// Finds out what `urls` names, as [`Dispatch::connect`] does. In a cluster any one server is enough.
    pub async fn connect(urls: &str) -> Result<Self, WindowError> {
        let entrance = Entrance::find(urls).await.map_err(failed("connect"))?;
        Ok(Self { entrance, links: Arc::default() })
    }

    /// A shard of a queue.
    pub fn at(&self, queue: Queue, place: &ShardPlace) -> Dispatch {
        let keys = ShardKeys::new(place.clone()).of(queue);
        // Inserting leaves the map valid whatever happens.
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let link = links.entry(place.tag.clone()).or_insert_with(|| self.entrance.link(keys.slot()));
        Dispatch { connection: link.clone(), keys }
    }

    /// The shard of tasks from outside, which are not divided: a claim takes the most urgent task of all kinds.
    pub fn tasks(&self) -> Dispatch {
        self.at(Queue::Tasks, &ShardPlace::only())
    }

    /// Tags for so many shards, or for one on each master: in a cluster they take turns on the masters of now.
    pub async fn tags(&self, count: Option<u32>) -> Result<Vec<String>, WindowError> {
        let masters = self.entrance.masters().await.map_err(failed("cluster slots"))?;
        let count = count.unwrap_or_else(|| u32::try_from(masters.len()).unwrap_or(1).clamp(1, MOST));
        let owners: Vec<_> = masters.iter().map(|slots| |slot| slots.contains(slot)).collect();
        Ok(keys::tags(count, &owners))
    }
}

/// Shards of a queue at most; the table in Postgres has the same.
pub const MOST: u32 = 128;

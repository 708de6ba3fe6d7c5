//! How queues are divided into shards, and the generation of each, as Postgres has it.
//!
//! The number of shards is part of what Postgres knows: a process that has another in mind loads it again. A change is
//! a rebuild of everything, under generations above all that were.

use sqlx::FromRow;

use crate::db::{Db, DbError};
use crate::fleet::Shard;
use crate::keys::FIRST_TAG;
use crate::queue::Queue;

/// Where a shard stands in the division of its queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShardPlace {
    /// Hash tag of its keys.
    pub tag: String,
    /// Its number, from 0.
    pub index: u32,
    /// How many there are.
    pub count: u32,
}

impl ShardPlace {
    /// The only shard of a queue.
    pub fn only() -> Self {
        Self { tag: FIRST_TAG.to_owned(), index: 0, count: 1 }
    }
}

/// A shard as Postgres has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedShard {
    /// Which it is.
    pub place: ShardPlace,
    /// Its generation; of one that was never opened, with an empty `run_id`.
    pub shard: Shard,
}

/// All shards of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Those in use, in their order; none before the first leader.
    pub shards: Vec<PlacedShard>,
    /// Those of earlier divisions whose windows may still be open.
    pub retired: Vec<PlacedShard>,
}

impl Layout {
    /// How many shards the queue is divided into.
    pub fn count(&self) -> usize {
        self.shards.len()
    }

    /// The places of the shards in use.
    pub fn places(&self) -> Vec<ShardPlace> {
        self.shards.iter().map(|placed| placed.place.clone()).collect()
    }
}

#[derive(FromRow)]
struct Row {
    shards: i32,
    shard: i32,
    tag: String,
    generation: i64,
    run_id: String,
    raised_us: i64,
    retired: bool,
}

impl From<Row> for PlacedShard {
    fn from(row: Row) -> Self {
        let place =
            ShardPlace { tag: row.tag, index: row.shard.unsigned_abs(), count: row.shards.unsigned_abs() };
        let shard = Shard { generation: row.generation, run_id: row.run_id, raised_us: row.raised_us };
        Self { place, shard }
    }
}

impl Db {
    /// The division of a queue.
    pub async fn layout(&self, queue: Queue) -> Result<Layout, DbError> {
        let rows = sqlx::query_as::<_, Row>(include_str!("../queries/fleet/shards.sql"))
            .bind(queue.number())
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("read the shards"))?;
        let mut layout = Layout::default();
        for row in rows {
            let to = if row.retired { &mut layout.retired } else { &mut layout.shards };
            to.push(row.into());
        }
        Ok(layout)
    }

    /// Divides a queue into one shard for each tag. False: it was divided into so many already.
    pub async fn divide(&self, queue: Queue, tags: &[String]) -> Result<bool, DbError> {
        sqlx::query_scalar(include_str!("../queries/fleet/divide.sql"))
            .bind(queue.number())
            .bind(tags)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("divide the dispatch window"))
    }

    /// The current generation of a shard; none when it is no longer, or not yet, in use.
    pub async fn shard_at(&self, queue: Queue, place: &ShardPlace) -> Result<Option<Shard>, DbError> {
        let layout = self.layout(queue).await?;
        Ok(layout.shards.into_iter().find(|placed| placed.place == *place).map(|placed| placed.shard))
    }

    /// Raises a shard's generation from `old` for the server called `run_id`; none when another has raised it, or the
    /// queue is divided otherwise by now.
    pub async fn raise_generation_at(
        &self,
        queue: Queue,
        place: &ShardPlace,
        old: i64,
        run_id: &str,
    ) -> Result<Option<i64>, DbError> {
        sqlx::query_scalar::<_, Option<i64>>(include_str!("../queries/fleet/raise_generation.sql"))
            .bind(queue.number())
            .bind(i32::try_from(place.count).unwrap_or(i32::MAX))
            .bind(i32::try_from(place.index).unwrap_or(i32::MAX))
            .bind(old)
            .bind(run_id)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("raise the generation"))
    }

    /// Forgets a shard of an earlier division whose window is closed.
    pub async fn forget_shard(&self, queue: Queue, gone: &PlacedShard) -> Result<(), DbError> {
        sqlx::query(include_str!("../queries/fleet/forget_shard.sql"))
            .bind(queue.number())
            .bind(i32::try_from(gone.place.count).unwrap_or(i32::MAX))
            .bind(i32::try_from(gone.place.index).unwrap_or(i32::MAX))
            .bind(gone.shard.generation)
            .execute(&self.pool)
            .await
            .map_err(DbError::doing("forget a shard"))
            .map(drop)
    }

    /// A number above those of all leaderships that asked before.
    pub async fn next_leadership(&self) -> Result<i64, DbError> {
        sqlx::query_scalar(include_str!("../queries/fleet/next_leadership.sql"))
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("number the leadership"))
    }

    /// The current generation of the crawl queue's first shard; none before the first.
    pub async fn shard(&self) -> Result<Option<Shard>, DbError> {
        self.shard_of(Queue::Crawl).await
    }

    /// The current generation of a queue's first shard; none before the first.
    pub async fn shard_of(&self, queue: Queue) -> Result<Option<Shard>, DbError> {
        let first = self.layout(queue).await?.shards.into_iter().next();
        Ok(first.map(|placed| placed.shard).filter(|shard| !shard.run_id.is_empty()))
    }

    /// Raises the generation of the crawl queue. See [`Db::raise_generation_of`].
    pub async fn raise_generation(&self, old: i64, run_id: &str) -> Result<Option<i64>, DbError> {
        self.raise_generation_of(Queue::Crawl, old, run_id).await
    }

    /// Raises the generation of a queue with one shard, which is made where there is none.
    pub async fn raise_generation_of(
        &self,
        queue: Queue,
        old: i64,
        run_id: &str,
    ) -> Result<Option<i64>, DbError> {
        let only = ShardPlace::only();
        if old == 0 {
            self.divide(queue, std::slice::from_ref(&only.tag)).await?;
        }
        self.raise_generation_at(queue, &only, old, run_id).await
    }
}

//! Worker incarnations, leadership and the generation of the dispatch window.

use std::net::SocketAddr;
use std::time::Duration;

use rad_core::ids::{Incarnation, JobId};
use sqlx::FromRow;

use crate::db::{Db, DbError, millis};

/// What Postgres knows of the dispatch window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// The current generation.
    pub generation: i64,
    /// The Redis server that it was loaded into.
    pub run_id: String,
    /// When it was raised, in microseconds.
    pub raised_us: i64,
}

/// A worker as operators see it.
#[derive(Clone, Debug, FromRow, serde::Serialize)]
pub struct WorkerRow {
    /// One life of the process.
    pub incarnation: i64,
    /// Its name (`RAD_WORKER_ID`).
    pub worker_id: String,
    /// Its version.
    pub version: String,
    /// Tasks it can have in hand.
    pub slots: i32,
    /// Its `RAD_POOL`.
    pub pool: String,
    /// `alive`, `draining`, `stopped` or `lost`.
    pub state: String,
    /// Tasks it has in hand.
    pub busy: i32,
    /// The crawl of one of them.
    pub current_job: Option<i64>,
    /// Where its metrics are served.
    pub metrics_address: Option<String>,
    /// Milliseconds since its last word.
    pub silent_ms: i64,
}

impl Db {
    /// Registers a new life of the worker called `name` in `pool`, which serves its metrics at `metrics`.
    pub async fn register_worker(
        &self,
        name: &str,
        slots: usize,
        pool: &str,
        metrics: Option<SocketAddr>,
    ) -> Result<Incarnation, DbError> {
        sqlx::query_scalar::<_, i64>(include_str!("../queries/fleet/register.sql"))
            .bind(name)
            .bind(env!("CARGO_PKG_VERSION"))
            .bind(i32::try_from(slots).unwrap_or(i32::MAX))
            .bind(pool)
            .bind(metrics.map(|address| address.to_string()))
            .fetch_one(&self.pool)
            .await
            .map(Incarnation)
            .map_err(DbError::doing("register the worker"))
    }

    /// Says how a worker is: `alive`, `draining` or `stopped`.
    pub async fn report_worker(
        &self,
        worker: Incarnation,
        state: &str,
        busy: usize,
        job: Option<JobId>,
    ) -> Result<(), DbError> {
        sqlx::query(include_str!("../queries/fleet/report.sql"))
            .bind(worker.0)
            .bind(state)
            .bind(i32::try_from(busy).unwrap_or(i32::MAX))
            .bind(job.map(|job| job.0))
            .execute(&self.pool)
            .await
            .map_err(DbError::doing("report the worker's state"))
            .map(drop)
    }

    /// Marks workers lost that said nothing for `silence`. Returns how many.
    pub async fn mark_lost_workers(&self, silence: Duration) -> Result<i64, DbError> {
        sqlx::query_scalar::<_, i64>(include_str!("../queries/fleet/mark_lost.sql"))
            .bind(millis(silence))
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("mark lost workers"))
    }

    /// Workers that said something within the last day.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>, DbError> {
        sqlx::query_as(include_str!("../queries/fleet/workers.sql"))
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list workers"))
    }

    /// Takes or keeps the leadership called `name` for `ttl`; false when another has it.
    pub async fn lead(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, DbError> {
        sqlx::query_scalar::<_, bool>(include_str!("../queries/fleet/lead.sql"))
            .bind(name)
            .bind(holder)
            .bind(millis(ttl))
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("take the leadership"))
    }

    /// Whether anybody holds the leadership called `name`.
    pub async fn is_led(&self, name: &str) -> Result<bool, DbError> {
        sqlx::query_scalar::<_, bool>(include_str!("../queries/fleet/is_led.sql"))
            .bind(name)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("ask for the leadership"))
    }

    /// Gives a leadership up, so that the next replica needn't wait.
    pub async fn resign(&self, name: &str, holder: &str) -> Result<(), DbError> {
        sqlx::query(include_str!("../queries/fleet/resign.sql"))
            .bind(name)
            .bind(holder)
            .execute(&self.pool)
            .await
            .map_err(DbError::doing("give the leadership up"))
            .map(drop)
    }
}

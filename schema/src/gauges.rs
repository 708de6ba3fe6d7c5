//! Counts of the whole fleet for gauges, from counters: no ledger is read.

use sqlx::FromRow;

use crate::db::{Db, DbError};

/// Tenants that get a series of their own.
const TOP: i32 = 50;

/// What waits and what happens, over all running and paused crawls.
#[derive(Clone, Debug, Default)]
pub struct QueueGauges {
    /// URLs that have no end.
    pub open: i64,
    /// Those of them whose crawl is paused or whose tenant is at a limit.
    pub paused: i64,
    /// URLs that ended because workers died with them.
    pub poison: i64,
    /// URLs by the number of their state.
    pub by_state: [i64; 8],
    /// The tenants with most open URLs, all others together as `other`.
    pub tenants: Vec<TenantGauge>,
    /// Workers by pool and state.
    pub workers: Vec<WorkerGauge>,
    /// Rows that background work has not fetched, counted up to 100,000.
    pub outbox: i64,
    /// Tasks from outside that wait, and those that somebody holds.
    pub tasks: (i64, i64),
}

/// A tenant's part.
#[derive(Clone, Debug)]
pub struct TenantGauge {
    /// Its name.
    pub name: String,
    /// URLs that have no end.
    pub open: i64,
    /// Those of them that a limit or a pause keeps waiting.
    pub paused: i64,
    /// Used part of its monthly pages; none without a limit.
    pub pages_ratio: Option<f64>,
    /// Used part of its monthly tokens; none without a limit.
    pub tokens_ratio: Option<f64>,
    /// Used part of its storage; none without a limit.
    pub storage_ratio: Option<f64>,
}

/// Workers of one pool in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerGauge {
    /// `RAD_POOL` of the workers.
    pub pool: String,
    /// `alive`, `draining`, `stopped` or `lost`.
    pub state: String,
    /// How many.
    pub workers: i64,
}

#[derive(FromRow)]
struct Row {
    name: Option<String>,
    by_state: Vec<i64>,
    paused: i64,
    dead: i64,
    pages_ratio: Option<f64>,
    tokens_ratio: Option<f64>,
    storage_ratio: Option<f64>,
}

impl Db {
    /// The counts of this moment.
    pub async fn queue_gauges(&self) -> Result<QueueGauges, DbError> {
        let rows = sqlx::query_as::<_, Row>(include_str!("../queries/tenants/gauges.sql"))
            .bind(TOP)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("count open crawls"))?;
        let mut gauges = QueueGauges::default();
        for row in rows {
            let open = row.by_state.first().copied().unwrap_or(0);
            gauges.open += open;
            gauges.paused += row.paused;
            gauges.poison += row.dead;
            for (sum, part) in gauges.by_state.iter_mut().zip(&row.by_state) {
                *sum += part;
            }
            gauges.tenants.push(TenantGauge {
                name: row.name.unwrap_or_else(|| "other".to_owned()),
                open,
                paused: row.paused,
                pages_ratio: row.pages_ratio,
                tokens_ratio: row.tokens_ratio,
                storage_ratio: row.storage_ratio,
            });
        }
        let fleet = sqlx::query_as::<_, (String, String, i64)>(include_str!("../queries/fleet/gauges.sql"))
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("count workers"))?;
        for (kind, pool, value) in fleet {
            if kind == "outbox" {
                gauges.outbox = value;
            } else {
                gauges.workers.push(WorkerGauge { pool, state: kind, workers: value });
            }
        }
        gauges.tasks = sqlx::query_as(include_str!("../queries/tasks/gauges.sql"))
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("count tasks"))?;
        Ok(gauges)
    }
}

//! Gauges that nobody sets at an event, and that are looked at now and then instead.

use std::time::Duration;

use metrics::gauge;
use rad_core::metrics::control::DB_POOL;

use crate::db::Db;

/// Finer than any usual scrape interval.
const PERIOD: Duration = Duration::from_secs(5);

/// Shows how many connections to Postgres there are, until the pool is closed.
pub(crate) async fn pool_connections(db: Db) {
    let (idle, busy) = (gauge!(DB_POOL, "state" => "idle"), gauge!(DB_POOL, "state" => "busy"));
    while !db.pool.is_closed() {
        // The two are read one after the other: a connection may become idle in between.
        let free = u32::try_from(db.pool.num_idle()).unwrap_or(u32::MAX);
        idle.set(free);
        busy.set(db.pool.size().saturating_sub(free));
        tokio::time::sleep(PERIOD).await;
    }
}

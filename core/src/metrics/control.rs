//! The control plane and the stores: API, leader, Postgres, Redis.

use super::Kind::{Counter, Gauge, Histogram};
use super::{CRAWL_QUEUE, TASK_QUEUE, buckets, table};

table! {
    /// Requests that the API answered, by the route's pattern.
    HTTP_REQUESTS = "rad_http_requests_total", Counter, Scheduler,
        { route: ["/healthz", "/readyz"], method: ["GET"], status: ["200"] };
    /// Time of a request to the API, by the route's pattern.
    HTTP_DURATION = "rad_http_request_duration_seconds", Histogram(buckets::HTTP), Scheduler,
        { route: ["/healthz", "/readyz"] };
    /// Always 1; the labels say which build of a scheduler runs where.
    SCHEDULER_INFO = "rad_scheduler_info", Gauge, Scheduler, { version: [], commit: [], region: [] };
    /// 1 while this scheduler leads.
    LEADER = "rad_scheduler_leader", Gauge, Scheduler, {};
    /// Time of one activation of a background task for a queue.
    TICK_DURATION = "rad_scheduler_tick_duration_seconds", Histogram(buckets::TICK), Scheduler,
        {
            task: ["feed", "finish", "gauges", "generation", "judge", "reap", "reconcile", "shares", "trim"],
            queue: [CRAWL_QUEUE, TASK_QUEUE]
        };
    /// What the reconciler put back into the window: tasks that nobody had pushed, hosts without a place.
    WINDOW_REPAIRS = "rad_window_repairs_total", Counter, Scheduler, { kind: ["tasks", "hosts"] };
    /// Generation of each shard of the crawls' dispatch window that this scheduler last led.
    WINDOW_GENERATION = "rad_window_generation", Gauge, Scheduler, { shard: [] };
    /// Rows removed because their time was over.
    RETENTION_DELETED = "rad_retention_deleted_rows_total", Counter, Scheduler, { table: ["outbox", "tasks"] };
    /// Time of a hot statement, the wait for a connection included.
    DB_QUERY = "rad_db_query_duration_seconds", Histogram(buckets::STORE), Every,
        { op: ["hydrate", "commit", "lane_heads", "lane_terms"] };
    /// Connections to Postgres.
    DB_POOL = "rad_db_pool_connections", Gauge, Every, { state: ["idle", "busy"] };
    /// Time of a script in Redis, the round trip included.
    REDIS_COMMAND = "rad_redis_command_duration_seconds", Histogram(buckets::STORE), Every, {
        cmd: [
            "audit", "claim", "claim_for", "complete", "extend", "feed", "heartbeat", "leave", "lock", "nack", "park",
            "reap", "shares", "stats", "user_lock"
        ]
    };
}

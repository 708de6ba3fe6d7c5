//! Workers one by one, and the gauges of the whole fleet that only the leader exports.

use super::Kind::Gauge;
use super::{CRAWL_QUEUE, TASK_QUEUE, table};

table! {
    /// Pages that this worker can have in work at once.
    WORKER_SLOTS = "rad_worker_slots", Gauge, Worker, { pool: [] };
    /// Pages in work now, from claim to commit.
    WORKER_SLOTS_BUSY = "rad_worker_slots_busy", Gauge, Worker, { pool: [] };
    /// Always 1; the labels say which build of a worker runs where.
    WORKER_INFO = "rad_worker_info", Gauge, Worker, { version: [], commit: [], region: [], pool: [] };
    /// When Redis last took this worker's heartbeat, or the process started, in seconds of Unix time.
    WORKER_HEARTBEAT = "rad_worker_last_heartbeat_timestamp_seconds", Gauge, Worker, {};
    /// 1 while this worker finishes its pages and takes no new ones.
    WORKER_DRAINING = "rad_worker_draining", Gauge, Worker, {};
    /// Workers that said something within the last day, by how they are.
    WORKERS = "rad_workers", Gauge, Leader, { pool: [], state: [] };
    /// Open tasks of running crawls by where they are, of paused crawls, and those of both that killed workers.
    QUEUE_TASKS = "rad_queue_tasks", Gauge, Leader,
        { queue: [CRAWL_QUEUE, TASK_QUEUE], state: ["ready", "claimed", "paused", "poison"] };
    /// How long the oldest host that may be contacted waits for a worker, 0 when none does.
    QUEUE_OLDEST = "rad_queue_oldest_task_age_seconds", Gauge, Leader, { queue: [CRAWL_QUEUE, TASK_QUEUE] };
    /// 1 while nothing can be claimed from a shard because its window is being opened, or it does not answer.
    QUEUE_PAUSED = "rad_queue_paused", Gauge, Leader, { queue: [CRAWL_QUEUE, TASK_QUEUE], shard: [] };
    /// Open tasks of the tenants that have most of them, and of all others together.
    TENANT_TASKS = "rad_tenant_tasks", Gauge, Leader, { tenant: [], state: [] };
    /// Used part of a tenant's limit, 1 when it is reached. Tenants without the limit are not there.
    TENANT_QUOTA = "rad_tenant_quota_ratio", Gauge, Leader, { tenant: [], quota: [] };
    /// URLs of running and paused crawls by how they ended, or that they wait.
    FRONTIER_URLS = "rad_frontier_urls", Gauge, Leader, {
        state: [
            "waiting", "stored", "unchanged", "duplicate", "redirected", "superseded", "skipped", "failed"
        ]
    };
    /// Events that background work has not fetched yet.
    EVENTS_PENDING = "rad_events_pending", Gauge, Leader, {};
}

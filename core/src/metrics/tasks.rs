//! The flow of tasks: pushed, claimed, finished, and what happens on the way.

use super::Kind::{Counter, Histogram};
use super::{CRAWL_QUEUE, TASK_QUEUE, buckets, table};

table! {
    /// Tasks put into a queue, by where they come from: a link of a page, or a request to the API.
    PUSHED = "rad_tasks_pushed_total", Counter, Every,
        { queue: [CRAWL_QUEUE, TASK_QUEUE], source: ["link", "api"] };
    /// Tasks that workers took into hand.
    CLAIMED = "rad_tasks_claimed_total", Counter, Every, { queue: [CRAWL_QUEUE, TASK_QUEUE] };
    /// Tasks that came to an end. Dead are those that were given up after all attempts, or that killed workers.
    FINISHED = "rad_tasks_finished_total", Counter, Every,
        { queue: [CRAWL_QUEUE, TASK_QUEUE], outcome: ["ok", "failed", "timeout", "dead", "cancelled", "skipped"] };
    /// Tasks that go back for another attempt, by what went wrong.
    RETRIES = "rad_task_retries_total", Counter, Worker, {
        queue: [CRAWL_QUEUE],
        reason: [
            "dns", "connect", "timeout", "protocol", "robots_unreachable", "http_4xx", "http_5xx", "store"
        ]
    };
    /// Leases taken back from workers that died or tasks that ran past their deadline.
    LEASES_EXPIRED = "rad_task_leases_expired_total", Counter, Scheduler,
        { queue: [CRAWL_QUEUE, TASK_QUEUE] };
    /// Time from a task's push, or from its due time when it is a retry, to its claim.
    WAIT = "rad_task_wait_seconds", Histogram(buckets::TASK_WAIT), Worker, { queue: [CRAWL_QUEUE] };
    /// Time from when a worker begins a task to the answer of its commit.
    DURATION = "rad_task_duration_seconds", Histogram(buckets::TASK), Worker,
        { queue: [CRAWL_QUEUE], outcome: ["ok", "failed", "timeout", "dead", "cancelled", "skipped"] };
    /// Attempts that a task had taken when it ended.
    ATTEMPTS = "rad_task_attempts", Histogram(buckets::ATTEMPTS), Worker, {};
    /// Time of a claim, the round trip to Redis included.
    CLAIM_DURATION = "rad_claim_duration_seconds", Histogram(buckets::CLAIM), Worker, {};
    /// Tasks of a claim that brought any.
    CLAIM_BATCH = "rad_claim_batch_tasks", Histogram(buckets::BATCH), Worker, {};
    /// Claims that found nothing to do.
    CLAIM_EMPTY = "rad_claim_empty_total", Counter, Worker, {};
    /// Tasks that waited because somebody else held the lock they needed.
    LOCK_CONTENTION = "rad_lock_contention_total", Counter, Worker, { lock_class: ["url"] };
    /// Links looked up by whether the crawl has them: in the worker's cache, in the ledger, or new.
    DEDUPE_CHECKS = "rad_dedupe_checks_total", Counter, Worker, { result: ["cache", "ledger", "new"] };
    /// Pages that were fetched and then not stored because a limit was reached.
    QUOTA_UNSTORED = "rad_quota_unstored_fetches_total", Counter, Worker, {};
}

//! What the API knows of leader, dispatch window and workers.

use std::time::Duration;

use rad_loadtest::client::{Api, ApiError, Health, Worker};

use crate::doctor::patience;
use crate::doctor::row::{Check, Row, skipped};

const VERSION: Check =
    Check { name: "api_version", why: "commands of another version may not know what the API says" };
const LEADER: Check =
    Check { name: "leader", why: "without a leader no work is fed and no dead worker is noticed" };
const WINDOW: Check =
    Check { name: "dispatch_window", why: "nothing can be claimed while the window is closed" };
const WORKERS: Check = Check { name: "workers", why: "without workers no page is fetched" };
const VERSIONS: Check = Check {
    name: "worker_versions",
    why: "an upgrade that stops half-way leaves two behaviours in one fleet",
};
const SILENCE: Check =
    Check { name: "worker_silence", why: "what a silent worker holds waits for its lease to end" };

pub(super) const ALL: [Check; 6] = [VERSION, LEADER, WINDOW, WORKERS, VERSIONS, SILENCE];

/// A worker that was lost longer ago than this is history.
const RECENT_MS: i64 = 3_600_000;

/// Names that are listed before the rest is only counted.
const NAMES: usize = 5;

pub(super) async fn rows(api: &Api, lease_ttl: Duration) -> Vec<Row> {
    let health = patience::answer(api.health()).await;
    let mut rows = match &health {
        Some(Ok(health)) => vec![version(health), leader(health), window(health), workers(health)],
        Some(Err(error)) => untold(&ALL[..4], error),
        None => unanswered(&ALL[..4]),
    };
    let lives = patience::answer(api.workers()).await;
    rows.extend(match &lives {
        Some(Ok(lives)) => vec![versions(lives), silence(lives, lease_ttl)],
        Some(Err(error)) => untold(&ALL[4..], error),
        None => unanswered(&ALL[4..]),
    });
    rows
}

/// A key without the scope is no fault of the fleet; anything else is.
fn untold(checks: &[Check], error: &ApiError) -> Vec<Row> {
    if error.status() == Some(403) {
        return skipped(checks, "the key may not read: use one with the scope read");
    }
    let told = |check: &Check| {
        check
            .fail(error.to_string(), "look into the scheduler's log, and at the checks of Postgres and Redis")
    };
    checks.iter().map(told).collect()
}

fn unanswered(checks: &[Check]) -> Vec<Row> {
    let fix = "look into the scheduler's log, and at the checks of Postgres and Redis";
    checks.iter().map(|check| check.fail(patience::silence(), fix)).collect()
}

fn version(health: &Health) -> Row {
    let own = env!("CARGO_PKG_VERSION");
    if health.version == own {
        VERSION.ok(format!("{own}, as this command"))
    } else {
        let detail = format!("the API is of version {}, this command of {own}", health.version);
        VERSION.warn(detail, "install rad and rad-scheduler of one release")
    }
}

fn leader(health: &Health) -> Row {
    if health.leader {
        LEADER.ok("a scheduler leads")
    } else {
        LEADER.fail(
            "no scheduler leads",
            "wait 10 s and ask again; then restart rad-scheduler and look into its log for `dispatch`",
        )
    }
}

fn window(health: &Health) -> Row {
    if health.dispatch {
        return WINDOW.ok("tasks can be claimed");
    }
    let (cause, fix) = if !health.postgres {
        (
            "the API's Postgres does not answer",
            "see the checks of Postgres, with the scheduler's DATABASE_URL",
        )
    } else if !health.redis {
        (
            "the API's Redis does not answer or refuses writes",
            "see the checks of Redis, with the scheduler's REDIS_URL",
        )
    } else {
        (
            "Postgres and Redis are not of one generation yet",
            "wait for one lease (15 s) and ask again; then see docs/runbooks/redis-lost.md",
        )
    };
    WINDOW.fail(format!("closed: {cause}"), fix)
}

fn workers(health: &Health) -> Row {
    match health.workers_alive {
        alive if alive > 0 => WORKERS.ok(format!("{alive} alive")),
        _ => WORKERS.fail(
            "no worker is alive",
            "start one: rad-worker, systemctl start rad-worker@1, docker compose up --detach --scale worker=3, or \
             fly scale count worker=3; one that ends at once says why in its last log line",
        ),
    }
}

fn versions(lives: &[Worker]) -> Row {
    let others = lives.iter().filter(|life| is_working(life) && life.version_skew);
    let names: Vec<_> = others.map(|life| format!("{} ({})", life.worker_id, life.version)).collect();
    if names.is_empty() {
        VERSIONS.ok("no worker is of another version than the API")
    } else {
        VERSIONS.warn(
            format!("of another version than the API: {}", listed(&names)),
            "replace these workers by the API's release",
        )
    }
}

fn silence(lives: &[Worker], lease_ttl: Duration) -> Row {
    let ttl_ms = i64::try_from(lease_ttl.as_millis()).unwrap_or(i64::MAX);
    let names = |found: &dyn Fn(&Worker) -> bool| -> Vec<String> {
        lives.iter().filter(|life| found(life)).map(|life| life.worker_id.clone()).collect()
    };
    let silent = names(&|life| is_working(life) && life.silent_ms > ttl_ms);
    if !silent.is_empty() {
        return SILENCE.warn(
            format!("silent for longer than a lease: {}", listed(&silent)),
            "see docs/runbooks/worker-stuck.md; a worker that is stuck ends itself (RAD_WATCHDOG_SECONDS)",
        );
    }
    let lost = names(&|life| life.state == "lost" && life.silent_ms < RECENT_MS);
    if lost.is_empty() {
        SILENCE.ok("no worker was lost within the last hour")
    } else {
        SILENCE.warn(
            format!("lost within the last hour, without goodbye: {}", listed(&lost)),
            "look into their logs and for the kernel's OOM killer: dmesg | grep -i oom",
        )
    }
}

fn is_working(life: &Worker) -> bool {
    matches!(life.state.as_str(), "alive" | "draining")
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;

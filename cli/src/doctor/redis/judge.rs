//! What makes a Redis unfit for a fleet.

use rad_schema::probe::{RedisFault, RedisReport, RedisServer};

use super::{CLUSTER_DOWN, failed};
use crate::amount;
use crate::doctor::row::{Check, Row};

pub(super) const CLUSTER: Check = Check {
    name: "redis_cluster",
    why: "a cluster that lacks a master serves nothing, and a master without a replica has no successor",
};
pub(super) const VERSION: Check =
    Check { name: "redis_version", why: "the scripts use what Redis has since version 7" };
pub(super) const EVICTION: Check = Check {
    name: "redis_eviction",
    why: "a key that is thrown away is a lease or a host's clock that is lost",
};
pub(super) const MEMORY: Check = Check {
    name: "redis_memory",
    why: "a full Redis refuses writes, heartbeats included, and all work stops",
};
pub(super) const WRITES: Check =
    Check { name: "redis_writes", why: "claims, leases and heartbeats are writes" };
pub(super) const SCRIPTS: Check = Check {
    name: "redis_scripts",
    why: "scripts must make up key names and read run_id, to notice that a server was replaced",
};
pub(super) const PERSISTENCE: Check =
    Check { name: "redis_persistence", why: "what Redis forgets at a restart is refilled from Postgres" };

const OLDEST_MAJOR: u32 = 7;

/// Percent of its memory from which a server is nearly full.
const NEARLY_FULL: u64 = 90;

/// The row of a check of the server; skipped where it did not tell.
fn of_server(check: Check, report: &RedisReport, judge: impl FnOnce(&RedisServer) -> Row) -> Row {
    report.server.as_ref().map_or_else(|_| check.skip("the server did not tell (see redis_version)"), judge)
}

pub(super) fn cluster(report: &RedisReport) -> Row {
    let Some(cluster) = &report.cluster else {
        return CLUSTER.ok("no cluster: one server by itself");
    };
    let detail = format!(
        "Redis Cluster of {} masters, cluster_state {}; {} serves the fleet",
        cluster.masters, cluster.state, cluster.serving
    );
    if cluster.state != "ok" {
        CLUSTER.fail(detail, CLUSTER_DOWN)
    } else if cluster.alone.is_empty() {
        CLUSTER.ok(detail)
    } else {
        CLUSTER.warn(
            format!("{detail}; no replica follows {}", cluster.alone.join(", ")),
            "add replicas: redis-cli --cluster add-node NEW_HOST:PORT HOST:PORT --cluster-slave",
        )
    }
}

pub(super) fn version(report: &RedisReport) -> Row {
    let server = match &report.server {
        Ok(server) => server,
        Err(fault) => return VERSION.fail(failed(fault), "let the user of REDIS_URL run INFO"),
    };
    let Some(version) = &server.version else {
        return VERSION.warn("the server does not tell its version", "use Redis 7 or newer");
    };
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= OLDEST_MAJOR) {
        VERSION.ok(format!("Redis {version}"))
    } else {
        VERSION.fail(format!("Redis {version} is too old"), "upgrade Redis to 7 or newer")
    }
}

pub(super) fn eviction(report: &RedisReport) -> Row {
    of_server(EVICTION, report, |server| match server.eviction.as_deref() {
        Some("noeviction") => EVICTION.ok("maxmemory-policy is noeviction"),
        Some(other) => EVICTION.fail(
            format!("maxmemory-policy is {other}"),
            "redis-cli -u \"$REDIS_URL\" CONFIG SET maxmemory-policy noeviction, the same in redis.conf, and \
             FLUSHALL once if keys were evicted; hosted: switch eviction off",
        ),
        None => EVICTION.warn(
            "the server does not tell what it does when memory is full",
            "switch eviction off in the provider's console",
        ),
    })
}

pub(super) fn memory(report: &RedisReport) -> Row {
    of_server(MEMORY, report, |server| {
        let (Some(most), Some(used)) = (server.max_memory, server.used_memory) else {
            return MEMORY.skip("the server does not tell its memory");
        };
        let taken = size(used);
        if most == 0 {
            return MEMORY.ok(format!("{taken} taken, without a limit of its own"));
        }
        let detail = format!("{taken} of {} taken", size(most));
        let fix =
            "raise maxmemory: redis-cli -u \"$REDIS_URL\" CONFIG SET maxmemory 512mb; hosted: a larger plan";
        if used >= most {
            MEMORY.fail(detail, fix)
        } else if used.saturating_mul(100) >= most.saturating_mul(NEARLY_FULL) {
            MEMORY.warn(detail, fix)
        } else {
            MEMORY.ok(detail)
        }
    })
}

fn size(bytes: u64) -> String {
    amount::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}

pub(super) fn writes(report: &RedisReport) -> Row {
    const PRIMARY: &str = "set REDIS_URL to the primary server";
    if report.server.as_ref().is_ok_and(|server| server.is_replica == Some(true)) {
        return WRITES.fail("the server is a replica", PRIMARY);
    }
    match &report.scripts {
        Ok(_) => WRITES.ok("the server takes writes"),
        Err(fault) => match fault {
            RedisFault::OutOfMemory(_) => WRITES.fail(
                failed(fault),
                "raise maxmemory: redis-cli -u \"$REDIS_URL\" CONFIG SET maxmemory 512mb",
            ),
            RedisFault::ReadOnly(_) => WRITES.fail(failed(fault), PRIMARY),
            RedisFault::NoReplicas(_) => WRITES.fail(
                failed(fault),
                "start the replicas, or: redis-cli -u \"$REDIS_URL\" CONFIG SET min-replicas-to-write 0",
            ),
            RedisFault::CannotSave(_) => WRITES
                .fail(failed(fault), "free disk space on the server; its log names the file it can't write"),
            _ => WRITES.skip("can't be told: no script runs (see redis_scripts)"),
        },
    }
}

pub(super) fn scripts(report: &RedisReport) -> Row {
    const USABLE: &str =
        "use a Redis that lets clients and scripts call INFO; see \"Probe it\" in docs/deploy.md";
    let found = match &report.scripts {
        Ok(found) => found,
        Err(fault) => return unscripted(fault),
    };
    let Some(outside) = report.server.as_ref().ok().and_then(|server| server.run_id.as_ref()) else {
        return SCRIPTS.fail("the server does not tell its run_id", USABLE);
    };
    if found.run_ids.contains("") {
        SCRIPTS.fail("scripts run, but can't read run_id", USABLE)
    } else if found.run_ids.iter().all(|inside| inside == outside) {
        SCRIPTS.ok("scripts run and read the same run_id as clients")
    } else {
        SCRIPTS.fail(
            "several servers answer: run_id differs from one call to the next",
            "set REDIS_URL to one server, not to a proxy before several",
        )
    }
}

fn unscripted(fault: &RedisFault) -> Row {
    match fault {
        RedisFault::OutOfMemory(_)
        | RedisFault::ReadOnly(_)
        | RedisFault::NoReplicas(_)
        | RedisFault::CannotSave(_) => SCRIPTS.skip("can't be told: writes are refused (see redis_writes)"),
        RedisFault::Forbidden(_) => {
            SCRIPTS.fail(failed(fault), "give the user all commands and keys: ACL SETUSER NAME on ~* +@all")
        }
        RedisFault::Elsewhere(_) => SCRIPTS.fail(
            failed(fault),
            "run rad doctor again; if it stays, end the move of slots: redis-cli --cluster fix HOST:PORT",
        ),
        RedisFault::ClusterDown(_) => SCRIPTS.skip("can't be told: the cluster is down (see redis_cluster)"),
        _ => SCRIPTS.fail(failed(fault), "use Redis 7 or newer with scripts allowed"),
    }
}

pub(super) fn persistence(report: &RedisReport) -> Row {
    of_server(PERSISTENCE, report, |server| match server.append_only {
        Some(true) => PERSISTENCE.ok("an append-only file is kept"),
        Some(false) => PERSISTENCE
            .ok("nothing is appended to a file: a restart loses no URL, but hosts then rest for one lease"),
        None => PERSISTENCE.skip("the server does not tell"),
    })
}

#[cfg(test)]
mod tests;

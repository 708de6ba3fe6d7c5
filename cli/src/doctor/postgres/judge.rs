//! What makes a Postgres unfit for a fleet.

use rad_schema::migrate;
use rad_schema::probe::{PostgresFault, PostgresReport, PostgresServer};

use super::failed;
use crate::doctor::row::{Check, Row};

pub(super) const VERSION: Check =
    Check { name: "database_version", why: "the schema uses what Postgres has since version 14" };
pub(super) const WRITES: Check =
    Check { name: "database_writes", why: "on a read-only server nothing can be stored or claimed" };
pub(super) const DURABILITY: Check = Check {
    name: "database_durability",
    why: "what was acknowledged must survive a crash; without these waits the last pages can be lost",
};
pub(super) const ROLE: Check = Check {
    name: "database_role",
    why: "row security must bind the role, or a mistake shows the data of one tenant to another",
};
pub(super) const SCHEMA: Check =
    Check { name: "database_schema", why: "a process refuses to start on a schema older than its own" };
pub(super) const CONNECTIONS: Check = Check {
    name: "database_connections",
    why: "without a free connection workers can't commit and the API can't answer",
};

/// Oldest server, as a number of `server_version_num`.
const OLDEST: i32 = 140_000;

/// What a worker and a scheduler take where `RAD_DB_CONNECTIONS` is not set.
const OF_WORKER: u32 = 8;
const OF_SCHEDULER: u32 = 10;

/// An owner has a reason for every table; the first say enough.
const REASONS: usize = 2;

pub(super) fn version(report: &PostgresReport) -> Row {
    match &report.server {
        Err(fault) => VERSION.fail(failed(fault), "the server's log says more"),
        Ok(server) if server.version_number < OLDEST => {
            VERSION.fail(format!("Postgres {} is too old", server.version), "upgrade Postgres to 14 or newer")
        }
        Ok(server) => VERSION.ok(format!("Postgres {}", server.version)),
    }
}

/// The row of a check of the server; skipped where it did not tell.
fn of_server(check: Check, report: &PostgresReport, judge: impl FnOnce(&PostgresServer) -> Row) -> Row {
    report
        .server
        .as_ref()
        .map_or_else(|_| check.skip("the server did not tell (see database_version)"), judge)
}

pub(super) fn writes(report: &PostgresReport) -> Row {
    of_server(WRITES, report, |server| {
        if server.is_standby {
            WRITES.fail("the server is a standby", "set DATABASE_URL to the primary server")
        } else if server.is_read_only {
            WRITES.fail(
                "transactions are read-only here",
                "free disk space if the provider set this, then: ALTER ROLE rad_app RESET default_transaction_read_only",
            )
        } else {
            WRITES.ok("the server takes writes")
        }
    })
}

pub(super) fn durability(report: &PostgresReport) -> Row {
    of_server(DURABILITY, report, |server| {
        if !server.fsync {
            DURABILITY.warn(
                "fsync is off: a crash of the machine can destroy the database",
                "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()",
            )
        } else if !server.waits_for_disk {
            DURABILITY.warn(
                "synchronous_commit is off: a crash of the server loses the last commits",
                "ALTER ROLE rad_app SET synchronous_commit = on",
            )
        } else {
            DURABILITY.ok("commits wait for the disk")
        }
    })
}

pub(super) fn role(report: &PostgresReport) -> Row {
    match &report.role {
        Ok(reasons) if reasons.is_empty() => ROLE.ok("row security binds the role"),
        Ok(reasons) => {
            let more = match reasons.len().saturating_sub(REASONS) {
                0 => String::new(),
                more => format!("; and {more} more reasons"),
            };
            let shown = reasons[..reasons.len().min(REASONS)].join("; ");
            ROLE.fail(
                format!("{shown}{more}"),
                "set DATABASE_URL to the role rad_app, which `rad migrate` makes; give it a password with \
                 ALTER ROLE rad_app PASSWORD '...'",
            )
        }
        Err(PostgresFault::Missing(_)) => ROLE.skip("can't be judged before the schema is there"),
        Err(fault) => ROLE.fail(failed(fault), "set DATABASE_URL to the role rad_app"),
    }
}

pub(super) fn schema(report: &PostgresReport) -> Row {
    const MIGRATE: &str = "rad migrate --url postgres://OWNER:PASSWORD@HOST:5432/rad";
    let wanted = migrate::wanted_version();
    match &report.schema {
        Ok(None | Some(0)) => SCHEMA.fail("the database was never migrated", MIGRATE),
        Ok(Some(found)) if *found < wanted => {
            SCHEMA.fail(format!("version {found} is older than {wanted}, which this build needs"), MIGRATE)
        }
        Ok(Some(found)) if *found > wanted => SCHEMA.ok(format!(
            "version {found}, newer than {wanted} of this build: older processes run on it, too"
        )),
        Ok(Some(found)) => SCHEMA.ok(format!("version {found}")),
        Err(PostgresFault::Forbidden(fault)) => {
            SCHEMA.fail(format!("the role may not read it: {fault}"), "set DATABASE_URL to the role rad_app")
        }
        Err(fault) => SCHEMA.fail(failed(fault), MIGRATE),
    }
}

pub(super) fn connections(report: &PostgresReport, set: Option<u32>) -> Row {
    of_server(CONNECTIONS, report, |server| {
        let workers = report.workers.as_ref().copied().unwrap_or(0).max(1);
        let of_worker = i64::from(set.unwrap_or(OF_WORKER));
        let wanted = i64::try_from(workers).unwrap_or(i64::MAX).saturating_mul(of_worker)
            + i64::from(set.unwrap_or(OF_SCHEDULER));
        let free = available(server);
        let detail = format!(
            "{free} of {} are for rad; {workers} worker(s) and a scheduler take up to {wanted}",
            server.max_connections
        );
        if free < wanted {
            CONNECTIONS.warn(
                detail,
                "raise max_connections (or the role's CONNECTION LIMIT), lower RAD_DB_CONNECTIONS, or put a \
                 pooler in transaction mode before Postgres",
            )
        } else {
            CONNECTIONS.ok(detail)
        }
    })
}

/// Sessions that the role can have beside what others have now.
fn available(server: &PostgresServer) -> i64 {
    let all = i64::from(server.max_connections) - i64::from(server.reserved_connections) - server.of_others;
    if server.role_limit < 0 { all } else { all.min(i64::from(server.role_limit)) }
}

#[cfg(test)]
mod tests;

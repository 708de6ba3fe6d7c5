//! Checks of this machine, where a worker is to run.

use nix::sys::resource::{Resource, getrlimit};

use super::row::{Check, Row};

const FILES: Check = Check {
    name: "open_files",
    why: "every connection is an open file; a worker without one more fails its pages",
};

/// Of a page: its request, and idle connections that are kept for the next one on the host.
const OF_SLOT: u64 = 4;

/// Logs, metrics, Redis, name look-ups, and what the runtime itself takes.
const OF_PROCESS: u64 = 64;

/// Connections to Postgres of a worker that was told nothing else.
const DB_CONNECTIONS: u32 = 8;

pub(super) fn open_files(slots: u64, db_connections: Option<u32>) -> Row {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) => judge(soft, slots, db_connections.unwrap_or(DB_CONNECTIONS)),
        Err(error) => FILES.skip(format!("the limit can't be read: {error}")),
    }
}

fn judge(limit: u64, slots: u64, db_connections: u32) -> Row {
    let wanted = slots * OF_SLOT + u64::from(db_connections) + OF_PROCESS;
    let detail = format!("{limit} allowed; a worker with {slots} slots takes up to {wanted}");
    if limit >= wanted {
        return FILES.ok(detail);
    }
    let enough = wanted.next_power_of_two();
    FILES.fail(
        detail,
        format!(
            "ulimit -n {enough}; systemd: LimitNOFILE={enough}; Compose: ulimits.nofile; or lower RAD_SLOTS"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Status;

    #[test]
    fn the_limit_must_hold_all_slots_and_connections() {
        assert_eq!(judge(328, 64, 8).status, Status::Ok);
        let low = judge(327, 64, 8);
        assert_eq!(low.status, Status::Fail);
        assert!(low.fix.is_some_and(|fix| fix.starts_with("ulimit -n 512")));
    }
}

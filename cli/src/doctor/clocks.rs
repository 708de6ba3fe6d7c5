//! Checks of the clocks of both stores.

use rad_schema::probe::Clock;

use super::row::{Check, Row};

const POSTGRES: Check = Check {
    name: "database_clock",
    why: "Postgres' clock dates what is stored; a clock far off also breaks TLS and the reading of logs",
};
const REDIS: Check = Check {
    name: "redis_clock",
    why: "Redis' clock ends leases and paces hosts, and retries are due by that of Postgres",
};

/// Differences up to this are usual between machines that follow a time server, and harm nothing.
const TOLERATED_US: i64 = 2_000_000;

const FIX: &str = "let every machine follow a time server: timedatectl set-ntp true";

pub(super) fn rows(postgres: Option<Clock>, redis: Option<Clock>) -> [Row; 2] {
    [of_postgres(postgres), of_redis(redis, postgres)]
}

fn of_postgres(clock: Option<Clock>) -> Row {
    clock.map_or_else(
        || POSTGRES.skip("Postgres was not asked"),
        |clock| judge(POSTGRES, &[("this machine", clock)]),
    )
}

fn of_redis(redis: Option<Clock>, postgres: Option<Clock>) -> Row {
    let Some(redis) = redis else {
        return REDIS.skip("Redis was not asked");
    };
    let against_postgres = postgres.map(|postgres| Clock {
        ahead_us: redis.ahead_us - postgres.ahead_us,
        unsure_us: redis.unsure_us + postgres.unsure_us,
    });
    let mut compared = vec![("this machine", redis)];
    compared.extend(against_postgres.map(|clock| ("Postgres", clock)));
    judge(REDIS, &compared)
}

fn judge(check: Check, compared: &[(&str, Clock)]) -> Row {
    let detail = compared.iter().map(|(whom, clock)| told(whom, *clock)).collect::<Vec<_>>().join(", ");
    let is_off = |clock: Clock| clock.ahead_us.saturating_abs() - clock.unsure_us > TOLERATED_US;
    if compared.iter().any(|(_, clock)| is_off(*clock)) { check.warn(detail, FIX) } else { check.ok(detail) }
}

fn told(whom: &str, clock: Clock) -> String {
    let millis = clock.ahead_us / 1_000;
    let side = if millis < 0 { "behind" } else { "ahead of" };
    format!("{} ms {side} {whom}", millis.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Status;

    fn clock(ahead_us: i64) -> Clock {
        Clock { ahead_us, unsure_us: 1_000 }
    }

    #[test]
    fn clocks_may_differ_by_two_seconds() {
        for (ahead, status) in [
            (0, Status::Ok),
            (2_001_000, Status::Ok),
            (2_002_000, Status::Warn),
            (-2_001_000, Status::Ok),
            (-3_600_000_000, Status::Warn),
        ] {
            assert_eq!(of_postgres(Some(clock(ahead))).status, status, "{ahead}");
        }
    }

    #[test]
    fn the_stores_are_compared_with_each_other() {
        let [postgres, redis] = rows(Some(clock(-1_500_000)), Some(clock(1_500_000)));
        assert_eq!((postgres.status, redis.status), (Status::Ok, Status::Warn));
        assert_eq!(redis.detail, "1500 ms ahead of this machine, 3000 ms ahead of Postgres");
    }

    #[test]
    fn what_was_not_asked_is_not_compared() {
        let [postgres, redis] = rows(None, Some(clock(-5_000)));
        assert_eq!((postgres.status, redis.status), (Status::Skip, Status::Ok));
        assert_eq!(redis.detail, "5 ms behind this machine");
    }
}

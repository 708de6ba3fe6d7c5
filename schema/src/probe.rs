//! What the stores say of themselves, so that a broken set-up is named before it is used.
//!
//! A probe reports and judges nothing: `rad doctor` does that. It leaves nothing behind in the store. Time is
//! bounded by the caller, because a store that hangs is one of the things to find out.

mod postgres;
mod redis;

use std::time::{SystemTime, UNIX_EPOCH};

pub use self::postgres::{
    PostgresAddress, PostgresFault, PostgresIdentity, PostgresMigrator, PostgresProbe, PostgresReport,
    PostgresServer,
};
pub use self::redis::{RedisCluster, RedisFault, RedisProbe, RedisReport, RedisScripts, RedisServer};

/// A clock elsewhere, compared with that of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Microseconds that it is ahead of this machine's; negative when it is behind.
    pub ahead_us: i64,
    /// Half of the round trip in microseconds: the comparison may be wrong by as much.
    pub unsure_us: i64,
}

impl Clock {
    /// The reading `there_us` was taken at some moment between the other two.
    fn compared(before_us: i64, there_us: i64, after_us: i64) -> Self {
        let unsure_us = (after_us - before_us) / 2;
        Self { ahead_us: there_us - (before_us + unsure_us), unsure_us }
    }
}

/// This machine's clock in microseconds since 1970.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_round_trip() {
        assert_eq!(Clock::compared(1_000, 1_500, 2_000), Clock { ahead_us: 0, unsure_us: 500 });
        assert_eq!(Clock::compared(1_000, 1_100, 1_200), Clock { ahead_us: 0, unsure_us: 100 });
        assert_eq!(Clock::compared(5_000, 2_000, 5_010).ahead_us, -3_005);
    }
}

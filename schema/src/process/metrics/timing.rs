//! Measures calls to the stores, from the caller's side: what it waited for.

use std::time::Instant;

use metrics::{Histogram, histogram};
use rad_core::metrics::control::{DB_QUERY, REDIS_COMMAND};

/// Records the time from its making to its end: errors and given-up calls count as well, or a store that hangs
/// would look fast.
pub(crate) struct Timing {
    begun: Instant,
    durations: Histogram,
}

impl Timing {
    /// A statement or transaction in Postgres, by a name that the registry knows.
    pub(crate) fn query(op: &'static str) -> Self {
        Self { begun: Instant::now(), durations: histogram!(DB_QUERY, "op" => op) }
    }

    /// A script in Redis.
    pub(crate) fn script(cmd: &'static str) -> Self {
        Self { begun: Instant::now(), durations: histogram!(REDIS_COMMAND, "cmd" => cmd) }
    }
}

impl Drop for Timing {
    fn drop(&mut self) {
        self.durations.record(self.begun.elapsed());
    }
}

//! Ends a process that is stuck, so that its supervisor can start another.
//!
//! Each watchdog is a thread of its own that looks once a period. It measures by its looks and not by a clock: a
//! process that was stopped by a signal, or a machine that slept, stood still as a whole, and so did its watchdog.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Exit code of a process that its watchdog has ended: an internal failure, by `sysexits.h`.
pub const EXIT_CODE: i32 = 70;

/// From one look to the next.
pub const PERIOD: Duration = Duration::from_secs(1);

/// Longest wait for the last line of the log: the log itself may be what is stuck.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a watchdog found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// What does not go on, as a phrase.
    pub what: String,
    /// For how long, at least.
    pub still: Duration,
    /// Numbers of the tasks that are concerned, where they are known.
    pub tasks: Vec<i64>,
}

/// Starts a thread that calls `look` once a [`PERIOD`] and ends the process when something is stuck.
pub fn start(mut look: impl FnMut() -> Option<Stuck> + Send + 'static) -> io::Result<()> {
    let watch = move || {
        loop {
            thread::sleep(PERIOD);
            if let Some(stuck) = look() {
                end(stuck);
            }
        }
    };
    thread::Builder::new().name("watchdog".to_owned()).spawn(watch).map(drop)
}

/// Ends the process when the runtime that this is called on has run none of its tasks for `limit`; zero: never.
pub fn watch_runtime(limit: Duration) -> io::Result<()> {
    if limit.is_zero() {
        return Ok(());
    }
    let beats = Arc::new(AtomicU64::new(0));
    let heart = Arc::clone(&beats);
    tokio::spawn(async move {
        loop {
            heart.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PERIOD).await;
        }
    });
    let mut pulse = Pulse::default();
    start(move || {
        let still = pulse.look(beats.load(Ordering::Relaxed));
        (still >= limit).then(|| Stuck {
            what: "the runtime runs no tasks".to_owned(),
            still,
            tasks: Vec::new(),
        })
    })
}

/// For how long a counter has not moved.
#[derive(Default)]
struct Pulse {
    last: u64,
    looks: u32,
}

impl Pulse {
    fn look(&mut self, beats: u64) -> Duration {
        self.looks = if beats == self.last { self.looks + 1 } else { 0 };
        self.last = beats;
        PERIOD * self.looks
    }
}

fn end(stuck: Stuck) -> ! {
    let (told, waits) = mpsc::channel::<()>();
    let line = move || {
        tracing::error!(
            what = stuck.what,
            seconds = stuck.still.as_secs(),
            tasks = ?stuck.tasks,
            exit_code = EXIT_CODE,
            "stuck: this process ends itself, its leases come back to the others"
        );
        drop(told);
    };
    // A thread that can't be started any more is one reason more to go.
    if thread::Builder::new().spawn(line).is_ok() {
        // Disconnected when the line is written.
        let _ = waits.recv_timeout(LAST_WORDS);
    }
    std::process::exit(EXIT_CODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_moves_is_never_still() {
        let mut pulse = Pulse::default();
        for beats in 1..100 {
            assert_eq!(pulse.look(beats), Duration::ZERO);
        }
    }

    #[test]
    fn a_counter_that_stands_is_still_for_as_many_periods_as_it_was_looked_at() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.look(7), Duration::ZERO);
        assert_eq!(pulse.look(7), PERIOD);
        assert_eq!(pulse.look(7), PERIOD * 2);
        assert_eq!(pulse.look(8), Duration::ZERO);
        assert_eq!(pulse.look(8), PERIOD);
    }

    #[test]
    fn a_watchdog_looks_again_and_again_until_it_finds_something() {
        let (looked, looks) = mpsc::channel();
        start(move || {
            // The receiver is gone when the test is over.
            let _ = looked.send(());
            None
        })
        .unwrap();
        for _ in 0..2 {
            looks.recv_timeout(Duration::from_secs(30)).unwrap();
        }
    }
}

//! Claims that fail one after another: longer pauses, and few lines in the log.
//!
//! A Redis that is out of memory refuses every claim until somebody gives it more. Ten questions a second of each
//! worker don't help it, and as many lines bury the one that says why.

use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_schema::window::WindowError;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);
/// Between two lines of the log.
const QUIET: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Setback {
    /// Of the last failure; none after a success.
    pause: Option<Duration>,
    told: Option<Instant>,
}

impl Setback {
    /// Notes a failure, says so in the log now and then, and returns how long to wait.
    pub(super) fn failed(&mut self, error: &WindowError) -> Duration {
        let (pause, tell) = self.step(Instant::now());
        if tell {
            tracing::warn!(error = chain(error), "claim failed");
        }
        pause
    }

    /// The pause after a failure at `now`, and whether to say something.
    fn step(&mut self, now: Instant) -> (Duration, bool) {
        let pause = self.pause.map_or(FIRST, |before| (before * 2).min(LONGEST));
        self.pause = Some(pause);
        let tell = self.told.is_none_or(|told| now.duration_since(told) >= QUIET);
        if tell {
            self.told = Some(now);
        }
        (pause, tell)
    }

    /// Notes a success. What was said stays said: failures between successes would fill the log as well.
    pub(super) fn over(&mut self) {
        self.pause = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_begin_anew_after_a_success() {
        let (mut setback, now) = (Setback::default(), Instant::now());
        let pauses: Vec<_> = (0..6).map(|_| setback.step(now).0.as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_000, 1_000]);
        setback.over();
        assert_eq!(setback.step(now).0, FIRST);
    }

    #[test]
    fn the_log_gets_one_line_a_second() {
        let (mut setback, begun) = (Setback::default(), Instant::now());
        let told = |setback: &mut Setback, ms| setback.step(begun + Duration::from_millis(ms)).1;
        assert!(told(&mut setback, 0));
        assert!(!told(&mut setback, 100));
        setback.over();
        assert!(!told(&mut setback, 900));
        assert!(told(&mut setback, 1_000));
    }
}

//! How a host takes our requests, and what follows: slower when it is loaded, not at all while it is away.
//!
//! Every worker judges by what it met itself and tells the window, so the last word holds for the whole fleet. What a
//! site asks for in its robots.txt is never undercut.

use std::time::Duration;

/// Answers that did not come, one after another, until the host counts as away.
const FAILURES_TO_TRIP: u32 = 5;
/// First rest of a host that is away, doubled with every further one.
const FIRST_REST: Duration = Duration::from_secs(30);
const LONGEST_REST: Duration = Duration::from_mins(15);
/// Longest delay that we choose ourselves.
const LONGEST_DELAY: Duration = Duration::from_mins(1);
/// What a host without a delay begins with when it is overloaded.
const LEAST_SLOW_DELAY: Duration = Duration::from_millis(250);
/// An overload doubles the delay; this many answers without one take it back.
const SLOWER: f64 = 2.0;
const FASTER: f64 = 0.9;
const SLOWEST: f64 = 64.0;
/// A host that takes longer than this to answer is left alone for as long as it took.
const SLOW_ANSWER: Duration = Duration::from_secs(1);
/// Part of the newest time in the mean.
const NEWEST: f64 = 0.3;

/// How a request to a host went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It answered, after so long.
    Answered(Duration),
    /// It said that it has too much to do.
    Overloaded,
    /// No answer came: no address, no connection, no time.
    Unreachable,
}

/// What is known of one host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    failures: u32,
    rests: u32,
    slowness: f64,
    /// Mean time to its answers in seconds.
    latency: f64,
}

impl Default for Health {
    fn default() -> Self {
        Self { failures: 0, rests: 0, slowness: 1.0, latency: 0.0 }
    }
}

impl Health {
    /// Notes a contact. Returns how long nobody should contact the host, zero for no longer than usual.
    pub fn note(&mut self, contact: Contact) -> Duration {
        match contact {
            Contact::Answered(after) => {
                (self.failures, self.rests) = (0, 0);
                self.slowness = (self.slowness * FASTER).max(1.0);
                self.latency = self.latency.mul_add(1.0 - NEWEST, after.as_secs_f64() * NEWEST);
            }
            Contact::Overloaded => {
                (self.failures, self.rests) = (0, 0);
                self.slowness = (self.slowness * SLOWER).min(SLOWEST);
            }
            Contact::Unreachable => return self.miss(),
        }
        Duration::ZERO
    }

    /// A host that was away gets one try after its rest, not five.
    fn miss(&mut self) -> Duration {
        self.failures += 1;
        if self.failures < FAILURES_TO_TRIP && self.rests == 0 {
            return Duration::ZERO;
        }
        let rest = FIRST_REST.saturating_mul(1 << self.rests.min(10)).min(LONGEST_REST);
        self.failures = 0;
        self.rests += 1;
        rest
    }

    /// The delay between two requests, where the host's own is `usual`.
    pub fn delay(&self, usual: Duration) -> Duration {
        let mut delay = usual;
        if self.slowness > 1.0 {
            delay = usual.max(LEAST_SLOW_DELAY).mul_f64(self.slowness).min(LONGEST_DELAY);
        }
        // An operator's own host, which has no delay, may be as slow as it is.
        let latency = Duration::try_from_secs_f64(self.latency).unwrap_or(LONGEST_DELAY);
        if latency > SLOW_ANSWER && !usual.is_zero() {
            delay = delay.max(latency.min(LONGEST_DELAY));
        }
        delay.max(usual)
    }

    /// Requests at once, where the host usually gets `usual`.
    pub fn concurrency(&self, usual: u32) -> u32 {
        if self.slowness > 1.0 { 1 } else { usual }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: Duration = Duration::from_millis(250);

    #[test]
    fn a_host_that_is_away_rests_longer_and_longer_until_it_answers() {
        let mut health = Health::default();
        let rests: Vec<_> = (0..12).map(|_| health.note(Contact::Unreachable).as_secs()).collect();
        assert_eq!(rests, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(health.note(Contact::Answered(USUAL)), Duration::ZERO);
        assert_eq!(health.note(Contact::Unreachable), Duration::ZERO, "it starts over");
    }

    #[test]
    fn an_overloaded_host_is_asked_one_at_a_time_and_half_as_often() {
        let mut health = Health::default();
        health.note(Contact::Overloaded);
        assert_eq!((health.delay(USUAL), health.concurrency(8)), (2 * USUAL, 1));
        assert_eq!(health.delay(Duration::ZERO), 2 * LEAST_SLOW_DELAY);
        for _ in 0..20 {
            health.note(Contact::Overloaded);
        }
        assert_eq!(health.delay(USUAL), 64 * USUAL);
        assert_eq!(health.delay(Duration::from_mins(5)), Duration::from_mins(5), "its own delay is kept");
        for _ in 0..40 {
            health.note(Contact::Answered(Duration::from_millis(10)));
        }
        assert_eq!((health.delay(USUAL), health.concurrency(8)), (USUAL, 8));
    }

    #[test]
    fn a_slow_host_is_left_alone_for_as_long_as_it_took() {
        let mut health = Health::default();
        for _ in 0..30 {
            health.note(Contact::Answered(Duration::from_secs(3)));
        }
        let delay = health.delay(USUAL);
        assert!(delay > Duration::from_millis(2_900) && delay <= Duration::from_secs(3), "{delay:?}");
        assert_eq!(health.delay(Duration::ZERO), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_delay_is_never_below_the_hosts_own(
            contacts in proptest::collection::vec(0_u8..3, 0..60), usual_ms in 0_u64..400_000,
        ) {
            let mut health = Health::default();
            let usual = Duration::from_millis(usual_ms);
            for contact in contacts {
                let rest = health.note(match contact {
                    0 => Contact::Answered(Duration::from_millis(usual_ms)),
                    1 => Contact::Overloaded,
                    _ => Contact::Unreachable,
                });
                prop_assert!(rest <= LONGEST_REST);
                prop_assert!(health.delay(usual) >= usual);
                prop_assert!(health.delay(usual) <= usual.max(LONGEST_DELAY));
                prop_assert!(health.concurrency(4) >= 1);
            }
        }
    }
}

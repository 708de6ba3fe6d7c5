//! Notices requests of this worker that came before their host's delay had passed.
//!
//! The dispatch window keeps the pace, for the whole fleet; this only looks, at the last place before the network,
//! so that a mistake anywhere above shows in a metric that must stay 0. It looks at hosts that take one request at
//! a time with a delay: there the time from the end of one to the start of the next is known to a single worker.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, counter};
use rad_core::metrics::fetch::POLITENESS_VIOLATIONS;
use rad_core::url::HostKey;

/// The window counts in whole milliseconds, of another clock.
const TOLERANCE: Duration = Duration::from_millis(10);
/// Hosts watched at once; past that, those that are not in contact are forgotten.
const MOST_HOSTS: usize = 10_000;

/// The hosts that take one request at a time, with the last request to each.
#[derive(Debug)]
pub(super) struct Paces {
    hosts: Mutex<HashMap<HostKey, Pace>>,
    violations: Counter,
}

/// One host's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pace {
    delay: Duration,
    in_contact: u32,
    /// When the last request ended, and the delay that held then: a host that has just named a longer one could
    /// not be waited for.
    ended: Option<(Instant, Duration)>,
}

impl Pace {
    /// Whether a request that begins at `now` comes too early.
    fn is_early(&self, now: Instant) -> bool {
        let rests = |(ended, delay): (Instant, Duration)| {
            now.saturating_duration_since(ended) + TOLERANCE < delay.min(self.delay)
        };
        self.in_contact > 0 || self.ended.is_some_and(rests)
    }
}

impl Paces {
    pub(super) fn new() -> Self {
        Self { hosts: Mutex::default(), violations: counter!(POLITENESS_VIOLATIONS) }
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<HostKey, Pace>> {
        // What is counted is only looked at.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches `host` for a delay between requests, or no longer.
    pub(super) fn expect(&self, host: &HostKey, delay: Option<Duration>) {
        let mut hosts = self.hosts();
        match (hosts.get_mut(host), delay) {
            (Some(pace), Some(delay)) => pace.delay = delay,
            (Some(_), None) => drop(hosts.remove(host)),
            (None, Some(delay)) => {
                if hosts.len() >= MOST_HOSTS {
                    hosts.retain(|_, pace| pace.in_contact > 0);
                }
                hosts.insert(host.clone(), Pace { delay, ..Pace::default() });
            }
            (None, None) => {}
        }
    }

    /// A request to `host` begins; it ends when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>, host: &HostKey, in_flight: &Gauge) -> Contact {
        in_flight.increment(1);
        let watched = self.hosts().get_mut(host).map(|pace| {
            if pace.is_early(Instant::now()) {
                self.violations.increment(1);
            }
            pace.in_contact += 1;
            (Arc::clone(self), host.clone())
        });
        Contact { watched, in_flight: in_flight.clone() }
    }

    fn end(&self, host: &HostKey, now: Instant) {
        if let Some(pace) = self.hosts().get_mut(host) {
            pace.in_contact = pace.in_contact.saturating_sub(1);
            pace.ended = Some((now, pace.delay));
        }
    }
}

/// A host that is being asked something.
pub(super) struct Contact {
    watched: Option<(Arc<Paces>, HostKey)>,
    in_flight: Gauge,
}

impl Drop for Contact {
    fn drop(&mut self) {
        self.in_flight.decrement(1);
        if let Some((paces, host)) = &self.watched {
            paces.end(host, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use rad_core::metrics::Role;
    use rad_core::url::CanonicalUrl;
    use rad_schema::process::metrics::isolated;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn host() -> HostKey {
        CanonicalUrl::parse("https://example.com/").unwrap().host_key()
    }

    /// The violations after `contacts` were made with a watch of `delay`.
    fn violations(delay: Option<Duration>, contacts: impl FnOnce(&Arc<Paces>, &Gauge)) -> String {
        let recorded = isolated(Role::Worker);
        recorded.run(|| {
            let paces = Arc::new(Paces::new());
            paces.expect(&host(), delay);
            contacts(&paces, &metrics::gauge!(rad_core::metrics::fetch::FETCH_IN_FLIGHT));
        });
        let text = recorded.render();
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        assert_eq!(line("rad_fetch_in_flight "), "0", "contacts end when they are dropped");
        line("rad_politeness_violations_total ")
    }

    #[test]
    fn a_request_is_early_before_the_delay_has_passed() {
        let end = Instant::now();
        let pace = Pace { delay: SECOND, in_contact: 0, ended: Some((end, SECOND)) };
        assert!(pace.is_early(end));
        assert!(pace.is_early(end + SECOND / 2));
        assert!(!pace.is_early(end + SECOND), "the delay has passed");
        assert!(!pace.is_early(end + SECOND.checked_sub(TOLERANCE).unwrap()), "clocks may differ a little");
    }

    #[test]
    fn a_request_beside_another_is_early_and_the_first_one_is_not() {
        assert!(Pace { delay: SECOND, in_contact: 1, ended: None }.is_early(Instant::now()));
        assert!(!Pace { delay: SECOND, in_contact: 0, ended: None }.is_early(Instant::now()));
    }

    #[test]
    fn a_delay_that_was_named_after_the_last_request_does_not_hold_for_it() {
        let end = Instant::now();
        let pace = Pace { delay: 10 * SECOND, in_contact: 0, ended: Some((end, SECOND)) };
        assert!(pace.is_early(end));
        assert!(!pace.is_early(end + 2 * SECOND));
    }

    #[test]
    fn two_requests_without_a_pause_are_one_violation() {
        let counted = violations(Some(SECOND), |paces, gauge| {
            drop(paces.begin(&host(), gauge));
            drop(paces.begin(&host(), gauge));
        });
        assert_eq!(counted, "1");
    }

    #[test]
    fn hosts_that_name_no_delay_are_not_watched() {
        let counted = violations(None, |paces, gauge| {
            let first = paces.begin(&host(), gauge);
            drop(paces.begin(&host(), gauge));
            drop(first);
        });
        assert_eq!(counted, "0");
    }

    #[test]
    fn a_host_that_takes_its_delay_back_is_no_longer_watched() {
        let counted = violations(Some(SECOND), |paces, gauge| {
            let first = paces.begin(&host(), gauge);
            paces.expect(&host(), None);
            drop(paces.begin(&host(), gauge));
            drop(first);
        });
        assert_eq!(counted, "0");
    }
}

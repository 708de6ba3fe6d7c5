//! How the hosts take this worker's requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rad_core::health::{Contact, Health};
use rad_core::ids::HostId;
use rad_core::retry::FailureClass;
use rad_schema::window::HostTerms;

/// Hosts remembered; one that falls out is taken for healthy.
const MOST_HOSTS: usize = 10_000;

/// A bounded memory of hosts.
#[derive(Default)]
pub(crate) struct Healths {
    hosts: Mutex<HashMap<HostId, Health>>,
}

impl Healths {
    /// Notes how a request went: how it failed, or how long its answer took. Returns what the host allows from now on,
    /// and how long nobody should contact it.
    pub(crate) fn note(
        &self,
        host: HostId,
        usual: HostTerms,
        failure: Option<FailureClass>,
        took: Option<Duration>,
    ) -> (HostTerms, Duration) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MOST_HOSTS && !hosts.contains_key(&host) {
            hosts.clear();
        }
        let health = hosts.entry(host).or_default();
        let rest = contact(failure, took).map(|contact| health.note(contact)).unwrap_or_default();
        let terms = HostTerms {
            delay: health.delay(usual.delay),
            max_concurrency: health.concurrency(usual.max_concurrency),
        };
        (terms, rest)
    }
}

/// None: the host was not asked, or how it answered says nothing about its load.
fn contact(failure: Option<FailureClass>, took: Option<Duration>) -> Option<Contact> {
    match failure {
        Some(FailureClass::Dns | FailureClass::Connect | FailureClass::Timeout) => Some(Contact::Unreachable),
        // A 503 that names no time may be one broken page, as for the host's clock.
        Some(
            FailureClass::Status { code: 429, .. } | FailureClass::Status { code: 503, retry_after: Some(_) },
        ) => Some(Contact::Overloaded),
        _ => took.map(Contact::Answered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_it_says_about_its_host() {
        let took = Some(Duration::from_millis(20));
        let status = |code| Some(FailureClass::Status { code, retry_after: None });
        for (failure, took, expected) in [
            (Some(FailureClass::Connect), None, Some(Contact::Unreachable)),
            (Some(FailureClass::Timeout), took, Some(Contact::Unreachable)),
            (status(429), took, Some(Contact::Overloaded)),
            (status(503), took, Some(Contact::Answered(Duration::from_millis(20)))),
            (status(404), took, Some(Contact::Answered(Duration::from_millis(20)))),
            (Some(FailureClass::RobotsUnreachable), None, None),
            (None, None, None),
        ] {
            assert_eq!(contact(failure, took), expected, "{failure:?}");
        }
    }

    #[test]
    fn hosts_are_told_apart() {
        let healths = Healths::default();
        let usual = HostTerms { delay: Duration::from_millis(250), max_concurrency: 4 };
        let busy = Some(FailureClass::Status { code: 429, retry_after: None });
        let (terms, _) = healths.note(HostId(1), usual, busy, None);
        assert_eq!((terms.delay, terms.max_concurrency), (Duration::from_millis(500), 1));
        assert_eq!(healths.note(HostId(2), usual, None, None).0, usual);
    }
}

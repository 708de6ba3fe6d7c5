//! What each host's robots.txt allows: asked of this worker's cache, then of the fleet's copy, then of the host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_core::ids::HostId;
use rad_core::robots::{AgentRules, Robots};
use rad_core::url::HostKey;
use rad_schema::db::{Db, DbError};
use rad_schema::hosts::RobotsCopy;
use rad_schema::window::HostTerms;

use crate::config::Config;
use crate::fetch::{DEFAULT_PRODUCT, Fetcher, RobotsFetch};

/// RFC 9309, 2.4: not longer than a day.
const KEEP: Duration = Duration::from_hours(24);
/// An unreachable file is asked for again soon: nothing can be crawled meanwhile.
const KEEP_UNREACHABLE: Duration = Duration::from_secs(30);
/// Hosts remembered here; the fleet's copy is one query away.
const MOST_HOSTS: usize = 10_000;

/// What a host allows.
#[derive(Clone)]
pub(crate) struct HostRules {
    /// None: the file could not be read, so nothing is allowed now.
    pub(crate) rules: Option<AgentRules>,
    pub(crate) terms: HostTerms,
    /// The host was asked for the file just now: its clock has to pass before the page.
    pub(crate) asked_now: bool,
}

impl HostRules {
    /// The time that must pass between two requests, where the host takes one at a time.
    pub(crate) fn pace(&self) -> Option<Duration> {
        (self.terms.max_concurrency == 1 && !self.terms.delay.is_zero()).then_some(self.terms.delay)
    }
}

struct Entry {
    host: HostRules,
    expires: Instant,
}

/// Rules by host. Each host's slot is locked while it is filled, so that one task asks and the others wait.
#[derive(Default)]
pub(crate) struct RobotsCache {
    hosts: Mutex<HashMap<HostId, Arc<tokio::sync::Mutex<Option<Entry>>>>>,
}

impl RobotsCache {
    /// The rules of `host`, which `key` names.
    pub(crate) async fn rules(
        &self,
        db: &Db,
        fetcher: &Fetcher,
        config: &Config,
        host: HostId,
        key: &HostKey,
    ) -> Result<HostRules, DbError> {
        let slot = self.slot(host);
        let mut entry = slot.lock().await;
        if let Some(known) = entry.as_ref().filter(|known| known.expires > Instant::now()) {
            return Ok(known.host.clone());
        }
        let (copy, keep, asked_now) = match db.robots(host).await? {
            Some((copy, keep)) => (copy, keep, false),
            None => (ask(fetcher, key).await, KEEP, true),
        };
        let keep = if copy == RobotsCopy::Unreachable { keep.min(KEEP_UNREACHABLE) } else { keep };
        let usual = config.host_terms(fetcher.is_operators_own(key).await);
        let known = judge(&copy, usual, asked_now);
        if asked_now && let Err(error) = db.store_robots(host, &copy, keep, known.terms).await {
            // The host was asked all the same, and its terms go to the window with this page.
            tracing::warn!(host = host.0, error = chain(&error), "robots.txt not kept for the fleet");
        }
        let cached = HostRules { asked_now: false, ..known.clone() };
        *entry = Some(Entry { host: cached, expires: Instant::now() + keep });
        Ok(known)
    }

    fn slot(&self, host: HostId) -> Arc<tokio::sync::Mutex<Option<Entry>>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MOST_HOSTS {
            // Slots in use live on in the hands of their tasks.
            hosts.clear();
        }
        Arc::clone(hosts.entry(host).or_default())
    }
}

async fn ask(fetcher: &Fetcher, key: &HostKey) -> RobotsCopy {
    match fetcher.robots(key).await {
        RobotsFetch::Found(body) => RobotsCopy::Found(body.to_vec()),
        RobotsFetch::AllowAll { .. } => RobotsCopy::AllowAll,
        RobotsFetch::Unreachable { .. } => RobotsCopy::Unreachable,
    }
}

fn judge(copy: &RobotsCopy, usual: HostTerms, asked_now: bool) -> HostRules {
    let rules = match copy {
        RobotsCopy::Found(body) => Some(Robots::parse(body).agent(DEFAULT_PRODUCT)),
        RobotsCopy::AllowAll => Some(Robots::allow_all().agent(DEFAULT_PRODUCT)),
        RobotsCopy::Unreachable => None,
    };
    // A host that names a delay is asked by one of us at a time, each pause counted from the last answer.
    let terms = match rules.as_ref().and_then(AgentRules::crawl_delay) {
        Some(delay) if !delay.is_zero() => HostTerms { delay: delay.max(usual.delay), max_concurrency: 1 },
        _ => usual,
    };
    HostRules { rules, terms, asked_now }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: HostTerms = HostTerms { delay: Duration::from_millis(100), max_concurrency: 8 };

    fn terms(body: &str) -> HostTerms {
        judge(&RobotsCopy::Found(body.as_bytes().to_vec()), USUAL, true).terms
    }

    #[test]
    fn a_crawl_delay_makes_the_fleet_ask_one_at_a_time() {
        let wanted = HostTerms { delay: Duration::from_secs(2), max_concurrency: 1 };
        assert_eq!(terms("User-agent: *\nCrawl-delay: 2\n"), wanted);
    }

    #[test]
    fn a_crawl_delay_below_ours_does_not_make_us_faster() {
        assert_eq!(terms("User-agent: *\nCrawl-delay: 0.01\n").delay, USUAL.delay);
    }

    #[test]
    fn an_unreachable_file_allows_nothing_and_no_file_everything() {
        assert!(judge(&RobotsCopy::Unreachable, USUAL, true).rules.is_none());
        let open = judge(&RobotsCopy::AllowAll, USUAL, true);
        assert!(open.rules.is_some_and(|rules| rules.check("/any").allowed));
        assert_eq!(open.terms, USUAL);
    }
}

//! What each host's robots.txt allows: asked of this worker's cache, then of the fleet's copy, then of the host.

//!
//! A file that another host keeps is read there outside that host's clock, which is in the hands of the window. The
//! ledger bounds it: one such visit in [`VISIT_GAP`] to a host, or in its own longer delay, over the whole fleet. A
//! task that comes too early waits, and nothing is counted against it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rad_core::errors::chain;
use rad_core::ids::HostId;
use rad_core::retry::{FailureClass, RetryPolicy};
use rad_core::robots::{AgentRules, Robots};
use rad_core::url::HostKey;
use rad_schema::db::{Db, DbError};
use rad_schema::hosts::{Keep, RobotsCopy};
use rad_schema::window::HostTerms;

use crate::config::Config;
use crate::fetch::{DEFAULT_PRODUCT, Fetcher, RobotsFetch, RobotsQuest};
use crate::listing;

/// RFC 9309, 2.4: not longer than a day.
const KEEP: Duration = Duration::from_hours(24);
/// An unreachable file is asked for again soon: nothing can be crawled meanwhile.
const KEEP_UNREACHABLE: Duration = Duration::from_secs(30);
/// With a copy of before the crawl goes on, and the file is no longer urgent.
const KEEP_RETAINED: Duration = Duration::from_mins(10);
/// Between two visits to a host that keeps the robots.txt of others.
pub(crate) const VISIT_GAP: Duration = Duration::from_secs(5);
/// Hosts remembered here; the fleet's copy is one query away.
const MOST_HOSTS: usize = 10_000;

/// What a host allows.
#[derive(Clone)]
pub(crate) struct HostRules {
    pub(crate) rules: Rules,
    /// What the file names, unchecked.
    pub(crate) sitemaps: Arc<[String]>,
    pub(crate) terms: HostTerms,
    /// The host was asked for the file just now: its clock has to pass before the page.
    pub(crate) asked_now: bool,
}

/// What is known of a host's robots.txt.
#[derive(Clone)]
pub(crate) enum Rules {
    /// It says this.
    Known(AgentRules),
    /// It can't be read, so nothing is allowed now. The host asked for a rest of so long, or zero.
    Unreachable(Duration),
    /// Another host keeps it, and was visited a moment ago.
    Elsewhere,
}

impl HostRules {
    fn elsewhere(terms: HostTerms) -> Self {
        Self { rules: Rules::Elsewhere, sitemaps: Arc::default(), terms, asked_now: true }
    }

    /// The time that must pass between two requests, where the host takes one at a time.
    pub(crate) fn pace(&self) -> Option<Duration> {
        (self.terms.max_concurrency == 1 && !self.terms.delay.is_zero()).then_some(self.terms.delay)
    }
}

struct Entry {
    host: HostRules,
    expires: Instant,
}

/// What the cache asks when it does not know.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) db: &'a Db,
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) config: &'a Config,
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
        from: Sources<'_>,
        host: HostId,
        key: &HostKey,
    ) -> Result<HostRules, DbError> {
        let slot = self.slot(host);
        let mut entry = slot.lock().await;
        if let Some(known) = entry.as_ref().filter(|known| known.expires > Instant::now()) {
            return Ok(known.host.clone());
        }
        let usual = from.config.host_terms(from.fetcher.is_operators_own(key).await);
        let (known, keep) = match from.db.robots(host).await? {
            Some((copy, keep)) => (judge(&copy, usual, Duration::ZERO), keep),
            None => match from.ask(key, usual.delay).await? {
                Some((copy, pause)) => from.keep(host, &copy, usual, pause).await,
                None => return Ok(HostRules::elsewhere(usual)),
            },
        };
        let keep =
            if matches!(known.rules, Rules::Unreachable(_)) { keep.min(KEEP_UNREACHABLE) } else { keep };
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

impl Sources<'_> {
    /// What the host says, and the rest it asks for; none when another host that keeps its file is not to be visited
    /// now.
    async fn ask(self, key: &HostKey, pause: Duration) -> Result<Option<(RobotsCopy, Duration)>, DbError> {
        let mut quest = RobotsQuest::of(key);
        loop {
            let copy = match self.fetcher.robots(quest, pause).await {
                RobotsFetch::Found(body) => RobotsCopy::Found(body.to_vec()),
                RobotsFetch::AllowAll { .. } => RobotsCopy::AllowAll,
                RobotsFetch::Unreachable { failure } => {
                    return Ok(Some((RobotsCopy::Unreachable, rest(failure))));
                }
                RobotsFetch::Elsewhere(next) => {
                    let keeper = next.url.host_key();
                    let numbers = self.db.intern_hosts(std::slice::from_ref(&keeper)).await?;
                    let may = match numbers.get(&keeper) {
                        Some(number) => self.db.visit(*number, VISIT_GAP).await?,
                        None => false,
                    };
                    if !may {
                        return Ok(None);
                    }
                    quest = next;
                    continue;
                }
            };
            return Ok(Some((copy, Duration::ZERO)));
        }
    }

    /// Tells the fleet, and returns what holds and for how long.
    async fn keep(
        self,
        host: HostId,
        copy: &RobotsCopy,
        usual: HostTerms,
        pause: Duration,
    ) -> (HostRules, Duration) {
        let told = if *copy == RobotsCopy::Unreachable { KEEP_UNREACHABLE } else { KEEP };
        let told_rules = judge(copy, usual, pause);
        let keep = Keep { told, retained: KEEP_RETAINED };
        let (rules, keep) = match self.db.store_robots(host, copy, keep, told_rules.terms).await {
            Ok((holds, keep)) => (judge(&holds, usual, pause), keep),
            // The host was asked all the same, and its terms go to the window with this page.
            Err(error) => {
                tracing::warn!(host = host.0, error = chain(&error), "robots.txt not kept for the fleet");
                (told_rules, told)
            }
        };
        (HostRules { asked_now: true, ..rules }, keep)
    }
}

/// The rest that a host asks for when it refuses its robots.txt.
fn rest(failure: FailureClass) -> Duration {
    let policy = RetryPolicy::default();
    policy.next(failure, policy.max_attempts, 1.0, SystemTime::now()).host_pushback().unwrap_or_default()
}

fn judge(copy: &RobotsCopy, usual: HostTerms, pause: Duration) -> HostRules {
    let mut sitemaps = Arc::default();
    let rules = match copy {
        RobotsCopy::Found(body) => {
            let robots = Robots::parse(body);
            sitemaps = listing::named(robots.sitemaps());
            Rules::Known(robots.agent(DEFAULT_PRODUCT))
        }
        RobotsCopy::AllowAll => Rules::Known(Robots::allow_all().agent(DEFAULT_PRODUCT)),
        RobotsCopy::Unreachable => Rules::Unreachable(pause),
    };
    let asked = if let Rules::Known(rules) = &rules { rules.crawl_delay() } else { None };
    // A host that names a delay is asked by one of us at a time, each pause counted from the last answer.
    let terms = match asked {
        Some(delay) if !delay.is_zero() => HostTerms { delay: delay.max(usual.delay), max_concurrency: 1 },
        _ => usual,
    };
    HostRules { rules, sitemaps, terms, asked_now: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: HostTerms = HostTerms { delay: Duration::from_millis(100), max_concurrency: 8 };

    fn judged(copy: &RobotsCopy) -> HostRules {
        judge(copy, USUAL, Duration::ZERO)
    }

    fn terms(body: &str) -> HostTerms {
        judged(&RobotsCopy::Found(body.as_bytes().to_vec())).terms
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
        assert!(matches!(judged(&RobotsCopy::Unreachable).rules, Rules::Unreachable(_)));
        let open = judged(&RobotsCopy::AllowAll);
        assert!(matches!(&open.rules, Rules::Known(rules) if rules.check("/any").allowed));
        assert_eq!(open.terms, USUAL);
    }

    #[test]
    fn a_host_that_refuses_its_file_for_a_time_gets_the_rest_it_asks_for() {
        let busy = |code, seconds| {
            let retry_after = Some(rad_core::retry::RetryAfter::Seconds(seconds));
            rest(FailureClass::Status { code, retry_after })
        };
        assert_eq!(busy(503, 120), Duration::from_mins(2));
        assert_eq!(busy(500, 120), Duration::ZERO);
        assert_eq!(rest(FailureClass::Timeout), Duration::ZERO);
    }
}

//! From the links of a page to new rows of the ledger: scope, known links, numbers of hosts.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use metrics::counter;
use rad_core::ids::HostId;
use rad_core::metrics::tasks::DEDUPE_CHECKS;
use rad_core::scope::OutOfScope;
use rad_core::url::{CanonicalUrl, HostKey};
use rad_schema::commit::{Excluded, Link};
use rad_schema::db::{Db, DbError};
use rad_schema::ledger::Hydrated;

use crate::scopes::{CrawlScope, year_of};
use crate::seen::SeenLinks;

/// Numbers remembered; more hosts than this in one crawl are interned again now and then.
const MOST_HOSTS: usize = 50_000;
/// URLs of left-out links that a page contributes to its crawl's sample.
const SAMPLES: usize = 3;

/// Numbers of hosts. They never change, so they may be remembered for ever.
#[derive(Default)]
pub(crate) struct HostNumbers {
    numbers: Mutex<HashMap<HostKey, HostId>>,
}

impl HostNumbers {
    async fn of(&self, db: &Db, keys: Vec<HostKey>) -> Result<HashMap<HostKey, HostId>, DbError> {
        let (mut known, unknown) = self.known(keys);
        if !unknown.is_empty() {
            let new = db.intern_hosts(&unknown).await?;
            let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            if numbers.len() >= MOST_HOSTS {
                numbers.clear();
            }
            numbers.extend(new.clone());
            known.extend(new);
        }
        Ok(known)
    }

    fn known(&self, keys: Vec<HostKey>) -> (HashMap<HostKey, HostId>, Vec<HostKey>) {
        let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut known, mut unknown) = (HashMap::new(), Vec::new());
        for key in keys {
            match numbers.get(&key) {
                Some(number) => {
                    known.insert(key, *number);
                }
                None if unknown.contains(&key) => {}
                None => unknown.push(key),
            }
        }
        (known, unknown)
    }
}

/// Where the links of a page are looked up.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) db: &'a Db,
    pub(crate) hosts: &'a HostNumbers,
    pub(crate) seen: &'a SeenLinks,
}

impl Known<'_> {
    /// The links that the crawl of `task` may not know yet, and the count of those that the scope leaves out.
    pub(crate) async fn select(
        self,
        task: &Hydrated,
        crawl: &CrawlScope,
        found: &[CanonicalUrl],
    ) -> Result<(Vec<Link>, Excluded), DbError> {
        let (fresh, excluded) = in_scope(self.seen, task, crawl, found);
        Ok((self.numbered(task, task.depth.saturating_add(1), &fresh).await?, excluded))
    }

    /// The target of a redirect as it is given: whoever redirects insists on every part of it.
    pub(crate) async fn target(self, task: &Hydrated, to: &CanonicalUrl) -> Result<Vec<Link>, DbError> {
        if self.seen.contains(task.job, to.hash()) {
            return Ok(Vec::new());
        }
        self.numbered(task, task.depth.saturating_add(1), &[(0, to.clone())]).await
    }

    /// Sitemaps, which are in no scope and have a level instead of a depth.
    pub(crate) async fn sitemaps(
        self,
        task: &Hydrated,
        level: u16,
        found: Vec<CanonicalUrl>,
    ) -> Result<Vec<Link>, DbError> {
        let unknown = found.into_iter().filter(|url| !self.seen.contains(task.job, url.hash()));
        let unknown: Vec<_> = unknown.enumerate().collect();
        self.numbered(task, level, &unknown).await
    }

    async fn numbered(
        self,
        task: &Hydrated,
        depth: u16,
        fresh: &[(usize, CanonicalUrl)],
    ) -> Result<Vec<Link>, DbError> {
        let mut keys: Vec<_> = fresh.iter().map(|(_, url)| url.host_key()).collect();
        keys.sort_unstable();
        keys.dedup();
        let numbers = self.hosts.of(self.db, keys).await?;
        let links = fresh.iter().filter_map(|(position, url)| {
            let host = *numbers.get(&url.host_key())?;
            Some(Link::new(task.job, url, host, depth, task.priority, *position))
        });
        Ok(links.collect())
    }
}

fn in_scope(
    seen: &SeenLinks,
    task: &Hydrated,
    crawl: &CrawlScope,
    found: &[CanonicalUrl],
) -> (Vec<(usize, CanonicalUrl)>, Excluded) {
    let mut excluded = Excluded::default();
    let depth = task.depth.saturating_add(1);
    let year = year_of(task.hydrated_us);
    let (mut fresh, mut cached) = (Vec::new(), 0);
    let mut met = HashSet::new();
    for (position, url) in found.iter().enumerate() {
        let url = url.under(crawl.scope.query);
        match crawl.admits_link(&url, depth, year) {
            Ok(()) if !met.insert(url.hash()) => {}
            Ok(()) if seen.contains(task.job, url.hash()) => cached += 1,
            Ok(()) => fresh.push((position, url)),
            Err(reason) => leave_out(&mut excluded, reason, &url),
        }
    }
    counter!(DEDUPE_CHECKS, "result" => "cache").increment(cached);
    (fresh, excluded)
}

fn leave_out(excluded: &mut Excluded, reason: OutOfScope, url: &CanonicalUrl) {
    match reason {
        OutOfScope::OtherHost => excluded.host += 1,
        OutOfScope::OutsidePath => excluded.path += 1,
        OutOfScope::TooDeep => excluded.depth += 1,
        OutOfScope::ByPattern => excluded.pattern += 1,
        OutOfScope::Trap => excluded.trap += 1,
    }
    if excluded.samples.len() < SAMPLES {
        excluded.samples.push(url.as_str().to_owned());
    }
}

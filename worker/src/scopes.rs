//! The scopes of crawls, read once: compiling a crawl's patterns for every page would cost more than the page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rad_core::ids::JobId;
use rad_core::scope::{OutOfScope, Scope};
use rad_core::trap::{self, Templates};
use rad_core::url::CanonicalUrl;
use rad_schema::ledger::Hydrated;

use crate::fetch::Cookies;

/// Crawls remembered; one that falls out is read again.
const MOST_CRAWLS: usize = 1_000;

/// What belongs to a crawl.
pub(crate) struct CrawlScope {
    /// What this worker learnt of the crawl's URLs.
    templates: Mutex<Templates>,
    pub(crate) scope: Scope,
    /// What servers set while this worker crawled. Another worker is another visitor of the site.
    pub(crate) cookies: Cookies,
    /// None when what is stored is of another version: then nothing belongs to it.
    start: Option<CanonicalUrl>,
}

impl CrawlScope {
    fn of(task: &Hydrated) -> Self {
        let start = CanonicalUrl::parse(&task.start_url).ok();
        let (scope, start) = match serde_json::from_value(task.scope.clone()) {
            Ok(scope) => (scope, start),
            Err(_) => (Scope::default(), None),
        };
        Self { templates: Mutex::default(), scope, cookies: Cookies::default(), start }
    }

    /// Whether the crawl begins there.
    pub(crate) fn begins_at(&self, url: &CanonicalUrl) -> bool {
        self.start.as_ref() == Some(url)
    }

    /// Whether the crawl may go to the host of `url` at all.
    pub(crate) fn holds_host(&self, url: &CanonicalUrl) -> bool {
        self.start.as_ref().is_some_and(|start| self.scope.holds_host(&start.host_key(), &url.host_key()))
    }

    /// Whether `url`, `depth` links away from the start, belongs to the crawl.
    pub(crate) fn admits(&self, url: &CanonicalUrl, depth: u16) -> Result<(), OutOfScope> {
        let start = self.start.as_ref().ok_or(OutOfScope::OtherHost)?;
        self.scope.admits(start, url, depth)
    }

    /// Learns from a page that was read.
    pub(crate) fn note(&self, url: &CanonicalUrl, text: &str) {
        self.templates.lock().unwrap_or_else(PoisonError::into_inner).note(url, text);
    }

    /// The same for a link of a page, which may lead into a trap.
    pub(crate) fn admits_link(&self, url: &CanonicalUrl, depth: u16, year: u32) -> Result<(), OutOfScope> {
        self.admits(url, depth)?;
        let learnt = || self.templates.lock().unwrap_or_else(PoisonError::into_inner).is_trap(url);
        let trapped = !self.scope.traps && (trap::suspect(url, year).is_some() || learnt());
        if trapped { Err(OutOfScope::Trap) } else { Ok(()) }
    }
}

/// A bounded cache. A crawl's scope never changes.
#[derive(Default)]
pub(crate) struct Scopes {
    crawls: Mutex<HashMap<JobId, Arc<CrawlScope>>>,
}

impl Scopes {
    pub(crate) fn of(&self, task: &Hydrated) -> Arc<CrawlScope> {
        let mut crawls = self.crawls.lock().unwrap_or_else(PoisonError::into_inner);
        if crawls.len() >= MOST_CRAWLS && !crawls.contains_key(&task.job) {
            crawls.clear();
        }
        Arc::clone(crawls.entry(task.job).or_insert_with(|| Arc::new(CrawlScope::of(task))))
    }
}

/// The year by a time in microseconds since 1970; a day more or less does not matter.
pub(crate) fn year_of(us: i64) -> u32 {
    const MICROSECONDS: i64 = 31_556_952_000_000;
    u32::try_from(1_970 + us.max(0) / MICROSECONDS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::year_of;

    #[test]
    fn years_are_those_of_the_calendar() {
        assert_eq!(year_of(0), 1_970);
        assert_eq!(year_of(1_795_000_000_000_000), 2_026);
        assert_eq!(year_of(-1), 1_970);
    }
}

//! The walk over a host.

use std::collections::{HashSet, VecDeque};

use anyhow::Context as _;
use rad_core::robots::AgentRules;
use rad_core::url::{CanonicalUrl, HostKey};
use tokio::task::JoinSet;

use crate::oracle::document::Document;
use crate::oracle::fetch::{Fetcher, ensure_loopback};
use crate::oracle::{Oracle, OracleOptions};

/// Follows every link from `start` that stays on its host (scheme, name and port).
///
/// Fails if `start` is no URL or not on a loopback address, or if robots.txt can't be read. A page that
/// can't be fetched is part of the result.
pub async fn walk(start: &str, options: OracleOptions) -> anyhow::Result<Oracle> {
    let start = CanonicalUrl::parse(start).context("parsing the start URL")?;
    ensure_loopback(&start).await?;
    let fetcher = Fetcher::new(&options)?;
    let mut walk = Walk {
        rules: fetcher.robots(&start).await?,
        host: start.host_key(),
        seen: HashSet::new(),
        frontier: VecDeque::new(),
        oracle: Oracle::default(),
    };
    walk.meet(start);
    walk.run(&fetcher, &options).await?;
    for urls in walk.oracle.stored_contents.values_mut() {
        urls.sort_unstable();
    }
    Ok(walk.oracle)
}

struct Walk {
    host: HostKey,
    rules: AgentRules,
    seen: HashSet<CanonicalUrl>,
    frontier: VecDeque<CanonicalUrl>,
    oracle: Oracle,
}

impl Walk {
    async fn run(&mut self, fetcher: &Fetcher, options: &OracleOptions) -> anyhow::Result<()> {
        let mut in_flight = JoinSet::new();
        let mut left = options.max_pages;
        loop {
            while left > 0 && in_flight.len() < options.parallel.max(1) {
                let Some(url) = self.frontier.pop_front() else {
                    break;
                };
                let fetcher = fetcher.clone();
                in_flight.spawn(async move { Document::fetch(&fetcher, url).await });
                left -= 1;
            }
            let Some(outcome) = in_flight.join_next().await else {
                break;
            };
            match outcome.context("a fetch panicked")? {
                Ok(document) => self.take(document),
                Err((url, error)) => {
                    self.oracle.failed.insert(url.as_str().to_owned(), format!("{error:#}"));
                }
            }
        }
        self.oracle.truncated = !self.frontier.is_empty();
        Ok(())
    }

    /// Books an answer and queues what it leads to.
    fn take(&mut self, document: Document) {
        let url = document.url.as_str().to_owned();
        let status = document.entry.status;
        if let Some((location, target)) = document.redirect {
            let text = target.as_ref().map_or(location, |target| target.as_str().to_owned());
            self.oracle.redirected.insert(url.clone(), text);
            if let Some(target) = target {
                self.meet(target);
            }
        }
        if status >= 400 {
            self.oracle.failed.insert(url.clone(), status.to_string());
        }
        if document.stored {
            let urls = self.oracle.stored_contents.entry(document.entry.content).or_default();
            urls.push(url.clone());
        }
        self.oracle.pages.insert(url, document.entry);
        for link in document.links {
            self.meet(link);
        }
    }

    /// Queues a URL that is new, of the host and allowed.
    fn meet(&mut self, url: CanonicalUrl) {
        if url.host_key() != self.host || !self.seen.insert(url.clone()) {
            return;
        }
        if self.rules.check(url.path_and_query()).allowed {
            self.frontier.push_back(url);
        } else {
            self.oracle.disallowed.insert(url.as_str().to_owned());
        }
    }
}

#[cfg(test)]
mod tests;

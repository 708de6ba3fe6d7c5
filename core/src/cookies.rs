//! The cookies of one crawl (RFC 6265, with what its revision 6265bis says about prefixes and limits).
//!
//! What a server sets is sent to its own host, or to the names below a domain that it may speak for: never for a
//! public suffix, and never over plain HTTP what was set as secure.

mod date;
mod set;

use std::cmp::Reverse;
use std::time::SystemTime;

use crate::url::CanonicalUrl;
use set::Set;

/// Most cookies of one domain: what the standard asks of browsers.
const MOST_OF_DOMAIN: usize = 50;

/// Most cookies of a crawl.
const MOST: usize = 1_000;

/// Longest Cookie header in bytes. Servers refuse longer ones, and then nothing of the site could be had.
const LONGEST_HEADER: usize = 8_000;

/// Cookies that servers have set.
#[derive(Debug, Default)]
pub struct Jar {
    cookies: Vec<Kept>,
    /// How often a cookie was set, changed or removed.
    changes: u64,
}

#[derive(Debug)]
struct Kept {
    set: Set,
    /// When it was first set, as a number of changes.
    since: u64,
    /// When it was last set.
    changed: u64,
}

impl Jar {
    /// How often what is in the jar has changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Takes the value of a Set-Cookie header in the answer of `url`. What `url` may not set is left out.
    pub fn take(&mut self, url: &CanonicalUrl, header: &str, now: SystemTime) {
        let Some(set) = Set::parse(header, url, now) else { return };
        let place = self.cookies.iter().position(|kept| kept.set.is_same(&set));
        // Nobody between us and the server may replace what came over a safe line.
        let is_safe = url.as_url().scheme() == "https";
        if !is_safe && self.cookies.iter().any(|kept| kept.set.is_secure && kept.set.covers(&set)) {
            return;
        }
        if place.is_some_and(|at| self.cookies[at].set == set) {
            return;
        }
        let since = place.map(|at| self.cookies.swap_remove(at).since);
        if set.is_over(now) {
            self.changes += u64::from(since.is_some());
            return;
        }
        self.changes += 1;
        self.cookies.push(Kept { since: since.unwrap_or(self.changes), changed: self.changes, set });
        self.forget_excess(now);
    }

    /// The Cookie header for a request of `url`, if there is anything to send.
    pub fn header(&self, url: &CanonicalUrl, now: SystemTime) -> Option<String> {
        let mut sent: Vec<_> =
            self.cookies.iter().filter(|kept| kept.set.is_for(url) && !kept.set.is_over(now)).collect();
        sent.sort_by_key(|kept| (Reverse(kept.set.path.len()), kept.since));
        let mut header = String::new();
        for pair in sent.into_iter().map(|kept| kept.set.pair()) {
            if header.len() + pair.len() + 2 <= LONGEST_HEADER {
                header.push_str(if header.is_empty() { "" } else { "; " });
                header.push_str(&pair);
            }
        }
        (!header.is_empty()).then_some(header)
    }

    fn forget_excess(&mut self, now: SystemTime) {
        self.cookies.retain(|kept| !kept.set.is_over(now));
        let Some(domain) = self.cookies.last().map(|kept| kept.set.domain.clone()) else { return };
        let of_domain = self.cookies.iter().filter(|kept| kept.set.domain == domain).count();
        if of_domain > MOST_OF_DOMAIN {
            self.forget_oldest(|kept| kept.set.domain == domain);
        }
        if self.cookies.len() > MOST {
            self.forget_oldest(|_| true);
        }
    }

    fn forget_oldest(&mut self, among: impl Fn(&Kept) -> bool) {
        let oldest = self.cookies.iter().enumerate().filter(|(_, kept)| among(kept));
        if let Some((at, _)) = oldest.min_by_key(|(_, kept)| kept.changed) {
            self.cookies.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests;

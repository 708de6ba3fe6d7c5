//! Which links of a crawl belong to it.
//!
//! Links out of scope never become rows of the ledger; they are counted by the reason given here.

mod pattern;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::url::{CanonicalUrl, HostKey, QueryRule};

pub use pattern::{Pattern, PatternError};

/// Most patterns of one list.
pub const MAX_PATTERNS: usize = 100;

/// How far from its start URL a crawl may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// Which URLs belong to the crawl at all.
    pub kind: ScopeKind,
    /// Most links between the start URL and a page; no limit where absent.
    pub max_depth: Option<u16>,
    /// Where there are any, a URL has to match one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Pattern>,
    /// A URL that matches one of these is left out, whatever else matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Pattern>,
    /// What becomes of the queries of links.
    #[serde(skip_serializing_if = "is_default")]
    pub query: QueryRule,
    /// Links that look like one of endlessly many are followed too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub traps: bool,
    /// What becomes of the site's sitemaps.
    #[serde(skip_serializing_if = "is_default")]
    pub sitemap: SitemapMode,
    /// No page is fetched: the ledger says what would be, and why not the rest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What a crawl makes of sitemaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SitemapMode {
    /// Those that robots.txt names are read beside the links of pages.
    #[default]
    Named,
    /// The same, and `/sitemap.xml` where robots.txt names none.
    Include,
    /// Only what sitemaps list is fetched; links of pages are not followed.
    Only,
    /// Sitemaps are not read.
    Skip,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which URLs belong to a crawl.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The start URL's host. http and https on their default ports are one site.
    #[default]
    Host,
    /// The start URL's host and the names below it.
    Subdomains,
    /// All hosts of the start URL's registrable domain, by the public suffix list.
    Domain,
    /// The start URL's host, and only what lies in the folder of the start URL.
    Path,
    /// Every public web page.
    Any,
}

/// Why a link does not belong to the crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfScope {
    /// The link leads to another host.
    OtherHost,
    /// The link leads out of the start URL's folder.
    OutsidePath,
    /// The page is more links away than the crawl may go.
    TooDeep,
    /// No pattern includes the link, or one excludes it.
    ByPattern,
    /// The link looks like one of endlessly many.
    Trap,
}

impl OutOfScope {
    /// The stable code, as counted and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherHost => "other_host",
            Self::OutsidePath => "outside_path",
            Self::TooDeep => "too_deep",
            Self::ByPattern => "by_pattern",
            Self::Trap => "trap",
        }
    }
}

impl Scope {
    /// Whether `url`, found `depth` links away from `start`, belongs to the crawl. The start URL itself always does.
    pub fn admits(&self, start: &CanonicalUrl, url: &CanonicalUrl, depth: u16) -> Result<(), OutOfScope> {
        if !self.holds_host(&start.host_key(), &url.host_key()) {
            return Err(OutOfScope::OtherHost);
        }
        if self.kind == ScopeKind::Path && !url.as_url().path().starts_with(folder(start)) {
            return Err(OutOfScope::OutsidePath);
        }
        if self.max_depth.is_some_and(|most| depth > most) {
            return Err(OutOfScope::TooDeep);
        }
        let included = self.include.is_empty() || self.include.iter().any(|pattern| pattern.matches(url));
        if url != start && (!included || self.exclude.iter().any(|pattern| pattern.matches(url))) {
            return Err(OutOfScope::ByPattern);
        }
        Ok(())
    }

    /// Whether the crawl that starts on the host `start` may go to `host`.
    pub fn holds_host(&self, start: &HostKey, host: &HostKey) -> bool {
        let below = || {
            let name = host.name().strip_suffix(start.name()).is_some_and(|rest| rest.ends_with('.'));
            name && same_ports(start, host)
        };
        match self.kind {
            ScopeKind::Any => true,
            ScopeKind::Host | ScopeKind::Path => same_site(start, host),
            ScopeKind::Subdomains => same_site(start, host) || below(),
            ScopeKind::Domain => {
                let shared = owner(start.name()).is_some() && owner(start.name()) == owner(host.name());
                same_site(start, host) || (shared && same_ports(start, host))
            }
        }
    }
}

/// The registrable domain of a name; an address has none.
fn owner(name: &str) -> Option<&str> {
    let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
    if is_address { None } else { psl::domain_str(name) }
}

fn same_site(a: &HostKey, b: &HostKey) -> bool {
    a == b || (a.name() == b.name() && same_ports(a, b))
}

/// Both on their default ports, or both on the same one with the same scheme.
fn same_ports(a: &HostKey, b: &HostKey) -> bool {
    (a.has_default_port() && b.has_default_port()) || (a.scheme(), a.port()) == (b.scheme(), b.port())
}

/// The path up to and with its last slash.
fn folder(url: &CanonicalUrl) -> &str {
    let path = url.as_url().path();
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    &path[..end]
}

#[cfg(test)]
mod tests;

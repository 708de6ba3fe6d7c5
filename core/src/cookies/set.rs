//! One Set-Cookie header: what it says, and whether its sender may say so.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use super::date;
use crate::calendar::DAY;
use crate::url::CanonicalUrl;

/// Longest name and value together, in bytes.
const LONGEST_PAIR: usize = 4_096;

/// Longest attribute that is read, in bytes.
const LONGEST_ATTRIBUTE: usize = 1_024;

/// Seconds of a year.
const LONGEST_AGE: u64 = 365 * DAY;

/// A cookie as it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    name: String,
    value: String,
    pub(super) domain: String,
    /// It is for the host that set it alone.
    is_of_host: bool,
    pub(super) path: String,
    pub(super) is_secure: bool,
    /// One that lies in the past removes it.
    end: Option<SystemTime>,
}

impl Set {
    /// Reads the header of an answer of `url`; `None` if it is no cookie, or one that `url` may not set.
    pub(super) fn parse(header: &str, url: &CanonicalUrl, now: SystemTime) -> Option<Self> {
        if header.chars().any(|c| c.is_control() && c != '\t') {
            return None;
        }
        let mut parts = header.split(';');
        let pair = parts.next()?;
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim(), value.trim());
        if name.len() + value.len() == 0 || name.len() + value.len() > LONGEST_PAIR {
            return None;
        }
        let mut read = Attributes::default();
        for attribute in parts.filter(|part| part.len() <= LONGEST_ATTRIBUTE) {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            read.take(&key.trim().to_ascii_lowercase(), value.trim(), now);
        }
        let host = url.as_url().host_str()?;
        let set = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: domain_of(host, &read.domain)?.to_owned(),
            is_of_host: read.domain.is_empty() || !may_speak_for(host, &read.domain),
            path: Some(read.path).filter(|path| path.starts_with('/')).unwrap_or_else(|| folder(url)),
            is_secure: read.is_secure,
            end: read.max_age.or(read.expires),
        };
        set.keeps_its_promise(url).then_some(set)
    }

    /// Secure cookies come over a safe line, and prefixes of names say what must hold.
    fn keeps_its_promise(&self, url: &CanonicalUrl) -> bool {
        let starts = |prefix: &str| {
            let start = if self.name.is_empty() { &self.value } else { &self.name };
            start.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_safe = url.as_url().scheme() == "https";
        let secure = self.is_secure && is_safe;
        // Without a name, the value would be read as name and value by the server.
        let is_disguised = self.name.is_empty() && (starts("__Secure-") || starts("__Host-"));
        (is_safe || !self.is_secure)
            && !is_disguised
            && (secure || !starts("__Secure-"))
            && ((secure && self.is_of_host && self.path == "/") || !starts("__Host-"))
    }

    /// Whether it takes the place of `other`.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path, self.is_of_host)
            == (&other.name, &other.domain, &other.path, other.is_of_host)
    }

    /// Whether `other` would be sent beside it, or in its place, to some URL.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let related =
            matches_domain(&self.domain, &other.domain) || matches_domain(&other.domain, &self.domain);
        self.name == other.name && related && matches_path(&other.path, &self.path)
    }

    /// Whether it is sent with a request of `url`.
    pub(super) fn is_for(&self, url: &CanonicalUrl) -> bool {
        let url = url.as_url();
        let host = url.host_str().unwrap_or_default();
        let its_host = if self.is_of_host { host == self.domain } else { matches_domain(host, &self.domain) };
        its_host && matches_path(url.path(), &self.path) && (!self.is_secure || url.scheme() == "https")
    }

    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    pub(super) fn pair(&self) -> String {
        if self.name.is_empty() { self.value.clone() } else { format!("{}={}", self.name, self.value) }
    }
}

#[derive(Default)]
struct Attributes {
    domain: String,
    path: String,
    is_secure: bool,
    max_age: Option<SystemTime>,
    expires: Option<SystemTime>,
}

impl Attributes {
    /// The last of a kind counts.
    fn take(&mut self, key: &str, value: &str, now: SystemTime) {
        match key {
            "domain" => self.domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase(),
            "path" => value.clone_into(&mut self.path),
            "secure" => self.is_secure = true,
            "max-age" => self.max_age = max_age(value, now).or(self.max_age),
            "expires" => self.expires = date::parse(value).or(self.expires),
            _ => {}
        }
    }
}

/// What lasts longer than a year lasts as long as any crawl.
fn max_age(value: &str, now: SystemTime) -> Option<SystemTime> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if value.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) };
    is_number.then(|| now + Duration::from_secs(seconds.min(LONGEST_AGE)))
}

/// The domain that the cookie is for; `None` where the host may not set it.
fn domain_of<'a>(host: &'a str, wanted: &'a str) -> Option<&'a str> {
    if wanted.is_empty() || wanted == host {
        return Some(host);
    }
    may_speak_for(host, wanted).then_some(wanted)
}

/// Whether `domain` is the host or above it, and belongs to somebody.
fn may_speak_for(host: &str, domain: &str) -> bool {
    // A public suffix that is a host itself can set cookies for this host alone.
    let has_owner = psl::domain_str(domain).is_some();
    !is_address(host) && has_owner && matches_domain(host, domain)
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

fn matches_domain(host: &str, domain: &str) -> bool {
    let is_below = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    host == domain || (!is_address(host) && is_below())
}

fn matches_path(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

/// The path up to its last slash.
fn folder(url: &CanonicalUrl) -> String {
    let path = url.as_url().path();
    let end = path.rfind('/').unwrap_or(0);
    if end == 0 { "/".to_owned() } else { path[..end].to_owned() }
}

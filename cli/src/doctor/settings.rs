//! Settings of workers and schedulers, judged as they would read them here: for them an empty value is a value, and
//! one that they refuse.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use rad_core::address::AddressPolicy;
use rad_core::url::CanonicalUrl;

use super::row::{Check, Row};

const LEASE: Check = Check {
    name: "lease_ttl",
    why: "it decides how long a dead worker's pages wait; workers and schedulers must have the same",
};
const SLOTS: Check = Check { name: "slots", why: "a worker refuses a number that it can't use" };
const CONNECTIONS: Check =
    Check { name: "db_connections", why: "a process refuses a number that it can't use" };
const SHARDS: Check =
    Check { name: "shards", why: "a scheduler refuses a number that it can't use; all need the same" };
const CIDRS: Check = Check {
    name: "allow_cidrs",
    why: "whoever starts a crawl can read what lies in these networks, and pages can lead there",
};
const CONTACT: Check = Check {
    name: "contact_url",
    why: "owners of sites block crawlers that don't say who they are and how to reach them",
};

/// What the processes take where nothing is set.
const DEFAULT_LEASE_SECONDS: u64 = 15;
const DEFAULT_SLOTS: u64 = 64;

/// Networks with fewer bits hold more than any private network: 10.0.0.0/8 and `fc00::/7` are the largest.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 7;

/// Where clouds serve the credentials of the machine.
const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

/// Settings of the processes. All are texts, so that a bad one is a line of the diagnosis and not its end.
#[derive(Debug, Default, Args)]
pub(super) struct Settings {
    /// Seconds after which a silent worker is dead
    #[arg(long, value_name = "SECONDS", env = "RAD_LEASE_TTL_SECONDS")]
    lease_ttl_seconds: Option<String>,
    /// Pages that a worker has in work at once
    #[arg(long, value_name = "NUMBER", env = "RAD_SLOTS")]
    slots: Option<String>,
    /// Connections to Postgres of a process at most
    #[arg(long, value_name = "NUMBER", env = "RAD_DB_CONNECTIONS")]
    db_connections: Option<String>,
    /// Shards of the dispatch window
    #[arg(long, value_name = "NUMBER", env = "RAD_SHARDS")]
    shards: Option<String>,
    /// Networks that workers may contact although they are not public
    #[arg(long, value_name = "CIDRS", env = "RAD_ALLOW_CIDRS")]
    allow_cidrs: Option<String>,
    /// Page that tells the owners of sites who crawls them
    #[arg(long, value_name = "URL", env = "RAD_CONTACT_URL")]
    contact_url: Option<String>,
}

/// A number among the settings.
struct Number<'a> {
    check: Check,
    name: &'static str,
    given: Option<&'a str>,
    range: RangeInclusive<u64>,
    /// What is said where it is not set.
    unset: &'static str,
}

impl Settings {
    pub(super) fn rows(&self) -> Vec<Row> {
        vec![
            self.lease().row(),
            self.slot_number().row(),
            self.connections().row(),
            self.shards().row(),
            cidrs(self.allow_cidrs.as_deref()),
            contact(self.contact_url.as_deref()),
        ]
    }

    /// After this silence a worker is dead.
    pub(super) fn lease_ttl(&self) -> Duration {
        Duration::from_secs(self.lease().value().unwrap_or(DEFAULT_LEASE_SECONDS))
    }

    /// Pages in work at once.
    pub(super) fn slots(&self) -> u64 {
        self.slot_number().value().unwrap_or(DEFAULT_SLOTS)
    }

    /// Connections of a process to Postgres, where they are set.
    pub(super) fn db_connections(&self) -> Option<u32> {
        self.connections().value().and_then(|number| u32::try_from(number).ok())
    }

    fn lease(&self) -> Number<'_> {
        Number {
            check: LEASE,
            name: "RAD_LEASE_TTL_SECONDS",
            given: self.lease_ttl_seconds.as_deref(),
            range: 2..=300,
            unset: "15 s, which is the default",
        }
    }

    fn slot_number(&self) -> Number<'_> {
        let unset = "64 for a worker, which is the default";
        let given = self.slots.as_deref();
        Number { check: SLOTS, name: "RAD_SLOTS", given, range: 1..=4096, unset }
    }

    fn shards(&self) -> Number<'_> {
        Number {
            check: SHARDS,
            name: "RAD_SHARDS",
            given: self.shards.as_deref(),
            range: 1..=u64::from(rad_schema::window::MOST_SHARDS),
            unset: "as many as there are, at first one on each master of Redis",
        }
    }

    fn connections(&self) -> Number<'_> {
        Number {
            check: CONNECTIONS,
            name: "RAD_DB_CONNECTIONS",
            given: self.db_connections.as_deref(),
            range: 2..=500,
            unset: "8 for a worker and 10 for a scheduler, which are the defaults",
        }
    }
}

impl Number<'_> {
    /// None where it is not set or can't be used.
    fn value(&self) -> Option<u64> {
        self.given?.parse().ok().filter(|number| self.range.contains(number))
    }

    fn row(&self) -> Row {
        let Some(given) = self.given else {
            return self.check.ok(self.unset);
        };
        let (least, most) = (self.range.start(), self.range.end());
        match self.value() {
            Some(value) => self.check.ok(format!("{} is {value}", self.name)),
            None => self.check.fail(
                format!("{} is {given:?}", self.name),
                format!(
                    "set {} to a whole number from {least} to {most}, or remove it from the environment",
                    self.name
                ),
            ),
        }
    }
}

fn cidrs(given: Option<&str>) -> Row {
    const NARROW: &str =
        "name only the networks that you want to crawl: RAD_ALLOW_CIDRS=10.1.0.0/16,192.168.7.1/32";
    let Some(given) = given.filter(|given| !given.trim().is_empty()) else {
        return CIDRS.ok("none: workers contact public addresses only");
    };
    let policy: AddressPolicy = match given.parse() {
        Ok(policy) => policy,
        Err(error) => return CIDRS.fail(format!("RAD_ALLOW_CIDRS: {error}"), NARROW),
    };
    if let Some(wide) = given.split(',').map(str::trim).find(|network| is_wide(network)) {
        return CIDRS.warn(format!("{wide} opens more than any private network"), NARROW);
    }
    let metadata = METADATA.iter().find(|address| {
        let address = address.parse().expect("the literals are addresses");
        policy.explicitly_allowed(address)
    });
    match metadata {
        Some(address) => CIDRS.warn(format!("{address} is open, where clouds serve credentials"), NARROW),
        None => CIDRS.ok(format!("{given} beside public addresses")),
    }
}

fn is_wide(network: &str) -> bool {
    let Some((address, bits)) = network.split_once('/') else {
        return false;
    };
    let widest = if address.contains(':') { WIDEST_V6 } else { WIDEST_V4 };
    bits.parse::<u8>().is_ok_and(|bits| bits < widest)
}

fn contact(given: Option<&str>) -> Row {
    const FIX: &str =
        "set RAD_CONTACT_URL to a page of yours that says who crawls, why, and how to reach you";
    let Some(given) = given else {
        return CONTACT.warn("RAD_CONTACT_URL is not set: the user agent names example.com", FIX);
    };
    match CanonicalUrl::parse(given) {
        Err(error) => CONTACT.fail(format!("RAD_CONTACT_URL can't be used: {error}"), FIX),
        Ok(url) if is_nobodys(url.as_str()) => CONTACT.warn(format!("{given} is nobody's page"), FIX),
        Ok(_) => CONTACT.ok(given),
    }
}

/// Names that are reserved for examples (RFC 2606).
fn is_nobodys(url: &str) -> bool {
    let host = url.split('/').nth(2).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    ["example.com", "example.org", "example.net", "example"]
        .iter()
        .any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

#[cfg(test)]
mod tests;

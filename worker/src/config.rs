//! What a worker is told by flags and environment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use ipnet::IpNet;
use rad_core::address::AddressPolicy;
use rad_schema::window::{HostTerms, LeaseTerms};
use url::Url;

use crate::crash::CrashPoint;

/// Longest lease: a host that was in flight at a wipe rests for as long.
const MAX_LEASE_SECONDS: u64 = 300;

/// Claims tasks, fetches politely, stores documents.
#[derive(Clone, Debug, Parser)]
#[command(name = "rad-worker", version)]
pub struct Config {
    /// Name of this worker, such as crawler-1. Invented when left out.
    #[arg(long, env = "RAD_WORKER_ID")]
    pub worker_id: Option<String>,
    /// Postgres, under a role that row security binds (such as `rad_app`).
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Redis.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: String,
    /// Pages in work at once.
    #[arg(long, env = "RAD_SLOTS", default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(1..=4096))]
    pub slots: usize,
    /// Networks that may be contacted although they are not public, such as 10.1.0.0/16,192.168.7.1/32.
    #[arg(long, env = "RAD_ALLOW_CIDRS", value_delimiter = ',', value_parser = cidr)]
    pub allow_cidrs: Vec<IpNet>,
    /// Page that tells the owners of sites who crawls them; part of the user agent.
    #[arg(long, env = "RAD_CONTACT_URL", default_value = "https://example.com/about-our-crawler")]
    pub contact_url: Url,
    /// Requests at once on a public host, over the whole fleet.
    #[arg(long, env = "RAD_HOST_CONCURRENCY", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub host_concurrency: u32,
    /// Milliseconds between two requests to a public host, unless its robots.txt wants more.
    #[arg(long, env = "RAD_HOST_DELAY_MS", default_value_t = 250)]
    pub host_delay_ms: u64,
    /// Requests at once on a host inside `RAD_ALLOW_CIDRS`: the operator's own.
    #[arg(long, env = "RAD_ALLOWED_HOST_CONCURRENCY", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub allowed_host_concurrency: u32,
    /// Milliseconds between two requests to a host inside `RAD_ALLOW_CIDRS`.
    #[arg(long, env = "RAD_ALLOWED_HOST_DELAY_MS", default_value_t = 0)]
    pub allowed_host_delay_ms: u64,
    /// Seconds after which this worker is dead when it is silent; the same value as the scheduler's.
    #[arg(long, env = "RAD_LEASE_TTL_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(2..=MAX_LEASE_SECONDS))]
    pub lease_ttl_seconds: u64,
    /// Seconds that pages in work get at a stop before they are handed back.
    #[arg(long, env = "RAD_DRAIN_SECONDS", default_value_t = 30)]
    pub drain_seconds: u64,
    /// Connections to Postgres at most.
    #[arg(long, env = "RAD_DB_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub db_connections: u32,
    /// For crash tests: kill this process at a labelled point of a page's life, `LABEL` or `LABEL:N`.
    #[arg(long, env = "RAD_CRASH_AT", hide = true)]
    pub crash_at: Option<CrashPoint>,
}

impl Config {
    /// The given name, or one that no other worker is likely to have.
    pub(crate) fn name(&self) -> String {
        self.worker_id.clone().unwrap_or_else(|| {
            let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
            format!("crawler-{:x}", started ^ u128::from(std::process::id()) << 40)
        })
    }

    pub(crate) fn addresses(&self) -> AddressPolicy {
        AddressPolicy::allowing(self.allow_cidrs.clone())
    }

    pub(crate) fn lease(&self) -> LeaseTerms {
        LeaseTerms { ttl: Duration::from_secs(self.lease_ttl_seconds), ..LeaseTerms::default() }
    }

    /// What a host allows that says nothing of it itself.
    pub(crate) fn host_terms(&self, operators_own: bool) -> HostTerms {
        let (delay_ms, max_concurrency) = if operators_own {
            (self.allowed_host_delay_ms, self.allowed_host_concurrency)
        } else {
            (self.host_delay_ms, self.host_concurrency)
        };
        HostTerms { delay: Duration::from_millis(delay_ms), max_concurrency }
    }
}

fn cidr(text: &str) -> Result<IpNet, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text:?} is not a network: write ADDRESS/BITS, such as 10.1.0.0/16"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn a_bad_network_is_named_with_the_fix() {
        let error = Config::try_parse_from([
            "rad-worker",
            "--database-url",
            "postgres://x",
            "--redis-url",
            "redis://x",
            "--allow-cidrs",
            "10.0.0.0/8,oops",
        ])
        .unwrap_err()
        .to_string();
        assert!(error.contains("oops") && error.contains("ADDRESS/BITS"), "{error}");
    }
}

//! What a worker is told by flags and environment.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use rad_core::address::AddressPolicy;
use rad_schema::window::{HostTerms, LeaseTerms};
use url::Url;

use crate::crash::CrashPoint;

/// Longest lease: a host that was in flight at a wipe rests for as long.
const MAX_LEASE_SECONDS: u64 = 300;

/// Stands for a page of the operator's own. Nobody reads mail there.
const NOBODYS_CONTACT: &str = "https://example.com/about-our-crawler";
/// Longest name of a worker: that of a DNS label, which it becomes in deployments.
const LONGEST_NAME: usize = 63;

/// Claims tasks, fetches politely, stores documents.
#[derive(Clone, Debug, Parser)]
#[command(name = "rad-worker", version)]
pub struct Config {
    /// Name of this worker, such as crawler-1. Invented when left out.
    #[arg(long, env = "RAD_WORKER_ID", value_parser = worker_id)]
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
    #[arg(long, env = "RAD_ALLOW_CIDRS", default_value = "")]
    pub allow_cidrs: AddressPolicy,
    /// Public addresses of this installation itself, which are not crawled, such as `203.0.113.7,2001:db8::7`.
    #[arg(long, env = "RAD_OWN_ADDRESSES", value_delimiter = ',')]
    pub own_addresses: Vec<IpAddr>,
    /// The public address that the platform gave to this machine.
    #[arg(long, env = "FLY_PUBLIC_IP", hide = true)]
    pub platform_address: Option<IpAddr>,
    /// Page that tells the owners of sites who crawls them; part of the user agent.
    #[arg(long, env = "RAD_CONTACT_URL", default_value = NOBODYS_CONTACT)]
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
    #[arg(long, env = "RAD_DRAIN_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain_seconds: u64,
    /// Connections to Postgres at most.
    #[arg(long, env = "RAD_DB_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub db_connections: u32,
    /// Seconds after which a process that is stuck ends itself with exit code 70; 0 for never.
    #[arg(long, env = "RAD_WATCHDOG_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub watchdog_seconds: u64,
    /// For tests: seconds that the code of a page may keep a thread. Left out: its lease, and the above.
    #[arg(long, env = "RAD_WATCHDOG_PAGE_SECONDS", hide = true)]
    pub watchdog_page_seconds: Option<u64>,
    /// Address of `/metrics` for Prometheus. Loopback unless you say otherwise; port 0 for any free one.
    #[arg(long, env = "RAD_METRICS_LISTEN", default_value = "127.0.0.1:0")]
    pub metrics_listen: SocketAddr,
    /// Where metrics are served, once they are.
    #[arg(skip)]
    pub metrics_address: Option<SocketAddr>,
    /// Group of workers that its metrics are counted with.
    #[arg(long, env = "RAD_POOL", default_value = "default")]
    pub pool: String,
    /// Region that it runs in, for its metrics.
    #[arg(long, env = "FLY_REGION", default_value = "local")]
    pub region: String,
    /// For crash tests: kill this process at a labelled point of a page's life, `LABEL` or `LABEL:N`.
    #[arg(long, env = "RAD_CRASH_AT", hide = true)]
    pub crash_at: Option<CrashPoint>,
    /// For crash tests: kill this process whenever it extracts the page at this path and query.
    #[arg(long, env = "RAD_CRASH_ON", hide = true)]
    pub crash_on: Option<String>,
    /// For crash tests: keep a thread for ever at such a point.
    #[arg(long, env = "RAD_HANG_AT", hide = true)]
    pub hang_at: Option<CrashPoint>,
}

impl Config {
    /// The given name, or one that no other worker is likely to have.
    pub(crate) fn name(&self) -> String {
        self.worker_id.clone().unwrap_or_else(|| {
            let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
            format!("crawler-{:x}", started ^ u128::from(std::process::id()) << 40)
        })
    }

    /// Where connections may go.
    pub(crate) fn addresses(&self) -> AddressPolicy {
        let own = self.own_addresses.iter().copied().chain(self.platform_address).collect();
        self.allow_cidrs.clone().without(own)
    }

    pub(crate) fn lease(&self) -> LeaseTerms {
        LeaseTerms { ttl: Duration::from_secs(self.lease_ttl_seconds), ..LeaseTerms::default() }
    }

    /// How long the runtime may be silent; zero when nobody watches it.
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_secs(self.watchdog_seconds)
    }

    /// How long the code of a page may keep a thread; none when nobody watches it. After its lease the page
    /// belongs to others, and the time beyond is for a machine that is overloaded.
    pub(crate) fn page_on_thread(&self) -> Option<Duration> {
        let derived = self.lease().hard_deadline + self.silence();
        let limit = self.watchdog_page_seconds.map_or(derived, Duration::from_secs);
        (self.watchdog_seconds > 0).then_some(limit)
    }

    /// Whether site owners can't find out who crawls them.
    pub(crate) fn lacks_contact(&self) -> bool {
        self.contact_url.as_str() == NOBODYS_CONTACT
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

fn worker_id(text: &str) -> Result<String, String> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(known) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not a worker's name: use 1 to {LONGEST_NAME} letters, digits, - _ . as in crawler-1"
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Config::command().debug_assert();
    }

    fn parse(more: &[&str]) -> Result<Config, clap::Error> {
        let given = ["rad-worker", "--database-url", "postgres://x", "--redis-url", "redis://x"];
        Config::try_parse_from(given.iter().chain(more))
    }

    #[test]
    fn a_bad_network_is_named_with_the_fix() {
        let error = parse(&["--allow-cidrs", "10.0.0.0/8,oops"]).unwrap_err().to_string();
        assert!(error.contains("oops") && error.contains("10.0.0.0/8"), "{error}");
    }

    #[test]
    fn a_name_is_1_to_63_letters_digits_and_a_few_signs() {
        let longest = "x".repeat(63);
        for name in ["crawler-1", "a", "A.b_c-9", &longest] {
            assert_eq!(parse(&["--worker-id", name]).unwrap().name(), name);
        }
        for name in ["", "two words", "tab\t", "ä", "a/b", &"x".repeat(64)] {
            let error = parse(&["--worker-id", name]).unwrap_err().to_string();
            assert!(error.contains("1 to 63 letters") && error.contains("crawler-1"), "{error}");
        }
        assert!(worker_id(&parse(&[]).unwrap().name()).is_ok(), "an invented name is a name");
    }

    #[test]
    fn the_default_contact_is_known_to_be_nobodys() {
        assert!(parse(&[]).unwrap().lacks_contact());
        assert!(!parse(&["--contact-url", "https://crawl.example.org/about"]).unwrap().lacks_contact());
    }

    #[test]
    fn a_page_may_keep_its_thread_for_its_lease_and_the_watchdogs_time() {
        let limit = |more: &[&str]| parse(more).unwrap().page_on_thread();
        assert_eq!(limit(&[]), Some(Duration::from_mins(3)));
        assert_eq!(limit(&["--watchdog-seconds", "10"]), Some(Duration::from_secs(130)));
        assert_eq!(limit(&["--watchdog-page-seconds", "3"]), Some(Duration::from_secs(3)));
        assert_eq!(limit(&["--watchdog-seconds", "0"]), None);
    }
}

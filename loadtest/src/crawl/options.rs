//! What a person may choose about a crawl test.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rad_core::url::CanonicalUrl;
use rad_schema::local::LocalOptions;

use crate::crawl::target::TargetChoice;
use crate::fleet::StoresChoice;
use crate::web::SiteSpec;

/// Crawls a site with real processes, measures, and checks what is in the stores afterwards.
#[derive(Clone, Debug, Args)]
pub struct CrawlOptions {
    /// Crawl this site on loopback instead of a synthetic one
    #[arg(long)]
    pub url: Option<String>,
    /// Addresses that workers may connect to, beside public ones [default: that of the site]
    #[arg(long)]
    pub cidr: Option<String>,
    /// Worker processes
    #[arg(long, default_value_t = 3)]
    pub workers: usize,
    /// Pages of the synthetic site
    #[arg(long, default_value_t = 2_000, conflicts_with = "url")]
    pub pages: u32,
    /// Approximate size of a synthetic page in bytes
    #[arg(long, default_value_t = 24 * 1024, conflicts_with = "url")]
    pub body_bytes: u32,
    /// Milliseconds that each answer of the synthetic site waits
    #[arg(long, default_value_t = 0, conflicts_with = "url")]
    pub latency_ms: u64,
    /// Decides everything about the synthetic site that is left to chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Percent of the synthetic pages that are copies of another
    #[arg(long, default_value_t = 0, conflicts_with = "url")]
    pub duplicates_percent: u32,
    /// Pages that the crawl may store at most
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub max_pages: Option<i64>,
    /// Postgres under the processes' role, instead of a private one
    #[arg(long, requires = "redis_url", requires = "migrate_url")]
    pub database_url: Option<String>,
    /// Redis, instead of a private one
    #[arg(long, requires = "database_url")]
    pub redis_url: Option<String>,
    /// Postgres under the role that owns the schema
    #[arg(long, requires = "database_url")]
    pub migrate_url: Option<String>,
    /// Folder of logs and private stores [default: a temporary one]
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Crawl the site a second time, with nothing changed
    #[arg(long)]
    pub recrawl: bool,
    /// Seconds after which the crawl counts as broken
    #[arg(long, default_value_t = 600)]
    pub timeout_seconds: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The options contradict each other.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// `--url` is not a URL.
    #[error("--url {url} can't be crawled: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The site is not on this machine, and load tests don't go out by accident.
    #[error("--url {url} is not a loopback address such as http://127.0.0.1:8080/; allow others with --cidr")]
    NotLoopback {
        /// What was given.
        url: String,
    },
}

/// The options, understood.
pub(super) struct Plan {
    pub(super) target: TargetChoice,
    pub(super) cidrs: String,
    pub(super) stores: StoresChoice,
}

impl CrawlOptions {
    pub(super) fn plan(&self) -> Result<Plan, UsageError> {
        let (target, of_site) = match &self.url {
            Some(url) => (TargetChoice::Walked(url.clone()), self.loopback_range(url)?),
            None => (TargetChoice::Synthetic(self.spec()), "127.0.0.1/32".to_owned()),
        };
        Ok(Plan { target, cidrs: self.cidr.clone().unwrap_or(of_site), stores: self.stores() })
    }

    /// The range of exactly the address that stands in `url`.
    fn loopback_range(&self, url: &str) -> Result<String, UsageError> {
        let parsed = CanonicalUrl::parse(url)
            .map_err(|error| UsageError::Url { url: url.to_owned(), reason: error.to_string() })?;
        let host = parsed.host_key();
        let address = host.name().trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        match address {
            Ok(address) if address.is_loopback() => {
                Ok(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }))
            }
            _ if self.cidr.is_some() => Ok(String::new()),
            _ => Err(UsageError::NotLoopback { url: url.to_owned() }),
        }
    }

    fn spec(&self) -> SiteSpec {
        SiteSpec {
            seed: self.seed,
            pages: self.pages,
            body_bytes: self.body_bytes,
            latency: Duration::from_millis(self.latency_ms),
            duplicates_percent: self.duplicates_percent,
            ..SiteSpec::default()
        }
    }

    fn stores(&self) -> StoresChoice {
        match (&self.database_url, &self.redis_url, &self.migrate_url) {
            (Some(database_url), Some(redis_url), Some(migrate_url)) => StoresChoice::Given {
                database_url: database_url.clone(),
                redis_url: redis_url.clone(),
                migrate_url: migrate_url.clone(),
            },
            // As in production: what waits for the disk there must be measured here.
            _ => StoresChoice::Private(LocalOptions::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: CrawlOptions,
    }

    fn plan(arguments: &[&str]) -> Result<Plan, UsageError> {
        let line = [&["crawl"], arguments].concat();
        Line::try_parse_from(line).unwrap().options.plan()
    }

    #[test]
    fn a_loopback_literal_allows_exactly_itself() {
        assert_eq!(plan(&["--url", "http://127.0.0.9:80/"]).unwrap().cidrs, "127.0.0.9/32");
        assert_eq!(plan(&["--url", "http://[::1]:8080/"]).unwrap().cidrs, "::1/128");
        assert_eq!(plan(&[]).unwrap().cidrs, "127.0.0.1/32");
        let wider = plan(&["--url", "http://127.0.0.9/", "--cidr", "127.0.0.0/8"]);
        assert_eq!(wider.unwrap().cidrs, "127.0.0.0/8");
    }

    #[test]
    fn other_sites_need_a_range() {
        for url in ["http://localhost:8080/", "http://10.0.0.1/", "https://example.org/"] {
            assert!(matches!(plan(&["--url", url]), Err(UsageError::NotLoopback { .. })), "{url}");
        }
        assert_eq!(
            plan(&["--url", "http://10.0.0.1/", "--cidr", "10.0.0.1/32"]).unwrap().cidrs,
            "10.0.0.1/32"
        );
        assert!(matches!(plan(&["--url", "not a url"]), Err(UsageError::Url { .. })));
    }

    #[test]
    fn given_stores_come_all_together() {
        let half = ["crawl", "--database-url", "postgres://a", "--redis-url", "redis://b"];
        assert!(Line::try_parse_from(half).is_err());
        let all = plan(&["--database-url", "d", "--redis-url", "r", "--migrate-url", "m"]).unwrap();
        assert!(matches!(all.stores, StoresChoice::Given { .. }));
    }
}

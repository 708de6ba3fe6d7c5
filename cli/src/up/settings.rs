//! What a person may choose about `rad up`, and what follows from it.

use std::path::PathBuf;

use clap::Args;
use rad_core::address::AddressPolicy;
use rad_core::url::CanonicalUrl;
use rad_loadtest::fleet::{FleetOptions, StoresChoice};
use rad_schema::local::LocalOptions;

use super::memory::Memory;
use super::{address, site};
use crate::failure::Failure;
use crate::start_url;

/// Name of the tenant that owns what is crawled here.
const TENANT: &str = "local";

/// Crawl a site with everything that this needs, started here: stores, a scheduler and workers.
///
/// Without a URL a built-in synthetic site is crawled. Running it again continues a crawl that was interrupted.
#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// Where to start; the crawl stays on this host
    url: Option<String>,
    /// Worker processes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Pages to store at most
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub(super) max_pages: Option<i64>,
    /// Folder of private stores, logs, and what is remembered
    #[arg(long, default_value = ".rad")]
    dir: PathBuf,
    /// Keep everything running after the crawl, until Ctrl-C
    #[arg(long)]
    pub(super) stay: bool,
    /// Print one JSON object at the end instead of text
    #[arg(long)]
    pub(super) json: bool,
    /// Postgres under the role of the processes; with Redis' URL, instead of private stores
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Redis
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// Postgres under the role that owns the schema, for migrations
    #[arg(long, env = "RAD_MIGRATE_URL", hide_env_values = true)]
    migrate_url: Option<String>,
    /// Address ranges that workers may connect to beside public ones, with commas between them
    #[arg(long, env = "RAD_ALLOW_CIDRS", default_value = "")]
    allow_cidrs: String,
}

impl UpOptions {
    /// The stores are the user's, and their URLs may hold passwords.
    pub(super) fn given_stores(&self) -> bool {
        present(self.database_url.as_deref()).is_some()
    }
}

/// The options, understood.
pub(super) struct UpPlan {
    pub(super) fleet: FleetOptions,
    pub(super) memory: Memory,
    /// None: the built-in site.
    pub(super) start: Option<CanonicalUrl>,
    /// What the user should know beforehand.
    pub(super) notes: Vec<String>,
}

pub(super) fn plan(options: &UpOptions) -> Result<UpPlan, Failure> {
    let stores = stores(options)?;
    let start = options.url.as_deref().map(start_url::parse).transpose()?;
    options
        .allow_cidrs
        .parse::<AddressPolicy>()
        .map_err(|error| Failure::configuration(format!("RAD_ALLOW_CIDRS: {error}")))?;
    let memory = Memory::load(&options.dir)?;
    let mut notes = Vec::new();
    let mut ranges = Vec::from_iter(present(Some(&options.allow_cidrs)).map(str::to_owned));
    match &start {
        None => ranges.push(site::RANGE.to_owned()),
        // The operator's ranges may cover what this check can't see: names that resolve into them.
        Some(_) if !ranges.is_empty() => {}
        Some(start) => {
            if let Some(range) = address::range_for(start)? {
                notes.push(format!("Allowing workers to connect to {range}, because you typed that address"));
                ranges.push(range);
            }
        }
    }
    ranges.extend(memory.ranges());
    let fleet = FleetOptions {
        workers: usize::from(options.workers),
        cidrs: ranges.join(","),
        tenant: TENANT.to_owned(),
        key: memory.key().map(str::to_owned),
        ..FleetOptions::new(&options.dir, stores)
    };
    Ok(UpPlan { fleet, memory, start, notes })
}

fn stores(options: &UpOptions) -> Result<StoresChoice, Failure> {
    let database = present(options.database_url.as_deref());
    let redis = present(options.redis_url.as_deref());
    if database.is_none() && redis.is_none() {
        return Ok(StoresChoice::Private(LocalOptions::default()));
    }
    let migrate = present(options.migrate_url.as_deref());
    if let (Some(database), Some(redis), Some(migrate)) = (database, redis, migrate) {
        return Ok(StoresChoice::Given {
            database_url: database.to_owned(),
            redis_url: redis.to_owned(),
            migrate_url: migrate.to_owned(),
        });
    }
    let missing = [
        (database, "DATABASE_URL (Postgres under a role that row security binds, such as rad_app)"),
        (redis, "REDIS_URL (such as redis://host:6379)"),
        (migrate, "RAD_MIGRATE_URL (the same database under the role that owns the schema, for migrations)"),
    ];
    let missing: Vec<_> = missing.iter().filter(|(url, _)| url.is_none()).map(|(_, what)| *what).collect();
    Err(Failure::configuration(format!(
        "to use your own stores, also set: {}. To use private ones, unset DATABASE_URL and REDIS_URL",
        missing.join("; ")
    )))
}

/// A variable that is set to nothing is not set.
fn present(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;

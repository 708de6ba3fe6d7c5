//! What a scheduler is told by flags and environment.

use std::net::SocketAddr;

use clap::Parser;
use metrics::gauge;
use rad_core::address::AddressPolicy;
use rad_core::metrics::COMMIT;
use rad_core::metrics::control::SCHEDULER_INFO;

/// Serves the API and, as the leader of all replicas, keeps the fleet fed.
#[derive(Clone, Debug, Parser)]
#[command(name = "rad-scheduler", version)]
pub struct Config {
    /// Postgres, under a role that row security binds (such as `rad_app`).
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Redis.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: String,
    /// Address of the API. Loopback unless you say otherwise.
    #[arg(long, env = "RAD_LISTEN", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// Address of `/metrics` for Prometheus. Loopback unless you say otherwise; port 0 for any free one.
    #[arg(long, env = "RAD_METRICS_LISTEN", default_value = "127.0.0.1:9464")]
    pub metrics_listen: SocketAddr,
    /// Networks that may be crawled although they are not public, such as 10.1.0.0/16,192.168.7.1/32; the same as the
    /// workers'.
    #[arg(long, env = "RAD_ALLOW_CIDRS", default_value = "")]
    pub allow_cidrs: AddressPolicy,
    /// Seconds after which a silent worker is dead; the same value as the workers'.
    #[arg(long, env = "RAD_LEASE_TTL_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(2..=300))]
    pub lease_ttl_seconds: u64,
    /// Seconds that open requests get at a stop before their connections are cut.
    #[arg(long, env = "RAD_DRAIN_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain_seconds: u64,
    /// Seconds after which a process that is stuck ends itself with exit code 70; 0 for never.
    #[arg(long, env = "RAD_WATCHDOG_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub watchdog_seconds: u64,
    /// Shards of the dispatch window, 1 to 128; the same for all schedulers. A change rebuilds the window. Left out: as
    /// many as there are, and at the very first one on each master of Redis.
    #[arg(long, env = "RAD_SHARDS", value_parser = clap::value_parser!(u32).range(1..=128))]
    pub shards: Option<u32>,
    /// Region that metrics are counted with.
    #[arg(long, env = "FLY_REGION", default_value = "local")]
    pub region: String,
    /// Connections to Postgres at most.
    #[arg(long, env = "RAD_DB_CONNECTIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub db_connections: u32,
}

impl Config {
    /// Says in the metrics what this scheduler is.
    pub fn announce(&self) {
        gauge!(
            SCHEDULER_INFO,
            "version" => env!("CARGO_PKG_VERSION"),
            "commit" => COMMIT,
            "region" => self.region.clone()
        )
        .set(1);
    }
}

#[cfg(test)]
mod tests {
    use rad_core::metrics::Role;
    use rad_schema::process::metrics::isolated;

    use super::*;

    #[test]
    fn a_scheduler_shows_what_it_is() {
        let stores = ["rad-scheduler", "--database-url", "postgres://h/rad", "--redis-url", "redis://h"];
        let config = Config::parse_from(stores.into_iter().chain(["--region", "ams"]));
        let recorded = isolated(Role::Scheduler);
        recorded.run(|| config.announce());
        let text = recorded.render();
        let info = text.lines().find(|line| line.starts_with("rad_scheduler_info{")).unwrap();
        for part in [r#"region="ams""#, r#"version="0"#, "commit=", "} 1"] {
            assert!(info.contains(part), "{part} in {info}");
        }
    }
}

//! Serves a synthetic site until it is told to stop.
//!
//! The first line of standard output is the site's URL, for whoever started this as a child process.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use rad_loadtest::web::{RobotsKnob, RobotsRule, Server, Site, SiteSpec};
use tokio::signal::unix::{SignalKind, signal};

/// Serves a synthetic documentation site: the same arguments always give the same site.
#[derive(Parser)]
#[command(name = "rad-web", version)]
struct Arguments {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    addr: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Decides everything that is left to chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of page URLs
    #[arg(long, default_value_t = 1_000)]
    pages: u32,
    /// Links in the content of each page
    #[arg(long, default_value_t = 12)]
    links_per_page: u32,
    /// Approximate size of a page in bytes
    #[arg(long, default_value_t = 24 * 1024)]
    body_bytes: u32,
    /// Milliseconds that each answer waits
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Percent of the pages that are copies of another page
    #[arg(long, default_value_t = 0)]
    duplicates_percent: u32,
    /// Percent of the pages that redirect to another page
    #[arg(long, default_value_t = 0)]
    redirects_percent: u32,
    /// Percent of the pages that are linked but don't exist
    #[arg(long, default_value_t = 0)]
    broken_percent: u32,
    /// Percent of the pages whose first answer is 503
    #[arg(long, default_value_t = 0)]
    errors_percent: u32,
    /// Percent of the pages that robots.txt forbids; 0 allows everything
    #[arg(long, default_value_t = 0)]
    private_percent: u32,
    /// Seconds between requests that robots.txt asks for
    #[arg(long)]
    crawl_delay: Option<f64>,
}

impl Arguments {
    fn spec(&self) -> SiteSpec {
        let rule = match self.private_percent {
            0 => RobotsRule::AllowAll,
            percent => RobotsRule::DisallowPrivate { percent },
        };
        SiteSpec {
            seed: self.seed,
            pages: self.pages,
            links_per_page: self.links_per_page,
            body_bytes: self.body_bytes,
            latency: Duration::from_millis(self.latency_ms),
            duplicates_percent: self.duplicates_percent,
            redirects_percent: self.redirects_percent,
            broken_percent: self.broken_percent,
            errors_percent: self.errors_percent,
            robots: RobotsKnob { rule, crawl_delay: self.crawl_delay },
            ..SiteSpec::default()
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // Listened for before the URL is out, so that a signal right after it already stops gracefully.
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let address = SocketAddr::new(arguments.addr, arguments.port);
    let server = Server::start_unlogged(Site::new(arguments.spec()), address)
        .await
        .with_context(|| format!("listening on {address}"))?;
    writeln!(std::io::stdout(), "{}", server.url()).context("printing the URL")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.stop().await;
    Ok(())
}

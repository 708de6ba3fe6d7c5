//! `rad-loadtest`: measures the fleet and checks that it keeps its promises.
//!
//! Exit codes: 0 all is right, 1 something is broken, 2 usage, 4 something could not be started, 130 interrupted.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rad_loadtest::crawl::{self, CrawlError, CrawlOptions};
use tokio_util::sync::CancellationToken;

/// Load tests of the crawler fleet with real processes and real stores.
#[derive(Parser)]
#[command(name = "rad-loadtest", version)]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    Crawl(CrawlOptions),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Scenario::Crawl(options) = Arguments::parse().scenario;
    match run(options).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rad-loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: CrawlOptions) -> anyhow::Result<ExitCode> {
    let stop = CancellationToken::new();
    rad_schema::process::cancel_on_signal(stop.clone())?;
    let json = options.json;
    match crawl::run(options, stop).await {
        Ok(report) => {
            let text = if json { serde_json::to_string(&report)? + "\n" } else { report.to_string() };
            std::io::stdout().write_all(text.as_bytes())?;
            Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(CrawlError::Usage(error)) => {
            eprintln!("rad-loadtest: {error}");
            Ok(ExitCode::from(2))
        }
        Err(CrawlError::Start(error)) => {
            eprintln!("rad-loadtest: {error:#}");
            Ok(ExitCode::from(4))
        }
        Err(CrawlError::Interrupted) => Ok(ExitCode::from(130)),
        Err(error @ CrawlError::BrokeOff(_)) => Err(error.into()),
    }
}

//! `rad-loadtest`: measures the fleet and checks that it keeps its promises.
//!
//! Exit codes: 0 all is right, 1 something is broken, 2 usage, 4 something could not be started, 130 interrupted.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rad_loadtest::commit::{self, CommitError, CommitOptions};
use rad_loadtest::crawl::{self, CrawlError, CrawlOptions};
use rad_loadtest::extraction::{self, ExtractOptions};
use rad_loadtest::queue::{self, QueueError, QueueOptions};
use serde::Serialize;
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
    Commit(CommitOptions),
    Crawl(CrawlOptions),
    Queue(QueueOptions),
    Extract(ExtractOptions),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().scenario {
        Scenario::Commit(options) => commit(options).await,
        Scenario::Crawl(options) => crawl(options).await,
        Scenario::Queue(options) => queue(options).await,
        Scenario::Extract(options) => extract(options).await,
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rad-loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn crawl(options: CrawlOptions) -> anyhow::Result<ExitCode> {
    let json = options.json;
    match crawl::run(options, until_signal()?).await {
        Ok(report) => tell(&report, json, report.is_right()),
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

async fn commit(options: CommitOptions) -> anyhow::Result<ExitCode> {
    let json = options.json;
    match commit::run(options, until_signal()?).await {
        Ok(report) => tell(&report, json, true),
        Err(error @ (CommitError::Folder { .. } | CommitError::Stores(_) | CommitError::Migrate(_))) => {
            eprintln!("rad-loadtest: {:#}", anyhow::Error::from(error));
            Ok(ExitCode::from(4))
        }
        Err(CommitError::Interrupted) => Ok(ExitCode::from(130)),
        Err(error) => Err(error.into()),
    }
}

async fn queue(options: QueueOptions) -> anyhow::Result<ExitCode> {
    let json = options.json;
    match queue::run(options, until_signal()?).await {
        Ok(report) => tell(&report, json, report.is_right()),
        Err(error @ (QueueError::Folder { .. } | QueueError::Stores(_) | QueueError::Migrate(_))) => {
            eprintln!("rad-loadtest: {:#}", anyhow::Error::from(error));
            Ok(ExitCode::from(4))
        }
        Err(QueueError::Interrupted) => Ok(ExitCode::from(130)),
        Err(error) => Err(error.into()),
    }
}

async fn extract(options: ExtractOptions) -> anyhow::Result<ExitCode> {
    let json = options.json;
    let stop = until_signal()?;
    let work = tokio::task::spawn_blocking(move || extraction::run(&options));
    // Nothing is held that would have to be given back: the process just ends.
    let Some(done) = stop.run_until_cancelled(work).await else { std::process::exit(130) };
    match done? {
        Ok(report) => tell(&report, json, report.is_right()),
        Err(error) => {
            eprintln!("rad-loadtest: {:#}", anyhow::Error::from(error));
            Ok(ExitCode::from(4))
        }
    }
}

fn until_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    rad_schema::process::cancel_on_signal(stop.clone())?;
    Ok(stop)
}

fn tell(report: &(impl Serialize + Display), json: bool, is_right: bool) -> anyhow::Result<ExitCode> {
    let text = if json { serde_json::to_string(report)? + "\n" } else { report.to_string() };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

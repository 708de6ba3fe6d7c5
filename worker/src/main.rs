//! `rad-worker`: the crawler as a process.

use std::process::ExitCode;

use clap::Parser;
use rad_worker::config::Config;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    rad_schema::process::init_logs();
    match work(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn work(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    rad_schema::process::cancel_on_signal(shutdown.clone())?;
    Ok(rad_worker::run(config, shutdown).await?)
}

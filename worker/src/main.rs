//! `rad-worker`: the crawler as a process.

use std::process::ExitCode;

use clap::Parser;
use rad_worker::config::Config;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let config = Config::parse();
    rad_schema::process::init_logs();
    rad_schema::process::runtime::run(work(config))
}

async fn work(mut config: Config) -> anyhow::Result<()> {
    // Until the very end: while a worker drains is when somebody looks.
    let ended = CancellationToken::new();
    config.serve_metrics(ended.child_token()).await?;
    let _ended = ended.drop_guard();
    let shutdown = CancellationToken::new();
    rad_schema::process::cancel_on_signal(shutdown.clone())?;
    Ok(rad_worker::run(config, shutdown).await?)
}

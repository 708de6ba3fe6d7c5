//! `rad-scheduler`: the control plane as a process.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rad_scheduler::config::Config;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    rad_schema::process::init_logs();
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        anyhow::anyhow!("listen on {} (RAD_LISTEN): {error}: choose another port", config.listen)
    })?;
    let address = listener.local_addr()?;
    // The one line on stdout: with port 0, whoever started us learns the port from it.
    writeln!(std::io::stdout(), "http://{address}")?;
    tracing::info!(%address, "listening");
    let shutdown = CancellationToken::new();
    rad_schema::process::cancel_on_signal(shutdown.clone())?;
    Ok(rad_scheduler::run(config, listener, shutdown).await?)
}

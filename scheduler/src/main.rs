//! `rad-scheduler`: the control plane as a process.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rad_core::metrics::Role;
use rad_scheduler::config::Config;
use rad_schema::process::metrics::serve_metrics;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let config = Config::parse();
    rad_schema::process::init_logs();
    rad_schema::process::runtime::run(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        anyhow::anyhow!("listen on {} (RAD_LISTEN): {error}: choose another port", config.listen)
    })?;
    let address = listener.local_addr()?;
    // Until the very end: a stop is when somebody looks.
    let ended = CancellationToken::new();
    let metrics = serve_metrics(config.metrics_listen, Role::Scheduler, ended.child_token()).await?;
    config.announce();
    let _ended = ended.drop_guard();
    // All of stdout, in one write: with port 0, whoever started us learns the ports from it and may then leave.
    let ports = format!("http://{address}\nmetrics http://{}\n", metrics.address);
    std::io::stdout().write_all(ports.as_bytes())?;
    tracing::info!(%address, metrics = %metrics.address, "listening");
    let shutdown = CancellationToken::new();
    rad_schema::process::cancel_on_signal(shutdown.clone())?;
    Ok(rad_scheduler::run(config, listener, metrics.fleet, shutdown).await?)
}

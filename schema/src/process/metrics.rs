//! What Prometheus reads of a process: one address with `GET /metrics` and `GET /healthz`.
//!
//! The registry in `rad_core::metrics` says what each kind of process exports; everything in it is described and
//! created here before the process does anything else. The series that only the leader exports come from a
//! recorder of their own ([`FleetSeries`]), so that they vanish in the moment in which a process stops leading.

mod fleet;
mod recorder;
mod sample;
mod timing;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use metrics_process::Collector;
use rad_core::errors::chain;
use rad_core::metrics::Role;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::fleet::FleetSeries;
pub use self::recorder::{Isolated, isolated};
pub(crate) use self::sample::pool_connections;
pub(crate) use self::timing::Timing;

/// The text format of Prometheus; its parser refuses what does not name a version.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Histograms keep every value until somebody drains them; an idle Prometheus must not cost memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why a process exports no metrics.
#[derive(Debug, Error)]
pub enum MetricsError {
    /// The address can't be listened on.
    #[error(
        "listen on {listen} for metrics (RAD_METRICS_LISTEN): choose another port, or 127.0.0.1:0 for any free one"
    )]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A process has one recorder, and this one has it already.
    #[error("metrics are recorded already in this process")]
    Recorded,
}

/// Metrics that are being served.
#[derive(Clone, Debug)]
pub struct Served {
    /// Where: the bound address, with the port that was found for port 0.
    pub address: SocketAddr,
    /// Where the leader of the fleet puts its series.
    pub fleet: FleetSeries,
}

/// Records the metrics of a process of kind `role` from now on, and serves them on `listen` until `shutdown`.
///
/// To be called once, before anything registers a metric: what was registered earlier is not recorded.
pub async fn serve_metrics(
    listen: SocketAddr,
    role: Role,
    shutdown: CancellationToken,
) -> Result<Served, MetricsError> {
    let failed = |source| MetricsError::Listen { listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let recorder = recorder::of(role);
    let exposition = Exposition::of(recorder.handle());
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Recorded)?;
    exposition.process.describe();
    let fleet = exposition.fleet.clone();
    tokio::spawn(keep_up(exposition.handle.clone(), shutdown.clone()));
    tokio::spawn(serve(listener, exposition, shutdown));
    Ok(Served { address, fleet })
}

async fn serve(listener: TcpListener, exposition: Exposition, shutdown: CancellationToken) {
    let router = Router::new()
        .route("/metrics", get(expose))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(Arc::new(exposition));
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
    {
        tracing::error!(error = chain(&error), "metrics no longer served");
    }
}

async fn expose(State(exposition): State<Arc<Exposition>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT_FORMAT)], exposition.render())
}

async fn keep_up(handle: PrometheusHandle, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(UPKEEP) => handle.run_upkeep(),
        }
    }
}

/// Everything that one scrape shows.
struct Exposition {
    handle: PrometheusHandle,
    process: Collector,
    fleet: FleetSeries,
}

impl Exposition {
    fn of(handle: PrometheusHandle) -> Self {
        Self { handle, process: Collector::default(), fleet: FleetSeries::default() }
    }

    fn render(&self) -> String {
        self.process.collect();
        self.handle.render() + &self.fleet.render()
    }
}

#[cfg(test)]
mod tests;

//! Serves a synthetic site over HTTP.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::web::answer::Target;
use crate::web::arrivals::{Arrivals, Hit, Load};
use crate::web::gate::{Gate, HoldGuard, PATIENCE};
use crate::web::site::Site;

/// A running server of one [`Site`]. Stops when it is dropped, gracefully with [`Server::stop`].
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    shutdown: CancellationToken,
    accepting: JoinHandle<()>,
}

struct Shared {
    site: Arc<Site>,
    arrivals: Arrivals,
    gate: Gate,
}

impl Server {
    /// Listens on `address` (port 0 takes a free one) and logs every request for ever: for tests and
    /// bounded runs.
    pub async fn start(site: impl Into<Arc<Site>>, address: SocketAddr) -> io::Result<Self> {
        Self::listen(site.into(), address, true, Arc::default()).await
    }

    /// Like [`Server::start`] but keeps no log, only counts: for servers that run on.
    pub async fn start_unlogged(site: impl Into<Arc<Site>>, address: SocketAddr) -> io::Result<Self> {
        Self::listen(site.into(), address, false, Arc::default()).await
    }

    /// Like [`Server::start`], for a host of its own beside this one: both count what is on the way to all of them.
    pub async fn start_beside(&self, site: impl Into<Arc<Site>>, address: SocketAddr) -> io::Result<Self> {
        Self::listen(site.into(), address, true, Arc::clone(self.shared.arrivals.load())).await
    }

    async fn listen(site: Arc<Site>, address: SocketAddr, logged: bool, load: Arc<Load>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { site, arrivals: Arrivals::new(logged, load), gate: Gate::default() });
        let shutdown = CancellationToken::new();
        let accepting = tokio::spawn(serve(listener, Arc::clone(&shared), shutdown.clone()));
        Ok(Self { shared, address, shutdown, accepting })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the start page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The site it serves.
    pub fn site(&self) -> &Site {
        &self.shared.site
    }

    /// Path and query → number of requests so far, robots.txt and unknown paths included.
    pub fn hits(&self) -> HashMap<String, u32> {
        self.shared.arrivals.hits()
    }

    /// All requests in the order of their arrival; empty if the server was started unlogged.
    pub fn log(&self) -> Vec<Hit> {
        self.shared.arrivals.log()
    }

    /// Number of requests so far.
    pub fn arrivals(&self) -> u64 {
        self.shared.arrivals.total()
    }

    /// The most requests that were being answered at the same time.
    pub fn max_in_flight(&self) -> u32 {
        self.shared.arrivals.max_in_flight()
    }

    /// The same over this server and all that were started beside it.
    pub fn max_in_flight_together(&self) -> u32 {
        self.shared.arrivals.load().most()
    }

    /// Makes requests to paths that start with `prefix` wait until the guard is released or dropped.
    pub fn hold(&self, prefix: &str) -> HoldGuard {
        self.hold_after(0, prefix)
    }

    /// Like [`Server::hold`], but lets the first `arrivals` requests of the server pass. Set before a crawl begins, it
    /// holds the crawl in its middle however fast that is.
    pub fn hold_after(&self, arrivals: u64, prefix: &str) -> HoldGuard {
        self.shared.gate.hold(prefix, arrivals)
    }

    /// Waits until `count` requests in all have arrived, answered or not. Panics when that takes longer than
    /// two minutes.
    pub async fn wait_arrivals(&self, count: u64) {
        self.shared.arrivals.wait(count, PATIENCE).await;
    }

    /// Stops to listen, releases all holds, finishes the requests in flight and closes the connections.
    pub async fn stop(mut self) {
        self.begin_stop();
        // The task can only fail by a panic, which it has already reported.
        let _ = (&mut self.accepting).await;
    }

    fn begin_stop(&self) {
        self.shared.gate.open();
        self.shutdown.cancel();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.begin_stop();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, shutdown: CancellationToken) {
    let listener = listener.tap_io(|connection| {
        // Only costs latency if it fails.
        let _ = connection.set_nodelay(true);
    });
    let service = get(handle).with_state(shared);
    axum::serve(listener, service)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
        .expect("axum's accept loop has no error to return");
}

async fn handle(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let site = &shared.site;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = Target::of(site, path);
    let decide = |count| target.status(site, &headers, count).as_u16();
    let (status, in_flight) = shared.arrivals.arrive(path, decide);
    shared.gate.pass(path, in_flight.number).await;
    if !site.spec().latency.is_zero() {
        tokio::time::sleep(site.spec().latency).await;
    }
    let status = StatusCode::from_u16(status).expect("it was a status before");
    target.answer(site, status)
}

#[cfg(test)]
mod tests;

//! Fetches pages and robots.txt, and never connects to an address that is not public.
//!
//! Every request, redirects included, passes the same three gates: `guard` judges the URL before a
//! connection, the resolver judges every address of a name (`resolve`), and the peer's address is compared
//! once more before a byte of the body is read. The first is needed because the HTTP client doesn't ask the
//! resolver about address literals; the last because a pooled connection was vetted some time ago.
//!
//! A fetch follows redirects within one host only, waiting for the host's delay between them. A redirect to
//! another host is handed back: that host has its own clock and its own robots.txt.

mod body;
mod client;
mod config;
mod cookies;
mod error;
mod get;
mod guard;
mod headers;
pub(crate) mod meters;
mod pace;
mod resolve;
mod robots;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rad_core::url::{CanonicalUrl, HostKey};
use reqwest::Response;
use reqwest::header::HeaderMap;
use tokio::net::lookup_host;
use tokio::time::timeout;

pub use config::{DEFAULT_PRODUCT, FetchConfig, MinRate};
pub use cookies::Cookies;
pub use error::{FetchError, SetupError, Slow};
pub use get::{Conditional, Fetched, Hop, Kind, Page};
pub use guard::Forbidden;
pub use headers::Directives;
pub use robots::{RobotsFetch, RobotsQuest};

pub(crate) use body::unpacked;
use client::Clients;
use meters::Meters;
use pace::{Contact, Paces};

/// The fleet's HTTP client with its guards. Cheap to share behind an `Arc`, not to build.
#[derive(Debug)]
pub struct Fetcher {
    config: FetchConfig,
    clients: Clients,
    meters: Meters,
    paces: Arc<Paces>,
}

impl Fetcher {
    /// Builds the client, with the certificate authorities of the system.
    ///
    /// Installs ring as the process's TLS provider if none is installed yet.
    pub fn new(config: FetchConfig) -> Result<Self, SetupError> {
        let clients = Clients::new(&config).map_err(SetupError)?;
        Ok(Self { config, clients, meters: Meters::new(), paces: Arc::new(Paces::new()) })
    }

    /// Whether every address of `host` lies in a range that the operator listed: a site of its own.
    pub async fn is_operators_own(&self, host: &HostKey) -> bool {
        let addresses = &self.config.addresses;
        if !addresses.has_ranges() {
            return false;
        }
        let Ok(resolved) = lookup_host((host.name().trim_matches(['[', ']']), host.port())).await else {
            return false;
        };
        let mut resolved = resolved.peekable();
        resolved.peek().is_some() && resolved.all(|address| addresses.explicitly_allowed(address.ip()))
    }

    /// Counts requests to `host` that come sooner after another than `delay`, if it takes one at a time with one.
    pub(crate) fn expect_pace(&self, host: &HostKey, delay: Option<Duration>) {
        self.paces.expect(host, delay);
    }

    /// `host` is being asked until what is returned is dropped.
    fn contact(&self, host: &HostKey) -> Contact {
        self.paces.begin(host, &self.meters.in_flight)
    }

    /// Sends one GET request through all gates and returns the answer with its body unread.
    async fn request(&self, url: &CanonicalUrl, headers: HeaderMap) -> Result<Response, FetchError> {
        let addresses = &self.config.addresses;
        let reach = guard::check_url(addresses, url.as_url()).map_err(FetchError::Forbidden)?;
        let client = self.clients.for_reach(reach);
        let sent = client.get(url.as_url().clone()).headers(headers).send();
        let response = timeout(self.config.first_byte_timeout, sent)
            .await
            .map_err(|_| FetchError::Timeout(Slow::FirstByte))?
            .map_err(FetchError::from_transport)?;
        meters::answered(&response);
        guard::check_peer(addresses, reach, response.remote_addr()).map_err(FetchError::Forbidden)?;
        Ok(response)
    }
}

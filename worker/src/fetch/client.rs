//! The HTTP clients: everything that could connect behind our back is switched off.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect, retry};
use rustls::crypto::{CryptoProvider, ring};

use super::config::FetchConfig;
use super::guard::Reach;
use super::resolve::GuardedResolver;

/// A pooled connection was judged when it was made; after this time it is made and judged anew.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// As many as a host may be asked for at once: a request that finds no idle connection makes one, and a connection
/// costs both sides more than the request. A host with an ordinary limit never has as many.
const POOL_IDLE_PER_HOST: usize = 128;

/// Above the library's 100, so that a site with many cookies passes; a flood of headers still ends.
const MAX_HEADERS: usize = 256;

/// Bytes of an HTTP/2 header list, so that a flood of headers ends early.
const MAX_HEADER_LIST: u32 = 64 * 1024;

/// One client for each [`Reach`], because a resolver learns the name only and not what it is wanted for.
#[derive(Debug)]
pub(super) struct Clients {
    public: Client,
    listed: Client,
}

impl Clients {
    pub(super) fn new(config: &FetchConfig) -> Result<Self, reqwest::Error> {
        install_tls_provider();
        Ok(Self { public: build(config, Reach::Public)?, listed: build(config, Reach::Listed)? })
    }

    pub(super) fn for_reach(&self, reach: Reach) -> &Client {
        match reach {
            Reach::Public => &self.public,
            Reach::Listed => &self.listed,
        }
    }
}

fn build(config: &FetchConfig, reach: Reach) -> Result<Client, reqwest::Error> {
    let addresses = Arc::new(config.addresses.clone());
    Client::builder()
        .user_agent(&config.user_agent)
        // A proxy from the environment would connect for us, to addresses that we never see.
        .no_proxy()
        .referer(false)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .dns_resolver(GuardedResolver::new(addresses, reach, config.name_servers.as_deref()))
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_PER_HOST)
        .tcp_nodelay(true)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_LIST)
        .build()
}

/// The client is built without a TLS provider of its own and takes the process's.
fn install_tls_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another thread can be faster; then its provider is as good as ours.
        ring::default_provider().install_default().ok();
    }
}

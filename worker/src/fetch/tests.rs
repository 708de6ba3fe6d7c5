mod bodies;
mod cookies;
mod forbidden;
mod hazards;
mod meters;
mod pages;
mod robots;
mod server;
mod vectors;

use std::time::Duration;

use rad_core::address::AddressPolicy;
use rad_core::url::CanonicalUrl;
use url::Url;

use super::{Conditional, Cookies, FetchConfig, FetchError, Fetched, Fetcher, MinRate, Page};
use server::{Reply, Server};

/// The default limits with times that a test can wait for, and room for everything local.
fn config(ranges: &str) -> FetchConfig {
    let contact = Url::parse("https://example.com/bot").unwrap();
    let addresses: AddressPolicy = ranges.parse().unwrap();
    FetchConfig {
        // Far below the total, so that a test can tell which limit ended a fetch.
        min_rate: MinRate { bytes: 1_000, window: Duration::from_millis(200) },
        ..FetchConfig::new(&contact, addresses)
    }
}

fn local_fetcher() -> Fetcher {
    Fetcher::new(config("127.0.0.0/8")).unwrap()
}

async fn get(server: &Server, path: &str) -> Result<Fetched, FetchError> {
    let url = server.url(path);
    local_fetcher().get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true).await
}

async fn get_page(server: &Server, path: &str) -> Page {
    match get(server, path).await.unwrap() {
        Fetched::Page(page) => page,
        other => panic!("not a page: {other:?}"),
    }
}

fn html(body: &str) -> Reply {
    Reply::ok("Content-Type: text/html; charset=utf-8\r\n", body)
}

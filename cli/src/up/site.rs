//! The built-in synthetic site, for a first look without the internet.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rad_core::url::CanonicalUrl;
use rad_loadtest::fleet::Process;

use super::memory::Memory;

/// What has to be allowed for it.
pub(super) const RANGE: &str = "127.0.0.1/32";

/// Enough to watch for some seconds.
const PAGES: &str = "500";

/// The port of the first run. Later runs take the same one, so that they continue the same crawl.
const FIRST_PORT: u16 = 7071;

const LISTENS: Duration = Duration::from_secs(20);

/// Starts the site and returns its URL.
pub(super) async fn serve(
    memory: &mut Memory,
    dir: &Path,
) -> anyhow::Result<(CanonicalUrl, Option<Process>)> {
    let wanted = memory.site_port().unwrap_or(FIRST_PORT);
    let port = if is_free(wanted) { wanted } else { 0 };
    if port == 0 && memory.site_port().is_some() {
        eprintln!("Port {wanted} is taken now: the built-in site moves to another and is crawled anew");
    }
    let args = ["--pages".to_owned(), PAGES.to_owned(), "--port".to_owned(), port.to_string()];
    let started = Process::listening(dir, "site", "rad-web", &args, &[], LISTENS).await;
    let (process, url) = started.context("starting the built-in site")?;
    let url = CanonicalUrl::parse(&url).context("reading the built-in site's URL")?;
    let port = url.host_key().port();
    if memory.site_port() != Some(port) {
        memory.keep_site_port(port)?;
    }
    eprintln!("The built-in site of {PAGES} pages is at {}", url.as_str());
    Ok((url, Some(process)))
}

/// Somebody may take the port a moment later; then the start fails and says so.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

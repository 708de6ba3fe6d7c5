//! What a fetch may cost, and who it says it is.

use std::net::SocketAddr;
use std::time::Duration;

use rad_core::address::AddressPolicy;
use url::Url;

pub use rad_core::robots::PRODUCT as DEFAULT_PRODUCT;

/// Time for the name, the TCP and the TLS handshake together: a host that needs longer is down or filtered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time until the headers: a page that needs longer holds a slot for nothing and may be faster later.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(15);

/// Time on the network of one fetch with its redirects: bounds how long a slot can be held by one page.
const TOTAL_TIMEOUT: Duration = Duration::from_mins(1);

/// A body slower than this is a tarpit: at this rate the largest page would take three hours.
const MIN_RATE: MinRate = MinRate { bytes: 10 * 1024, window: Duration::from_secs(10) };

/// Decoded size: above the 2 MB that search engines read of a page, small enough for 32 pages in memory.
const BODY_CAP: usize = 10 * 1024 * 1024;

/// What browsers and other crawlers allow is 10 to 20; more is a loop that changes its URL.
const MAX_HOPS: usize = 10;

/// Every page of a host waits for its robots.txt, which is small and static.
const ROBOTS_TIMEOUT: Duration = Duration::from_secs(10);

/// The least progress that a body must make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinRate {
    /// Decoded bytes that have to arrive in every window.
    pub bytes: usize,
    /// Length of a window.
    pub window: Duration,
}

/// Limits and identity of a [`super::Fetcher`].
#[derive(Clone, Debug)]
pub struct FetchConfig {
    /// The User-Agent header. It has to contain a URL where the owner of a site learns who we are.
    pub user_agent: String,
    /// Product token that X-Robots-Tag can address us by.
    pub product: String,
    /// Where connections may go.
    pub addresses: AddressPolicy,
    /// Name servers for public names, instead of the system's.
    pub name_servers: Option<Vec<SocketAddr>>,
    /// Longest time to a usable connection, name resolution included.
    pub connect_timeout: Duration,
    /// Longest time from the start of a request to its answer's headers.
    pub first_byte_timeout: Duration,
    /// Longest time of a fetch, all its redirects included, waits between them not.
    pub total_timeout: Duration,
    /// The least progress of a body.
    pub min_rate: MinRate,
    /// Largest body of a page in bytes, after decompression.
    pub body_cap: usize,
    /// Most redirects that are followed.
    pub max_hops: usize,
    /// Longest time for a robots.txt, redirects included.
    pub robots_timeout: Duration,
}

impl FetchConfig {
    /// The default limits; `contact` is where the owner of a site learns who we are.
    pub fn new(contact: &Url, addresses: AddressPolicy) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            user_agent: format!("{DEFAULT_PRODUCT}/{version} (+{contact})"),
            product: DEFAULT_PRODUCT.to_owned(),
            addresses,
            name_servers: None,
            connect_timeout: CONNECT_TIMEOUT,
            first_byte_timeout: FIRST_BYTE_TIMEOUT,
            total_timeout: TOTAL_TIMEOUT,
            min_rate: MIN_RATE,
            body_cap: BODY_CAP,
            max_hops: MAX_HOPS,
            robots_timeout: ROBOTS_TIMEOUT,
        }
    }
}

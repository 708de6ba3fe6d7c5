//! Whether a start URL may be crawled at all, as far as its spelling tells.
//!
//! An address and `localhost` are judged at the door, because the answer is certain. What a name resolves to is the
//! business of the worker that connects to it: it may be another address by then.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rad_core::address::{AddressPolicy, PUBLIC_PORTS};
use rad_core::url::CanonicalUrl;
use thiserror::Error;

/// Why a start URL is out of bounds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Forbidden {
    /// The address is not public and not listed.
    #[error("`{host}` is not a public address")]
    Address { host: String },
    /// A public address on a port that no public web server uses.
    #[error("port {port} of `{host}` is not one that public web servers use")]
    Port { host: String, port: u16 },
}

/// Judges the host of `url`.
pub(super) fn check(addresses: &AddressPolicy, url: &CanonicalUrl) -> Result<(), Forbidden> {
    let key = url.host_key();
    let host = key.name();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return literal(addresses, address, host, key.port());
    }
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if is_localhost(host) && !loopback.into_iter().any(|address| addresses.explicitly_allowed(address)) {
        return Err(Forbidden::Address { host: host.to_owned() });
    }
    Ok(())
}

fn literal(addresses: &AddressPolicy, address: IpAddr, host: &str, port: u16) -> Result<(), Forbidden> {
    if !addresses.permits(address) {
        return Err(Forbidden::Address { host: host.to_owned() });
    }
    if PUBLIC_PORTS.contains(&port) || addresses.explicitly_allowed(address) {
        return Ok(());
    }
    Err(Forbidden::Port { host: host.to_owned(), port })
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(ranges: &str, url: &str) -> bool {
        check(&ranges.parse().unwrap(), &CanonicalUrl::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn without_ranges_no_private_address_is_crawled_however_it_is_spelled() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fd00::1]/",
            "http://localhost/",
            "http://LOCALHOST:8080/",
            "http://a.localhost./",
            "http://1.1.1.1:6379/",
        ] {
            assert!(!allowed("", url), "{url}");
        }
    }

    #[test]
    fn public_addresses_and_all_names_pass() {
        for url in
            ["http://1.1.1.1/", "https://[2606:4700::1111]/", "http://example.com:8080/", "http://intra/"]
        {
            assert!(allowed("", url), "{url}");
        }
    }

    #[test]
    fn what_the_operator_listed_passes_on_any_port() {
        assert!(allowed("127.0.0.0/8", "http://127.0.0.1:7071/"));
        assert!(allowed("127.0.0.0/8", "http://localhost:7071/"));
        assert!(allowed("::1/128", "http://localhost:7071/"));
        assert!(allowed("1.1.1.0/24", "http://1.1.1.1:8443/"));
        assert!(!allowed("127.0.0.0/8", "http://10.0.0.1/"));
        assert!(!allowed("10.0.0.0/8", "http://localhost/"));
    }
}

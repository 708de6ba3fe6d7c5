//! Whether the fleet may go where the URL leads, and what has to be allowed for it.

use std::net::IpAddr;

use rad_core::address::{AddressPolicy, PUBLIC_PORTS, forbidden_name};
use rad_core::url::CanonicalUrl;

use crate::failure::Failure;

/// The range to allow for a private address that the user typed; none where nothing has to be allowed.
pub(super) fn range_for(url: &CanonicalUrl) -> Result<Option<String>, Failure> {
    let host = url.host_key();
    let name = host.name();
    let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() else {
        return if forbidden_name(name) {
            Err(refused(url, &private_name(url, name)))
        } else {
            public_port(url).map(|()| None)
        };
    };
    if AddressPolicy::public_only().permits(address) {
        return public_port(url).map(|()| None);
    }
    if is_near(address) {
        return Ok(Some(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })));
    }
    Err(refused(url, "the address is neither public nor one of a private network"))
}

/// Loopback and private networks. Others that are not public, such as link-local addresses, serve machines:
/// cloud providers hand out credentials there.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

fn public_port(url: &CanonicalUrl) -> Result<(), Failure> {
    if PUBLIC_PORTS.contains(&url.host_key().port()) {
        Ok(())
    } else {
        Err(refused(url, "public sites are crawled on ports 80 and 443 only"))
    }
}

fn private_name(url: &CanonicalUrl, name: &str) -> String {
    let port = url.host_key().port();
    let instead = if name == "localhost" {
        format!("type the address instead: {}://127.0.0.1:{port}/", url.host_key().scheme())
    } else {
        "type its address instead of its name".to_owned()
    };
    format!("`{name}` is a name of a private network, which may mean another machine elsewhere; {instead}")
}

fn refused(url: &CanonicalUrl, reason: &str) -> Failure {
    Failure::configuration(format!(
        "{} is not crawled: {reason} (or allow address ranges with RAD_ALLOW_CIDRS)",
        url.as_str()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(url: &str) -> Result<Option<String>, u8> {
        range_for(&CanonicalUrl::parse(url).unwrap()).map_err(|failure| failure.code)
    }

    #[test]
    fn a_near_address_is_allowed_exactly_and_a_public_site_needs_nothing() {
        assert_eq!(range("http://127.0.0.1:7071/a"), Ok(Some("127.0.0.1/32".to_owned())));
        assert_eq!(range("http://192.168.1.7/"), Ok(Some("192.168.1.7/32".to_owned())));
        assert_eq!(range("http://[fd00::7]:81/"), Ok(Some("fd00::7/128".to_owned())));
        assert_eq!(range("https://www.wikipedia.org/"), Ok(None));
        assert_eq!(range("http://1.1.1.1/"), Ok(None));
    }

    #[test]
    fn private_names_odd_ports_and_addresses_of_machines_are_refused() {
        for url in [
            "http://localhost:3000/",
            "http://wiki.corp/",
            "http://169.254.169.254/latest/",
            "https://www.wikipedia.org:8443/",
        ] {
            assert_eq!(range(url), Err(3), "{url}");
        }
    }
}

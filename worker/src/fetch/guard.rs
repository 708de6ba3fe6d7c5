//! The one function that every connection and every hop passes.
//!
//! A private name or an unusual port is not refused outright, because operators crawl their own hosts: it is
//! fetched with a client that connects to the operator's ranges only ([`Reach::Listed`]).

use std::net::{IpAddr, SocketAddr};

use rad_core::address::{AddressPolicy, PUBLIC_PORTS, forbidden_name};
use thiserror::Error;
use url::{Host, Url};

/// Why a target is not contacted. Never names an address: that would tell outsiders about our network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// The scheme is neither http nor https.
    #[error("the scheme is not http or https")]
    Scheme,
    /// The URL carries a user name or password.
    #[error("the URL contains a user name or password")]
    Userinfo,
    /// The port is neither 80 nor 443.
    #[error("the port is not one that public web servers use")]
    Port,
    /// The name belongs to a private name space.
    #[error("the host name is private or reserved")]
    Name,
    /// The address, or one that the name resolves to, is not public.
    #[error("the host has an address that is not public")]
    Address,
}

/// Which addresses a request may end at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Public addresses and the operator's ranges.
    Public,
    /// The operator's ranges only.
    Listed,
}

impl Reach {
    /// Whether a request with this reach may connect to `ip`.
    pub(super) fn admits(self, addresses: &AddressPolicy, ip: IpAddr) -> Result<(), Forbidden> {
        let admitted = match self {
            Self::Public => addresses.permits(ip),
            Self::Listed => addresses.explicitly_allowed(ip),
        };
        if admitted { Ok(()) } else { Err(Forbidden::Address) }
    }
}

/// Judges scheme, port, name and literal address of `url`, before anything is resolved or connected.
pub(super) fn check_url(addresses: &AddressPolicy, url: &Url) -> Result<Reach, Forbidden> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Forbidden::Scheme);
    }
    let port = url.port_or_known_default().ok_or(Forbidden::Port)?;
    let unusual_port = !PUBLIC_PORTS.contains(&port);
    let reach = if unusual_port { Reach::Listed } else { Reach::Public };
    match url.host().ok_or(Forbidden::Name)? {
        Host::Ipv4(ip) => reach.admits(addresses, ip.into()).map(|()| reach),
        Host::Ipv6(ip) => reach.admits(addresses, ip.into()).map(|()| reach),
        Host::Domain(name) if forbidden_name(name) => listed_or(addresses, Forbidden::Name),
        Host::Domain(_) if unusual_port => listed_or(addresses, Forbidden::Port),
        Host::Domain(_) => Ok(reach),
    }
}

/// Without ranges no address can be in one, so the name need not even be resolved.
fn listed_or(addresses: &AddressPolicy, refusal: Forbidden) -> Result<Reach, Forbidden> {
    if addresses.has_ranges() { Ok(Reach::Listed) } else { Err(refusal) }
}

/// Judges the address that a response came from.
pub(super) fn check_peer(
    addresses: &AddressPolicy,
    reach: Reach,
    peer: Option<SocketAddr>,
) -> Result<(), Forbidden> {
    let peer = peer.ok_or(Forbidden::Address)?;
    reach.admits(addresses, peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ranges: &str, url: &str) -> Result<Reach, Forbidden> {
        check_url(&ranges.parse().unwrap(), &Url::parse(url).unwrap())
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://①②⑦。⓪。⓪。①/",
            "http://%31%32%37.0.0.1/",
            "http:///127.0.0.1/",
            "http:127.0.0.1/",
            "http://0/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[fdaa::3]/",
            "https://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1#@public.example.com",
        ] {
            assert_eq!(check("", url), Err(Forbidden::Address), "{url}");
        }
    }

    #[test]
    fn private_names_are_refused() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST./",
            "http://ⓛocalhost/",
            "http://_api.internal/",
            "http://metadata.google.internal/",
            "http://db.flycast/",
            "http://intranet/",
        ] {
            assert_eq!(check("", url), Err(Forbidden::Name), "{url}");
        }
    }

    #[test]
    fn other_ports_and_schemes_are_refused() {
        for port in [0, 22, 25, 4280, 5432, 6379, 8080, 9091] {
            let url = format!("http://example.com:{port}/");
            assert_eq!(check("", &url), Err(Forbidden::Port), "{url}");
            let literal = format!("http://93.184.216.34:{port}/");
            assert_eq!(check("10.0.0.0/8", &literal), Err(Forbidden::Address), "{literal}");
        }
        for url in ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "data:text/html,x"] {
            assert_eq!(check("", url), Err(Forbidden::Scheme), "{url}");
        }
    }

    #[test]
    fn public_targets_pass() {
        for url in [
            "http://example.com/",
            "https://example.com/",
            "http://example.com:443/",
            "http://8.8.8.8/",
            "https://[2606:4700::1111]/",
        ] {
            assert_eq!(check("", url), Ok(Reach::Public), "{url}");
        }
    }

    #[test]
    fn with_ranges_private_names_and_ports_reach_only_those_ranges() {
        let ranges = "127.0.0.0/8";
        assert_eq!(check(ranges, "http://127.0.0.1:8080/"), Ok(Reach::Listed));
        assert_eq!(check(ranges, "http://127.0.0.1/"), Ok(Reach::Public));
        assert_eq!(check(ranges, "http://localhost/"), Ok(Reach::Listed));
        assert_eq!(check(ranges, "http://example.com:8080/"), Ok(Reach::Listed));
        assert_eq!(check(ranges, "http://10.0.0.1/"), Err(Forbidden::Address));

        let addresses: AddressPolicy = ranges.parse().unwrap();
        let public = "93.184.216.34".parse().unwrap();
        assert_eq!(Reach::Listed.admits(&addresses, public), Err(Forbidden::Address));
        assert_eq!(Reach::Public.admits(&addresses, public), Ok(()));
    }

    #[test]
    fn a_peer_that_is_unknown_or_not_public_is_refused() {
        let addresses = AddressPolicy::public_only();
        let private = "10.0.0.1:80".parse().unwrap();
        let public = "93.184.216.34:80".parse().unwrap();
        assert_eq!(check_peer(&addresses, Reach::Public, None), Err(Forbidden::Address));
        assert_eq!(check_peer(&addresses, Reach::Public, Some(private)), Err(Forbidden::Address));
        assert_eq!(check_peer(&addresses, Reach::Public, Some(public)), Ok(()));
    }
}

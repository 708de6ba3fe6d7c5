//! Name resolution that refuses a host if any of its addresses may not be contacted.
//!
//! The client connects to exactly the addresses that were judged here, so a name that changes its answer
//! between check and connect gains nothing. One bad address among good ones refuses the host: which of them
//! is used would be chance.

mod names;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rad_core::address::AddressPolicy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::guard::{Forbidden, Reach};
use names::Names;

/// Name resolution with the address policy behind it.
pub(super) struct GuardedResolver {
    addresses: Arc<AddressPolicy>,
    reach: Reach,
    /// What public names are asked of; the system's resolver where there is none.
    names: Option<Names>,
}

impl GuardedResolver {
    /// `servers` stand for those of the system.
    pub(super) fn new(addresses: Arc<AddressPolicy>, reach: Reach, servers: Option<&[SocketAddr]>) -> Self {
        let names = if reach == Reach::Public { Names::new(servers) } else { None };
        Self { addresses, reach, names }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = Arc::clone(&self.addresses);
        let (reach, names) = (self.reach, self.names.clone());
        Box::pin(async move {
            // The client replaces port 0 by the one of the URL.
            let found: Vec<SocketAddr> = match names {
                Some(names) => {
                    let found = names.addresses(name.as_str()).await?;
                    found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()
                }
                None => lookup_host((question(reach, name.as_str()).as_str(), 0)).await?.collect(),
            };
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            all_admitted(&addresses, reach, &found)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// What the system's resolver is asked.
///
/// The trailing dot keeps a public name from being completed by the search list or matched by the hosts file.
/// The operator's own names may need both.
fn question(reach: Reach, name: &str) -> String {
    match reach {
        Reach::Public => format!("{}.", name.trim_end_matches('.')),
        Reach::Listed => name.to_owned(),
    }
}

fn all_admitted(addresses: &AddressPolicy, reach: Reach, found: &[SocketAddr]) -> Result<(), Forbidden> {
    found.iter().try_for_each(|address| reach.admits(addresses, address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(ranges: &str, reach: Reach, found: &[&str]) -> Result<(), Forbidden> {
        let found: Vec<SocketAddr> = found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        all_admitted(&ranges.parse().unwrap(), reach, &found)
    }

    #[test]
    fn one_private_address_among_public_ones_refuses_the_host() {
        let mixed = ["93.184.216.34", "2606:4700::1111", "10.0.0.1"];
        assert_eq!(admitted("", Reach::Public, &mixed[..2]), Ok(()));
        assert_eq!(admitted("", Reach::Public, &mixed), Err(Forbidden::Address));
        assert_eq!(admitted("10.0.0.0/8", Reach::Public, &mixed), Ok(()));
    }

    #[test]
    fn a_private_name_is_refused_if_any_of_its_addresses_is_not_listed() {
        let mixed = ["10.0.0.1", "93.184.216.34"];
        assert_eq!(admitted("10.0.0.0/8", Reach::Listed, &mixed[..1]), Ok(()));
        assert_eq!(admitted("10.0.0.0/8", Reach::Listed, &mixed), Err(Forbidden::Address));
    }

    #[test]
    fn public_names_are_asked_as_absolute_names() {
        assert_eq!(question(Reach::Public, "example.com"), "example.com.");
        assert_eq!(question(Reach::Public, "example.com."), "example.com.");
        assert_eq!(question(Reach::Listed, "web"), "web");
    }

    #[tokio::test]
    async fn the_resolver_itself_refuses_a_name_with_a_private_address() {
        let addresses = Arc::new("10.0.0.0/8".parse().unwrap());
        let resolver = GuardedResolver::new(addresses, Reach::Listed, None);
        let Err(error) = resolver.resolve("localhost".parse().unwrap()).await else {
            panic!("localhost was admitted");
        };
        assert_eq!(error.downcast_ref(), Some(&Forbidden::Address));
    }
}

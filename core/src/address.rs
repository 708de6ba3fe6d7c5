//! Which addresses, names and ports the fleet may connect to.
//!
//! A crawler fetches what strangers tell it to, so every connection is checked against this policy: the
//! target has to be a public unicast address, or lie in a range that the operator listed. Names are judged
//! twice, by their spelling ([`forbidden_name`]) and by every address they resolve to.
//!
//! An IPv6 address that carries an IPv4 one (NAT64, 6to4, Teredo and so on) is never public here: what it
//! reaches depends on gateways that we cannot see. If the operator lists such a range, the carried IPv4
//! address has to be permitted as well.

mod embedded;
mod name;
mod special;

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

pub use name::forbidden_name;

/// The ports that a public address may be contacted on: those of the two schemes.
pub const PUBLIC_PORTS: [u16; 2] = [80, 443];

/// What may be connected to: public addresses, and the ranges that the operator listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    allowed: Vec<IpNet>,
    /// Public addresses of our own, where a request would come back to us.
    own: Vec<IpAddr>,
}

impl AddressPolicy {
    /// Public addresses only.
    pub fn public_only() -> Self {
        Self::default()
    }

    /// Public addresses and everything inside `ranges`, on any port.
    pub fn allowing(ranges: Vec<IpNet>) -> Self {
        Self { allowed: ranges, own: Vec::new() }
    }

    /// The same policy without `own`, the public addresses that this installation answers at itself.
    #[must_use]
    pub fn without(mut self, own: Vec<IpAddr>) -> Self {
        self.own = own;
        self
    }

    /// Whether a connection to `ip` is allowed at all.
    ///
    /// An address outside the operator's ranges may still only be contacted on [`PUBLIC_PORTS`], and not
    /// by a [`forbidden_name`].
    pub fn permits(&self, ip: IpAddr) -> bool {
        (special::is_public(ip) && !self.own.contains(&ip)) || self.explicitly_allowed(ip)
    }

    /// Whether `ip` lies in a range that the operator listed.
    pub fn explicitly_allowed(&self, ip: IpAddr) -> bool {
        let listed = self.allowed.iter().any(|range| range.contains(&ip));
        listed && embedded::ipv4_inside(ip).into_iter().all(|inner| self.permits(IpAddr::V4(inner)))
    }

    /// Whether the operator listed any range: without one, only public addresses are ever contacted.
    pub fn has_ranges(&self) -> bool {
        !self.allowed.is_empty()
    }
}

/// An entry of a list of ranges that is not a CIDR range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{part}` is not an address range such as 10.0.0.0/8 or fd00::/8")]
pub struct InvalidRange {
    /// The entry as it was written.
    pub part: String,
}

impl FromStr for AddressPolicy {
    type Err = InvalidRange;

    /// Reads the value of `RAD_ALLOW_CIDRS`: ranges with commas between them; empty means none.
    fn from_str(ranges: &str) -> Result<Self, Self::Err> {
        ranges
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| part.parse::<IpNet>().map_err(|_| InvalidRange { part: part.to_owned() }))
            .collect::<Result<Vec<_>, _>>()
            .map(Self::allowing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn policy(ranges: &str) -> AddressPolicy {
        ranges.parse().unwrap()
    }

    #[test]
    fn without_ranges_only_public_addresses_are_permitted() {
        let policy = policy("");
        assert_eq!(policy, AddressPolicy::public_only());
        assert!(!policy.has_ranges());
        assert!(policy.permits(ip("93.184.216.34")));
        assert!(!policy.permits(ip("127.0.0.1")));
        assert!(!policy.explicitly_allowed(ip("93.184.216.34")));
    }

    #[test]
    fn a_listed_range_is_permitted_and_its_neighbours_are_not() {
        let policy = policy("127.0.0.0/8, fdaa::/16 ,");
        assert!(policy.has_ranges());
        assert!(policy.permits(ip("127.255.255.255")));
        assert!(policy.permits(ip("fdaa::3")));
        assert!(policy.explicitly_allowed(ip("127.0.0.1")));
        assert!(!policy.permits(ip("10.0.0.1")));
        assert!(!policy.permits(ip("fdab::3")));
    }

    #[test]
    fn a_listed_ipv4_range_does_not_open_the_ipv6_forms_that_carry_it() {
        let policy = policy("127.0.0.0/8");
        for form in ["::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1"] {
            assert!(!policy.permits(ip(form)), "{form}");
        }
    }

    #[test]
    fn a_listed_ipv6_form_still_judges_the_ipv4_address_it_carries() {
        let nat64 = policy("64:ff9b::/96");
        assert!(nat64.permits(ip("64:ff9b::93.184.216.34")));
        assert!(!nat64.permits(ip("64:ff9b::169.254.169.254")));
        assert!(policy("64:ff9b::/96,169.254.0.0/16").permits(ip("64:ff9b::169.254.169.254")));
    }

    #[test]
    fn our_own_public_addresses_are_not_permitted_unless_they_are_listed() {
        let own = vec![ip("93.184.216.34")];
        let refusing = AddressPolicy::public_only().without(own.clone());
        assert!(!refusing.permits(ip("93.184.216.34")) && refusing.permits(ip("93.184.216.35")));
        assert!(policy("93.184.216.0/24").without(own).permits(ip("93.184.216.34")));
    }

    #[test]
    fn loopback_of_ipv6_can_be_listed() {
        assert!(policy("::1/128").permits(ip("::1")));
    }

    #[test]
    fn a_bad_range_is_named() {
        let error = "127.0.0.0/8,10.0.0.0/33".parse::<AddressPolicy>().unwrap_err();
        assert_eq!(error.part, "10.0.0.0/33");
        assert_eq!("localhost".parse::<AddressPolicy>().unwrap_err().part, "localhost");
        assert!("10.0.0.1".parse::<AddressPolicy>().is_err());
    }
}

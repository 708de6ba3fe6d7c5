//! The ranges that are not public unicast addresses of the Internet.
//!
//! Source: the IANA special-purpose registries for IPv4 and IPv6, the multicast and reserved blocks, and
//! the withdrawn ranges that old systems still route.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::embedded::ipv4_inside;

/// First address and prefix length of a range.
type Range<Address> = (Address, u32);

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u32) -> Range<Ipv4Addr> {
    (Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first: u16, second: u16, length: u32) -> Range<Ipv6Addr> {
    (Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length)
}

const IPV4: [Range<Ipv4Addr>; 16] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // shared by the customers of a carrier (CGNAT)
    v4(127, 0, 0, 0, 8),      // loopback
    v4(169, 254, 0, 0, 16),   // link-local, with the metadata services of clouds
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // 6to4 relays, withdrawn
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarks
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, with broadcast
    v4(168, 63, 129, 16, 32), // Azure's platform service: a public number that never leaves the host
];

/// The only block of IPv6 in which global unicast addresses are given out.
const GLOBAL_UNICAST: Range<Ipv6Addr> = v6(0x2000, 0, 3);

const INSIDE_GLOBAL_UNICAST: [Range<Ipv6Addr>; 4] = [
    v6(0x2001, 0, 23),     // protocol assignments: Teredo, benchmarks, ORCHID
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4
    v6(0x3fff, 0, 20),     // documentation
];

/// Whether `ip` is a public unicast address that carries no other address.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !IPV4.iter().any(|&range| v4_contains(range, ip)),
        IpAddr::V6(ip) => {
            v6_contains(GLOBAL_UNICAST, ip)
                && !INSIDE_GLOBAL_UNICAST.iter().any(|&range| v6_contains(range, ip))
                && ipv4_inside(IpAddr::V6(ip)).is_empty()
        }
    }
}

fn v4_contains((first, length): Range<Ipv4Addr>, ip: Ipv4Addr) -> bool {
    (first.to_bits() ^ ip.to_bits()) >> (u32::BITS - length) == 0
}

fn v6_contains((first, length): Range<Ipv6Addr>, ip: Ipv6Addr) -> bool {
    (first.to_bits() ^ ip.to_bits()) >> (u128::BITS - length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_PUBLIC: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::a9fe:a9fe",
        "::ffff:8.8.8.8",
        "::ffff:169.254.169.254",
        "::ffff:0:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::1",
        "100::1",
        "100:0:0:1::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2001:db8:ffff::1",
        "2002:0808:0808::1",
        "2002:7f00:1::",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fdaa::3",
        "fdaa:0:1::2",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "feff::1",
        "ff00::1",
        "ff02::1",
        "4000::1",
        "e000::1",
        "2600::5efe:10.0.0.1",
        "2600::200:5efe:10.0.0.1",
        "2600::5efe:8.8.8.8",
    ];

    const PUBLIC: &[&str] = &[
        "1.0.0.0",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.254",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700::1111",
        "2a00:1450::1",
        "3ffe:ffff::1",
        "3fff:1000::1",
    ];

    #[test]
    fn special_ranges_and_everything_that_carries_another_address_are_not_public() {
        for ip in NOT_PUBLIC {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_public() {
        for ip in PUBLIC {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}

//! The IPv4 addresses that an IPv6 address carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv4 addresses inside `ip`, for every known form; empty if it carries none.
///
/// Teredo carries two, its server and its client.
pub(super) fn ipv4_inside(ip: IpAddr) -> Vec<Ipv4Addr> {
    match ip {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(ip) => inside_v6(ip),
    }
}

fn inside_v6(ip: Ipv6Addr) -> Vec<Ipv4Addr> {
    let parts = ip.segments();
    let last = pair(parts[6], parts[7]);
    match parts {
        // `::` and `::1` have the shape of the compatible form but stand for themselves.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Vec::new(),
        // Compatible (RFC 4291 2.5.5.1), mapped (2.5.5.2), translated (RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _]
        | [0, 0, 0, 0, 0xffff, 0, _, _]
        | [0x64, 0xff9b, 0 | 1, 0, 0, 0, _, _] => vec![last],
        // RFC 6052 2.2 with a /48 prefix: the byte after the first half of the address is not used.
        [0x64, 0xff9b, 1, high, unused_and_third, fourth_and_suffix, _, _] => {
            vec![pair(high, unused_and_third << 8 | fourth_and_suffix >> 8)]
        }
        [0x2001, 0, server_high, server_low, _, _, _, _] => {
            vec![pair(server_high, server_low), Ipv4Addr::from_bits(!last.to_bits())]
        }
        [0x2002, high, low, ..] => vec![pair(high, low)],
        // ISATAP (RFC 5214 6.1); two bits of the first group mark a universal or a group identifier.
        [_, _, _, _, flags, 0x5efe, _, _] if flags & 0xfcff == 0 => vec![last],
        _ => Vec::new(),
    }
}

fn pair(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_ipv4_address_it_carries() {
        for (form, inside) in [
            ("::169.254.169.254", "169.254.169.254"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("::ffff:0:10.0.0.1", "10.0.0.1"),
            ("64:ff9b::192.168.1.2", "192.168.1.2"),
            ("64:ff9b:1::192.168.1.2", "192.168.1.2"),
            ("64:ff9b:1:c0a8:1:200::", "192.168.1.2"),
            ("2002:c0a8:102::1", "192.168.1.2"),
            ("2600::5efe:192.168.1.2", "192.168.1.2"),
            ("2600::200:5efe:192.168.1.2", "192.168.1.2"),
        ] {
            let inside: Ipv4Addr = inside.parse().unwrap();
            assert_eq!(ipv4_inside(form.parse().unwrap()), vec![inside], "{form}");
        }
    }

    #[test]
    fn teredo_gives_its_server_and_its_client_with_the_bits_turned_back() {
        let teredo = "2001:0:4136:e378:8000:63bf:3fff:fdd2".parse().unwrap();
        let server = Ipv4Addr::new(65, 54, 227, 120);
        assert_eq!(ipv4_inside(teredo), vec![server, Ipv4Addr::new(192, 0, 2, 45)]);
    }

    #[test]
    fn ordinary_addresses_carry_none() {
        for plain in ["::", "::1", "2600::1", "fdaa::3", "2600::1234:5efe:1:2", "8.8.8.8"] {
            assert!(ipv4_inside(plain.parse().unwrap()).is_empty(), "{plain}");
        }
    }
}

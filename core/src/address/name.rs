//! Host names that mean something only inside a network, whatever they resolve to.

use std::net::IpAddr;

/// Suffixes of private and reserved name spaces (RFC 2606, 6761, 6762, 7686, 8375; Fly.io's own).
const PRIVATE_SUFFIXES: [&str; 11] = [
    "localhost",
    "internal",
    "flycast",
    "local",
    "home.arpa",
    "lan",
    "corp",
    "onion",
    "test",
    "invalid",
    "example",
];

/// Whether `host` is a name of a private or reserved name space, or has a single label.
///
/// A single label is completed by the resolver's search list, so what it means depends on where we run.
/// The trailing dot and the case don't matter. Address literals are not names: the answer for them is
/// `false`, and the address policy judges them. An empty host is forbidden.
pub fn forbidden_name(host: &str) -> bool {
    if is_literal(host) {
        return false;
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    !name.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| ends_with_labels(&name, suffix))
}

fn is_literal(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).parse::<IpAddr>().is_ok()
}

fn ends_with_labels(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_single_label_names_are_forbidden() {
        for name in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "_api.internal",
            "metadata.google.internal",
            "db.flycast",
            "printer.local",
            "nas.home.arpa",
            "home.arpa",
            "router.lan",
            "intra.corp",
            "hidden.onion",
            "a.test",
            "a.invalid",
            "www.example",
            "intranet",
            "com",
            "",
            ".",
            "x.Internal.",
        ] {
            assert!(forbidden_name(name), "{name}");
        }
    }

    #[test]
    fn public_names_and_literals_are_not_forbidden() {
        for name in [
            "example.com",
            "example.com.",
            "localhost.example.com",
            "mylocalhost.com",
            "notinternal.org",
            "xn--bcher-kva.de",
            "my-corp.com",
            "127.0.0.1",
            "::1",
            "[::1]",
            "a.home-arpa.net",
            "mylan.net",
        ] {
            assert!(!forbidden_name(name), "{name}");
        }
    }
}

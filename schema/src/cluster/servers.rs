//! The servers that a setting or a redirection names.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult};

/// The servers in `REDIS_URL`: one URL, or several of one cluster with commas between them.
pub(crate) fn named(urls: &str) -> RedisResult<Vec<ConnectionInfo>> {
    let mut parts: Vec<String> = Vec::new();
    for part in urls.split(',') {
        match parts.last_mut() {
            // A comma inside of a password.
            Some(last) if !part.contains("://") => last.extend([",", part]),
            _ => parts.push(part.trim().to_owned()),
        }
    }
    parts.into_iter().map(IntoConnectionInfo::into_connection_info).collect()
}

/// The server that took the slot over, according to the `MOVED` of `server`.
pub(crate) fn redirected(server: &ConnectionInfo, error: &RedisError) -> Option<ConnectionInfo> {
    let (address, _slot) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    at(server, host, port.parse().ok()?)
}

/// Another server of the cluster that `server` belongs to. An empty host is the one that was asked; `?` stands for
/// one that the cluster does not tell.
pub(super) fn at(server: &ConnectionInfo, host: &str, port: u16) -> Option<ConnectionInfo> {
    let other = |known: &str| if host.is_empty() { known.to_owned() } else { host.to_owned() };
    if host == "?" {
        return None;
    }
    let address = match server.addr() {
        ConnectionAddr::Tcp(known, _) => ConnectionAddr::Tcp(other(known), port),
        ConnectionAddr::TcpTls { host: known, insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host: other(known),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => return None,
    };
    Some(server.clone().set_addr(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(urls: &str) -> Vec<String> {
        named(urls).unwrap().iter().map(|server| server.addr().to_string()).collect()
    }

    #[test]
    fn a_url_names_one_server_and_several_name_several() {
        assert_eq!(addresses("redis://a:7000"), ["a:7000"]);
        assert_eq!(addresses("redis://a:7000,redis://b:7001, rediss://c"), ["a:7000", "b:7001", "c:6379"]);
    }

    #[test]
    fn a_password_may_have_commas() {
        let servers = named("redis://u:p,w@a:7000,redis://u:p,w@b:7000").unwrap();
        let passwords: Vec<_> = servers.iter().map(|server| server.redis_settings().password()).collect();
        assert_eq!(passwords, [Some("p,w"), Some("p,w")]);
    }

    #[test]
    fn hosts_without_a_scheme_are_refused_and_not_left_out() {
        assert!(named("redis://a:7000,b:7001").is_err());
    }

    #[test]
    fn another_server_of_the_cluster_has_login_and_tls_of_the_first() {
        let servers = named("rediss://u:secret@a:7000").unwrap();
        let other = at(&servers[0], "b", 7001).unwrap();
        assert_eq!(other.redis_settings().password(), Some("secret"));
        assert!(matches!(other.addr(), ConnectionAddr::TcpTls { host, port: 7001, .. } if host == "b"));
        let same_host = at(&servers[0], "", 7002).unwrap();
        assert_eq!(same_host.addr().to_string(), "a:7002");
        assert!(at(&servers[0], "?", 7002).is_none());
    }
}

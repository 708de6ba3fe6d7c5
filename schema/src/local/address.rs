//! URLs of Unix sockets, in the form that sqlx, libpq and the Redis client read.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The port number is only part of the socket file's name: nothing listens on TCP.
pub(super) const POSTGRES_PORT: u16 = 5432;

/// A URL whose `host` parameter, a folder, takes the place of `localhost`.
///
/// TLS is switched off because a `PGSSLMODE=require` in the caller's environment would otherwise ask for it on
/// a socket.
pub(super) fn postgres_url(sockets: &Path, role: &str, db: &str) -> String {
    format!(
        "postgres://{}@localhost/{}?host={}&port={POSTGRES_PORT}&sslmode=disable",
        percent_encode(role.as_bytes()),
        percent_encode(db.as_bytes()),
        percent_encode(sockets.as_os_str().as_bytes()),
    )
}

/// The URL of a Redis socket.
pub(super) fn redis_url(socket: &Path) -> String {
    format!("redis+unix://{}?db=0", percent_encode(socket.as_os_str().as_bytes()))
}

/// Slashes stay, because both a path and a query parameter may contain them and people read these URLs.
fn percent_encode(raw: &[u8]) -> String {
    let mut encoded = String::with_capacity(raw.len());
    for &byte in raw {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use redis::IntoConnectionInfo;
    use sqlx::postgres::PgConnectOptions;

    use super::*;

    #[test]
    fn sqlx_reads_the_postgres_url_with_odd_names_back() -> anyhow::Result<()> {
        let url = postgres_url(Path::new("/tmp/a b&c"), "rôle", "d?b");
        let options = PgConnectOptions::from_str(&url)?;
        assert_eq!(options.get_socket().map(std::path::PathBuf::as_path), Some(Path::new("/tmp/a b&c")));
        assert_eq!(options.get_username(), "rôle");
        assert_eq!(options.get_database(), Some("d?b"));
        assert_eq!(options.get_port(), POSTGRES_PORT);
        Ok(())
    }

    #[test]
    fn the_redis_client_reads_the_socket_url_back() -> anyhow::Result<()> {
        let url = redis_url(Path::new("/tmp/a b?c/redis.sock"));
        let info = url.into_connection_info()?;
        assert_eq!(info.addr().to_string(), "/tmp/a b?c/redis.sock");
        assert_eq!(info.redis_settings().db(), 0);
        Ok(())
    }
}

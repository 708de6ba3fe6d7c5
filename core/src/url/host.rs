//! The host of a URL: scheme, name and port, the unit of politeness.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{CanonicalUrl, UrlError};

/// A host as `scheme://name:port`, with the port always there. Serialised as a string.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostKey(String);

impl HostKey {
    pub(super) fn of(url: &Url) -> Self {
        let name = url.host_str().expect("a canonical URL has a host");
        let port = url.port_or_known_default().expect("http and https have a default port");
        Self(format!("{}://{name}:{port}", url.scheme()))
    }

    /// Parses a host key in exactly the form that [`HostKey::as_str`] gives.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let key = CanonicalUrl::parse(text)?.host_key();
        if key.0 == text { Ok(key) } else { Err(UrlError::HostKey) }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of the host's root.
    pub fn origin_url(&self) -> CanonicalUrl {
        CanonicalUrl::parse(&self.0).expect("a host key is a valid URL")
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.parts().0
    }

    /// The name or address; an IPv6 address stands in brackets.
    pub fn name(&self) -> &str {
        self.parts().1
    }

    /// The port, also where it is the scheme's default.
    pub fn port(&self) -> u16 {
        self.parts().2.parse().expect("the port was written from a number")
    }

    /// Whether the port is the one that the scheme implies.
    pub fn has_default_port(&self) -> bool {
        matches!((self.scheme(), self.port()), ("http", 80) | ("https", 443))
    }

    fn parts(&self) -> (&str, &str, &str) {
        let (scheme, rest) = self.0.split_once("://").expect("a host key has a scheme");
        let (name, port) = rest.rsplit_once(':').expect("a host key has a port");
        (scheme, name, port)
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostKey {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for HostKey {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        Self::parse(&text)
    }
}

impl From<HostKey> for String {
    fn from(key: HostKey) -> Self {
        key.0
    }
}

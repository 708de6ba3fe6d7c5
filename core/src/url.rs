//! URLs in one canonical form, and the host they belong to.
//!
//! Deduplication, politeness and locks all compare URLs as strings, so every URL is brought into canonical
//! form at the edge and only [`CanonicalUrl`] travels inside. The form is what the `url` crate makes of a
//! URL, without fragment, trailing dots of the host, default port and empty query, and with the
//! percent-encoding of RFC 3986, 6.2.2: unreserved characters decoded, hex digits in upper case.

mod host;
pub(crate) mod percent;
mod query;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{ParseError, Position, Url};

pub use host::HostKey;
pub use query::QueryRule;

use crate::ids::Hash128;

/// Longest canonical URL in bytes: what browsers and search engines commonly accept.
pub const MAX_CANONICAL_BYTES: usize = 2_083;

/// Longest text that is looked at in bytes, so that a hostile attribute costs nothing.
pub const MAX_INPUT_BYTES: usize = 8_192;

const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Why a text is not a URL that can be crawled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// The text is not a URL, or is relative where an absolute one is needed.
    #[error("not a valid absolute URL")]
    Invalid(#[source] ParseError),
    /// The scheme is neither http nor https.
    #[error("only http and https URLs can be crawled")]
    Scheme,
    /// The URL carries a user name or password.
    #[error("the URL contains a user name or password")]
    Userinfo,
    /// The URL names no host.
    #[error("the URL names no host")]
    NoHost,
    /// The host's name, or a part of it between dots, is longer than DNS allows.
    #[error("the host name is longer than DNS allows")]
    HostTooLong,
    /// The text contains a control character, such as a line break.
    #[error("the URL contains a control character")]
    ControlCharacter,
    /// The text is longer than [`MAX_INPUT_BYTES`].
    #[error("the URL text is longer than {MAX_INPUT_BYTES} bytes")]
    InputTooLong,
    /// The canonical form is longer than [`MAX_CANONICAL_BYTES`].
    #[error("the URL is longer than {MAX_CANONICAL_BYTES} bytes")]
    TooLong,
    /// The text is a URL, but not a host key in canonical form.
    #[error("not a host in the form scheme://name:port")]
    HostKey,
}

/// An absolute http or https URL in canonical form. Serialised as a string.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CanonicalUrl(Url);

impl CanonicalUrl {
    /// Parses an absolute URL. White space at both ends is ignored.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = checked(text)?;
        Self::from_url(Url::parse(text).map_err(reason)?)
    }

    /// Resolves a reference that was found on this page.
    pub fn join(&self, href: &str) -> Result<Self, UrlError> {
        let href = checked(href)?;
        // `///host` is `//host` to browsers; the parser refuses it.
        let slashes = href.len() - href.trim_start_matches(['/', '\\']).len();
        Self::from_url(self.0.join(&href[slashes.saturating_sub(2)..]).map_err(reason)?)
    }

    /// Brings a parsed URL into canonical form.
    pub fn from_url(mut url: Url) -> Result<Self, UrlError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Userinfo);
        }
        url.set_fragment(None);
        check_name(&url)?;
        strip_trailing_dots(&mut url)?;
        normalise_percent(&mut url);
        if url.as_str().len() > MAX_CANONICAL_BYTES {
            return Err(UrlError::TooLong);
        }
        Ok(Self(url))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same as a [`Url`].
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The hash of the canonical text: the identity of the URL in the ledger.
    pub fn hash(&self) -> Hash128 {
        Hash128::of(self.as_str().as_bytes())
    }

    /// The host that serves this URL.
    pub fn host_key(&self) -> HostKey {
        HostKey::of(&self.0)
    }

    /// The path with its query, as robots rules see it. Starts with `/`.
    pub fn path_and_query(&self) -> &str {
        &self.0[Position::BeforePath..]
    }
}

fn checked(text: &str) -> Result<&str, UrlError> {
    if text.len() > MAX_INPUT_BYTES {
        return Err(UrlError::InputTooLong);
    }
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if text.chars().any(char::is_control) {
        return Err(UrlError::ControlCharacter);
    }
    Ok(text)
}

fn reason(error: ParseError) -> UrlError {
    match error {
        ParseError::EmptyHost => UrlError::NoHost,
        other => UrlError::Invalid(other),
    }
}

/// RFC 1035, 2.3.4: a name has at most 253 characters, a label 63.
fn check_name(url: &Url) -> Result<(), UrlError> {
    let name = url.domain().unwrap_or_default().trim_end_matches('.');
    let fits = name.len() <= MAX_NAME_BYTES && name.split('.').all(|label| label.len() <= MAX_LABEL_BYTES);
    if fits { Ok(()) } else { Err(UrlError::HostTooLong) }
}

/// The host is parsed again without its dots: `127.1..` is a name, `127.1` an address.
fn strip_trailing_dots(url: &mut Url) -> Result<(), UrlError> {
    let host = url.host_str().ok_or(UrlError::NoHost)?;
    let bare = host.trim_end_matches('.');
    if bare.is_empty() {
        return Err(UrlError::NoHost);
    }
    if bare.len() == host.len() {
        return Ok(());
    }
    let bare = bare.to_owned();
    url.set_host(Some(&bare)).map_err(reason)
}

fn normalise_percent(url: &mut Url) {
    if let Some(path) = percent::normalise(url.path()) {
        url.set_path(&path);
    }
    match url.query() {
        Some("") => url.set_query(None),
        Some(query) => {
            if let Some(query) = percent::normalise(query) {
                url.set_query(Some(&query));
            }
        }
        None => {}
    }
}

impl fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl FromStr for CanonicalUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CanonicalUrl {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        Self::parse(&text)
    }
}

impl From<CanonicalUrl> for String {
    fn from(url: CanonicalUrl) -> Self {
        url.0.into()
    }
}

#[cfg(test)]
mod tests;

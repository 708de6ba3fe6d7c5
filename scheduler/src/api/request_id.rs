//! The name of a request: in its answer, in every problem, and in the log.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::SystemTime;

use axum::http::{HeaderMap, HeaderValue};

/// The header that it comes and goes by.
pub(super) const HEADER: &str = "x-request-id";

/// Longest name that is taken over.
const MAX_BYTES: usize = 128;

/// A request's name: 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestId(String);

impl RequestId {
    /// The name that the caller gave, or a new one where it gave none that is fit for a log line.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        headers
            .get(HEADER)
            .filter(|value| (1..=MAX_BYTES).contains(&value.len()))
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
            .map_or_else(|| Self(random_hex()), |text| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("visible ASCII characters are a header value")
    }
}

/// 32 hexadecimal digits that nobody else has, for names and traces; they are no secret. The keys of a `RandomState`
/// come from the system's random source.
pub(super) fn random_hex() -> String {
    let now = SystemTime::now();
    let half = || RandomState::new().hash_one(now);
    // A trace id must not be all zeros.
    format!("{:016x}{:016x}", half() | 1, half())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn named(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(value).unwrap());
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_visible_name_is_taken_over() {
        for name in ["a", "7f3a-1/2", &"x".repeat(128)] {
            assert_eq!(named(name.as_bytes()), name);
        }
    }

    #[test]
    fn anything_else_is_replaced() {
        let long = "x".repeat(129);
        for name in [&b""[..], b"two words", "\u{e9}".as_bytes(), b"tab\there", long.as_bytes()] {
            let made = named(name);
            assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
        }
        assert_eq!(RequestId::of(&HeaderMap::new()).as_str().len(), 32);
    }

    #[test]
    fn made_names_differ() {
        let made: HashSet<_> = (0..1_000).map(|_| random_hex()).collect();
        assert_eq!(made.len(), 1_000);
    }
}

//! Path and query of a request; whatever stands in them is encoded.

use std::fmt;

use url::{Position, Url};

/// A path below `/api/v1` with its query.
#[derive(Clone, Debug)]
pub(super) struct Route(Url);

impl Route {
    /// The path of these segments.
    pub(super) fn new(segments: &[&str]) -> Self {
        // Only what follows the host is ever used.
        let mut url = Url::parse("http://api/api/v1").expect("the literal is a URL");
        url.path_segments_mut().expect("an http URL has a path").extend(segments);
        Self(url)
    }

    /// With one more parameter.
    pub(super) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.0.query_pairs_mut().append_pair(name, &value.to_string());
        self
    }

    /// With one more parameter, if there is a value.
    pub(super) fn with_some(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[Position::BeforePath..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_leave_their_place_in_the_path() {
        let route =
            Route::new(&["tenants", "a/b?c#d é"]).with("cursor", "1&2").with_some("state", None::<i64>);
        assert_eq!(route.to_string(), "/api/v1/tenants/a%2Fb%3Fc%23d%20%C3%A9?cursor=1%262");
    }
}

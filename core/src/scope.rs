//! Which links of a crawl belong to it.
//!
//! Links out of scope never become rows of the ledger; they are counted by the reason given here.

use serde::{Deserialize, Serialize};

use crate::url::{CanonicalUrl, HostKey};

/// How far from its start URL a crawl may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// Which URLs belong to the crawl at all.
    pub kind: ScopeKind,
    /// Most links between the start URL and a page; no limit where absent.
    pub max_depth: Option<u16>,
}

/// Which URLs belong to a crawl.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The start URL's host. http and https on their default ports are one site.
    #[default]
    Host,
    /// The start URL's host, and only what lies in the folder of the start URL.
    Path,
    /// Every public web page.
    Any,
}

/// Why a link does not belong to the crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfScope {
    /// The link leads to another host.
    OtherHost,
    /// The link leads out of the start URL's folder.
    OutsidePath,
    /// The page is more links away than the crawl may go.
    TooDeep,
}

impl OutOfScope {
    /// The stable code, as counted and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherHost => "other_host",
            Self::OutsidePath => "outside_path",
            Self::TooDeep => "too_deep",
        }
    }
}

impl Scope {
    /// Whether `url`, found `depth` links away from `start`, belongs to the crawl.
    pub fn admits(&self, start: &CanonicalUrl, url: &CanonicalUrl, depth: u16) -> Result<(), OutOfScope> {
        if self.kind != ScopeKind::Any && !same_site(&start.host_key(), &url.host_key()) {
            return Err(OutOfScope::OtherHost);
        }
        if self.kind == ScopeKind::Path && !url.as_url().path().starts_with(folder(start)) {
            return Err(OutOfScope::OutsidePath);
        }
        if self.max_depth.is_some_and(|most| depth > most) {
            return Err(OutOfScope::TooDeep);
        }
        Ok(())
    }
}

fn same_site(a: &HostKey, b: &HostKey) -> bool {
    a == b || (a.name() == b.name() && a.has_default_port() && b.has_default_port())
}

/// The path up to and with its last slash.
fn folder(url: &CanonicalUrl) -> &str {
    let path = url.as_url().path();
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::{OutOfScope, Scope, ScopeKind};
    use crate::url::CanonicalUrl;

    fn admits(kind: ScopeKind, start: &str, url: &str) -> Result<(), OutOfScope> {
        let scope = Scope { kind, max_depth: None };
        let start = CanonicalUrl::parse(start).unwrap();
        scope.admits(&start, &CanonicalUrl::parse(url).unwrap(), 0)
    }

    #[test]
    fn a_host_scope_holds_both_schemes_of_one_name() {
        let start = "http://example.com/docs/";
        for url in ["http://example.com/", "https://example.com/x"] {
            assert_eq!(admits(ScopeKind::Host, start, url), Ok(()), "{url}");
        }
        for url in ["http://www.example.com/", "http://example.com:8080/", "https://example.com:80/"] {
            assert_eq!(admits(ScopeKind::Host, start, url), Err(OutOfScope::OtherHost), "{url}");
        }
    }

    #[test]
    fn a_path_scope_holds_the_folder_of_the_start_url() {
        let start = "http://example.com/docs/index.html?v=1";
        for url in ["http://example.com/docs/", "https://example.com/docs/a/b"] {
            assert_eq!(admits(ScopeKind::Path, start, url), Ok(()), "{url}");
        }
        let outside = "http://example.com/docs2/";
        assert_eq!(admits(ScopeKind::Path, start, outside), Err(OutOfScope::OutsidePath));
        let elsewhere = "http://other.example/docs/";
        assert_eq!(admits(ScopeKind::Path, start, elsewhere), Err(OutOfScope::OtherHost));
    }

    #[test]
    fn an_open_scope_ends_only_by_depth() {
        let start = CanonicalUrl::parse("http://example.com/").unwrap();
        let url = CanonicalUrl::parse("https://other.example/").unwrap();
        let scope = Scope { kind: ScopeKind::Any, max_depth: Some(2) };
        assert_eq!(scope.admits(&start, &url, 2), Ok(()));
        assert_eq!(scope.admits(&start, &url, 3), Err(OutOfScope::TooDeep));
    }

    #[test]
    fn a_scope_is_read_with_its_defaults_and_without_unknown_fields() {
        assert_eq!(serde_json::from_str::<Scope>("{}").unwrap(), Scope::default());
        let path: Scope = serde_json::from_str(r#"{"kind":"path","max_depth":3}"#).unwrap();
        assert_eq!(path, Scope { kind: ScopeKind::Path, max_depth: Some(3) });
        assert!(serde_json::from_str::<Scope>(r#"{"depth":3}"#).is_err());
    }
}

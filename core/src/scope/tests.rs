use super::{OutOfScope, Pattern, Scope, ScopeKind};
use crate::url::CanonicalUrl;

fn admits(kind: ScopeKind, start: &str, url: &str) -> Result<(), OutOfScope> {
    let scope = Scope { kind, ..Scope::default() };
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
    let scope = Scope { kind: ScopeKind::Any, max_depth: Some(2), ..Scope::default() };
    assert_eq!(scope.admits(&start, &url, 2), Ok(()));
    assert_eq!(scope.admits(&start, &url, 3), Err(OutOfScope::TooDeep));
}

#[test]
fn a_scope_is_read_with_its_defaults_and_without_unknown_fields() {
    assert_eq!(serde_json::from_str::<Scope>("{}").unwrap(), Scope::default());
    let path: Scope = serde_json::from_str(r#"{"kind":"path","max_depth":3}"#).unwrap();
    assert_eq!(path, Scope { kind: ScopeKind::Path, max_depth: Some(3), ..Scope::default() });
    assert!(serde_json::from_str::<Scope>(r#"{"depth":3}"#).is_err());
}

#[test]
fn names_below_the_start_and_hosts_of_one_owner_can_be_held() {
    let start = "https://www.example.co.uk/";
    for (kind, url, held) in [
        (ScopeKind::Subdomains, "http://www.example.co.uk/", true),
        (ScopeKind::Subdomains, "https://a.b.www.example.co.uk/", true),
        (ScopeKind::Subdomains, "https://example.co.uk/", false),
        (ScopeKind::Subdomains, "https://xwww.example.co.uk/", false),
        (ScopeKind::Subdomains, "https://a.www.example.co.uk:8443/", false),
        (ScopeKind::Domain, "https://example.co.uk/", true),
        (ScopeKind::Domain, "http://shop.example.co.uk/", true),
        (ScopeKind::Domain, "https://other.co.uk/", false),
        (ScopeKind::Domain, "https://co.uk/", false),
        (ScopeKind::Domain, "https://example.com/", false),
    ] {
        assert_eq!(admits(kind, start, url).is_ok(), held, "{kind:?} {url}");
    }
    let owners = ("https://a.github.io/", "https://b.github.io/");
    assert_eq!(admits(ScopeKind::Domain, owners.0, owners.1), Err(OutOfScope::OtherHost));
    let addresses = ("http://10.0.0.1/", "http://10.1.0.1/");
    assert_eq!(admits(ScopeKind::Domain, addresses.0, addresses.1), Err(OutOfScope::OtherHost));
}

#[test]
fn patterns_include_and_exclude_but_never_the_start() {
    let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect();
    let scope = Scope {
        include: patterns(&["/docs/**", "/blog/*"]),
        exclude: patterns(&["/**/*.pdf", "re:[?&]print="]),
        ..Scope::default()
    };
    let start = CanonicalUrl::parse("http://example.com/").unwrap();
    for (url, held) in [
        ("http://example.com/", true),
        ("http://example.com/docs/a", true),
        ("http://example.com/docs/a.pdf", false),
        ("http://example.com/docs/a?print=1", false),
        ("http://example.com/blog/a/b", false),
        ("http://example.com/other", false),
    ] {
        let admitted = scope.admits(&start, &CanonicalUrl::parse(url).unwrap(), 1);
        assert_eq!(admitted, if held { Ok(()) } else { Err(OutOfScope::ByPattern) }, "{url}");
    }
    let text = serde_json::to_string(&scope).unwrap();
    assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), scope);
    assert!(serde_json::from_str::<Scope>(r#"{"include":["re:("]}"#).is_err());
}

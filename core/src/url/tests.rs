use std::path::Path;

use proptest::prelude::*;

use super::{CanonicalUrl, HostKey, UrlError};

fn canonical(text: &str) -> String {
    CanonicalUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).as_str().to_owned()
}

#[test]
fn equal_urls_have_one_form() {
    for (text, expected) in [
        ("HTTP://Example.COM", "http://example.com/"),
        (" http://example.com/a#b\n", "http://example.com/a"),
        ("http://example.com./a", "http://example.com/a"),
        ("http://example.com:80/?", "http://example.com/"),
        ("https://example.com:443/a?b", "https://example.com/a?b"),
        ("http://example.com/a/./b/../c", "http://example.com/a/c"),
        ("http://example.com/%7euser?%41=%2f", "http://example.com/~user?A=%2F"),
        ("http://example.com/a/%2e%2E/b", "http://example.com/b"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("http://0x7f.1../", "http://127.0.0.1/"),
        ("http://[::1]:8080", "http://[::1]:8080/"),
        ("http://example.com/a b", "http://example.com/a%20b"),
        ("http://example.com/100%", "http://example.com/100%"),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_crawled_is_refused_with_its_reason() {
    let long_path = format!("http://a/{}", "x".repeat(2_075));
    let long_input = format!("http://a/#{}", "x".repeat(8_192));
    let long_label = format!("http://{}.com/", "x".repeat(64));
    let long_name = format!("http://{}com/", "x.".repeat(126));
    for (text, expected) in [
        (long_label.as_str(), UrlError::HostTooLong),
        (long_name.as_str(), UrlError::HostTooLong),
        ("ftp://example.com/", UrlError::Scheme),
        ("mailto:a@example.com", UrlError::Scheme),
        ("http://user@example.com/", UrlError::Userinfo),
        ("http://:secret@example.com/", UrlError::Userinfo),
        ("http://", UrlError::NoHost),
        ("http://.../", UrlError::NoHost),
        ("http://example.com/a\tb", UrlError::ControlCharacter),
        ("http://exa\nmple.com/", UrlError::ControlCharacter),
        ("\u{1}http://example.com/", UrlError::ControlCharacter),
        (long_path.as_str(), UrlError::TooLong),
        (long_input.as_str(), UrlError::InputTooLong),
    ] {
        assert_eq!(CanonicalUrl::parse(text), Err(expected), "{text}");
    }
    assert!(CanonicalUrl::parse(&long_label.replacen('x', "", 1)).is_ok());
    assert!(matches!(CanonicalUrl::parse("/a"), Err(UrlError::Invalid(_))));
    assert!(CanonicalUrl::parse(&long_path[..2_083]).is_ok());
}

#[test]
fn references_are_resolved_against_the_page() {
    let page = CanonicalUrl::parse("https://example.com/docs/a.html?x").unwrap();
    for (href, expected) in [
        ("b.html#c", "https://example.com/docs/b.html"),
        ("../", "https://example.com/"),
        ("?y", "https://example.com/docs/a.html?y"),
        ("//other.example/z", "https://other.example/z"),
        ("", "https://example.com/docs/a.html?x"),
    ] {
        assert_eq!(page.join(href).unwrap().as_str(), expected, "{href}");
    }
    assert_eq!(page.join("javascript:void(0)"), Err(UrlError::Scheme));
}

#[test]
fn a_host_key_always_has_its_port() {
    let key = CanonicalUrl::parse("https://Example.com/a").unwrap().host_key();
    assert_eq!(key.as_str(), "https://example.com:443");
    assert_eq!((key.scheme(), key.name(), key.port()), ("https", "example.com", 443));
    assert_eq!(key.origin_url().as_str(), "https://example.com/");
    assert_eq!(HostKey::parse(key.as_str()), Ok(key));
    assert_eq!(HostKey::parse("https://example.com"), Err(UrlError::HostKey));
    let v6 = HostKey::parse("http://[::1]:8080").unwrap();
    assert_eq!((v6.name(), v6.port()), ("[::1]", 8080));
}

#[test]
fn a_url_is_serialised_as_its_text_and_checked_on_the_way_in() {
    let url: CanonicalUrl = serde_json::from_str(r#""http://EXAMPLE.com""#).unwrap();
    assert_eq!(serde_json::to_string(&url).unwrap(), r#""http://example.com/""#);
    assert!(serde_json::from_str::<CanonicalUrl>(r#""ftp://example.com""#).is_err());
}

/// The public cases, as inputs with their bases.
fn public_cases() -> Vec<serde_json::Value> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/testdata/url/urltestdata.json");
    if !Path::new(file).exists() {
        eprintln!("skipped: no shared test data");
        return Vec::new();
    }
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    cases.into_iter().filter(serde_json::Value::is_object).collect()
}

/// What a text is to us: against its base where that is a web page, else alone.
fn of_case(case: &serde_json::Value) -> Result<CanonicalUrl, UrlError> {
    let input = case["input"].as_str().unwrap();
    match case["base"].as_str().map(CanonicalUrl::parse) {
        Some(Ok(base)) => base.join(input),
        Some(Err(error)) => Err(error),
        None => CanonicalUrl::parse(input),
    }
}

/// The parts of a URL in which two spellings of one page may differ.
fn meaning(href: &str) -> String {
    let mut url = url::Url::parse(href).unwrap();
    url.set_fragment(None);
    let host = url.host_str().unwrap().trim_end_matches('.').to_owned();
    let query = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
    url.set_query(query.as_deref());
    url.set_host(Some(&host)).unwrap();
    super::percent::normalise(url.as_str()).unwrap_or_else(|| url.as_str().to_owned())
}

#[test]
fn the_public_url_cases_have_a_stable_form_of_the_same_meaning() {
    let mut seen = 0;
    let cases = public_cases();
    for case in &cases {
        let Ok(url) = of_case(case) else { continue };
        let input = &case["input"];
        assert!(case["failure"] != true, "{input} is no URL, but became {url}");
        assert_eq!(canonical(url.as_str()), url.as_str(), "{input}");
        assert_eq!(url.as_str(), meaning(case["href"].as_str().unwrap()), "{input}");
        seen += 1;
    }
    assert!(cases.is_empty() || seen > 150, "only {seen} of the public cases are web URLs");
}

#[test]
fn what_is_refused_of_the_public_cases_is_refused_for_a_reason() {
    for case in public_cases() {
        let Some(href) = case["href"].as_str() else { continue };
        let parsed = url::Url::parse(href).unwrap();
        let web = matches!(parsed.scheme(), "http" | "https");
        let plain = parsed.username().is_empty() && parsed.password().is_none();
        let input = case["input"].as_str().unwrap();
        let controls = input.trim_matches(|c: char| c.is_ascii_whitespace()).chars().any(char::is_control);
        let has_base = case["base"].as_str().is_none_or(|base| CanonicalUrl::parse(base).is_ok());
        if web && plain && has_base && !controls {
            // Without the dots at its end the last of these is the number of an address, and no good one.
            let bare = parsed.host_str().unwrap().trim_end_matches('.');
            let dots = bare.is_empty() || bare == "foo.09";
            assert!(dots || of_case(&case).is_ok(), "{input}: {:?}", of_case(&case));
        }
    }
}

proptest! {
    #[test]
    fn the_canonical_form_is_stable(
        host in "[a-z0-9.]{1,12}",
        path in "[a-zA-Z0-9%./?&=#~+*'{}|^ é\\\\-]{0,40}",
    ) {
        if let Ok(url) = CanonicalUrl::parse(&format!("http://{host}/{path}")) {
            prop_assert_eq!(canonical(url.as_str()), url.as_str());
            prop_assert_eq!(url.join(url.as_str()).unwrap(), url.clone());
            prop_assert!(url.path_and_query().starts_with('/'));
            prop_assert_eq!(HostKey::parse(url.host_key().as_str()).unwrap(), url.host_key());
        }
    }

    #[test]
    fn escapes_alone_have_a_stable_form(path in "[%0-9a-fA-F]{0,24}") {
        let url = CanonicalUrl::parse(&format!("http://a/{path}?{path}")).unwrap();
        prop_assert_eq!(canonical(url.as_str()), url.as_str());
    }
}

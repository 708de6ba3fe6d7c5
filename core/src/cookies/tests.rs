use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn url(text: &str) -> CanonicalUrl {
    CanonicalUrl::parse(text).unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_hours(500_000)
}

/// What is sent to `to` after `from` has set `headers`.
fn sent(from: &str, headers: &[&str], to: &str) -> Option<String> {
    let mut jar = Jar::default();
    for header in headers {
        jar.take(&url(from), header, now());
    }
    jar.header(&url(to), now())
}

#[test]
fn a_cookie_goes_where_the_standard_lets_it_go_and_nowhere_else() {
    for (from, header, to, is_sent) in [
        ("http://a.example/", "s=1", "http://a.example/x/y", true),
        ("http://a.example/", "s=1", "https://a.example/", true),
        ("http://a.example/", "s=1", "http://b.a.example/", false),
        ("http://a.example/", "s=1", "http://evil-a.example/", false),
        ("http://www.a.example/", "s=1; Domain=a.example", "http://b.a.example/", true),
        ("http://www.a.example/", "s=1; domain=.A.Example", "http://a.example/", true),
        ("http://www.a.example/", "s=1; Domain=a.example", "http://ba.example/", false),
        ("http://www.a.example/", "s=1; Domain=b.example", "http://www.a.example/", false),
        ("http://a.example/", "s=1; Domain=www.a.example", "http://www.a.example/", false),
        ("http://a.co.uk/", "s=1; Domain=co.uk", "http://b.co.uk/", false),
        ("http://a.co.uk/", "s=1; Domain=co.uk", "http://a.co.uk/", false),
        ("http://a.com/", "s=1; Domain=com", "http://b.com/", false),
        ("http://me.github.io/", "s=1; Domain=github.io", "http://you.github.io/", false),
        ("http://github.io/", "s=1; Domain=github.io", "http://github.io/", true),
        ("http://github.io/", "s=1; Domain=github.io", "http://you.github.io/", false),
        ("http://127.0.0.1/", "s=1", "http://127.0.0.1/", true),
        ("http://127.0.0.1/", "s=1; Domain=0.0.1", "http://127.0.0.1/", false),
        ("http://127.0.0.1/", "s=1", "http://127.0.0.2/", false),
        ("http://[::1]/", "s=1; Domain=[::1]", "http://[::1]/", true),
        ("http://localhost/", "s=1; Domain=localhost", "http://localhost/", true),
        ("http://a.example/x/y", "s=1", "http://a.example/x/z", true),
        ("http://a.example/x/y", "s=1", "http://a.example/x", true),
        ("http://a.example/x/y", "s=1", "http://a.example/xy", false),
        ("http://a.example/x/y", "s=1", "http://a.example/", false),
        ("http://a.example/x/y", "s=1; Path=/", "http://a.example/", true),
        ("http://a.example/", "s=1; Path=/x/", "http://a.example/x", false),
        ("http://a.example/", "s=1; Path=/x/", "http://a.example/x/", true),
        ("http://a.example/x/y", "s=1; Path=relative", "http://a.example/z", false),
        ("https://a.example/", "s=1; Secure", "https://a.example/", true),
        ("https://a.example/", "s=1; Secure", "http://a.example/", false),
        ("http://a.example/", "s=1; Secure", "https://a.example/", false),
        ("https://a.example/", "__Host-s=1; Secure; Path=/", "https://a.example/x", true),
        ("https://a.example/", "__Host-s=1; Secure", "https://a.example/x", true),
        ("https://a.example/x/", "__Host-s=1; Secure", "https://a.example/x/", false),
        (
            "https://www.a.example/",
            "__host-s=1; Secure; Path=/; Domain=a.example",
            "https://a.example/",
            false,
        ),
        ("https://a.example/", "__Secure-s=1", "https://a.example/", false),
        ("https://a.example/", "=__Secure-s=1", "https://a.example/", false),
        ("http://a.example/", "s=1; Max-Age=60", "http://a.example/", true),
        ("http://a.example/", "s=1; Max-Age=0", "http://a.example/", false),
        ("http://a.example/", "s=1; Max-Age=-1", "http://a.example/", false),
        ("http://a.example/", "s=1; Max-Age=x", "http://a.example/", true),
        ("http://a.example/", "s=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT", "http://a.example/", false),
        (
            "http://a.example/",
            "s=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=9",
            "http://a.example/",
            true,
        ),
        ("http://a.example/", "s=1; Expires=soon", "http://a.example/", true),
        ("http://a.example/", "s=1\u{1}", "http://a.example/", false),
        ("http://a.example/", "=", "http://a.example/", false),
    ] {
        let expected = is_sent.then(|| header.split(';').next().unwrap().to_owned());
        assert_eq!(sent(from, &[header], to), expected, "{header} of {from} to {to}");
    }
}

#[test]
fn the_longest_path_comes_first_then_what_was_set_first() {
    let set = ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "a=4; Path=/", " quoted = \"q\" "];
    assert_eq!(
        sent("http://a.example/", &set, "http://a.example/x/").unwrap(),
        "b=2; a=4; c=3; quoted=\"q\""
    );
    assert_eq!(sent("http://a.example/", &["nameless"], "http://a.example/").unwrap(), "nameless");
}

#[test]
fn a_cookie_ends_with_its_time_and_is_removed_on_request() {
    let mut jar = Jar::default();
    let (page, minute) = (url("http://a.example/"), Duration::from_mins(1));
    jar.take(&page, "s=1; Max-Age=60", now());
    assert!(jar.header(&page, now()).is_some());
    assert!(jar.header(&page, now() + minute).is_none());
    jar.take(&page, "s=1; Max-Age=0", now());
    assert!(jar.header(&page, now()).is_none());
    assert_eq!(jar.changes(), 2);
    jar.take(&page, "s=1; Max-Age=0", now());
    assert_eq!(jar.changes(), 2, "nothing was there to remove");
}

#[test]
fn plain_http_cannot_replace_what_came_over_a_safe_line() {
    let mut jar = Jar::default();
    jar.take(&url("https://a.example/"), "s=1; Secure", now());
    jar.take(&url("http://a.example/"), "s=2", now());
    jar.take(&url("http://a.example/x/"), "s=3", now());
    jar.take(&url("http://a.example/"), "t=4", now());
    assert_eq!(jar.header(&url("https://a.example/x/"), now()).unwrap(), "s=1; t=4");
}

#[test]
fn the_same_cookie_again_is_no_change() {
    let mut jar = Jar::default();
    for _ in 0..3 {
        jar.take(&url("http://a.example/"), "s=1", now());
    }
    assert_eq!(jar.changes(), 1);
}

#[test]
fn a_jar_and_what_is_sent_stay_bounded() {
    let mut jar = Jar::default();
    for n in 0..2 * MOST {
        jar.take(&url(&format!("http://h{}.example/", n % 100)), &format!("c{n}=x"), now());
        jar.take(&url("http://a.example/"), &format!("c{n}={}", "x".repeat(1_000)), now());
    }
    assert!(jar.cookies.len() <= MOST);
    let header = jar.header(&url("http://a.example/"), now()).unwrap();
    assert!(header.len() <= LONGEST_HEADER && header.len() > LONGEST_HEADER / 2, "{}", header.len());
    jar.take(&url("http://a.example/"), &format!("huge={}", "x".repeat(5_000)), now());
    assert!(!jar.header(&url("http://a.example/"), now()).unwrap().contains("huge"));
}

#[test]
fn any_header_is_read_without_a_panic() {
    for header in
        ["", ";", "=;=;=", "é=ü; Path=/é; Domain=é", "__Hosté-=1", "a=b; expires=é:é:é", "a=b; Max-Age=-"]
    {
        sent("http://a.example/é/", &[header], "http://a.example/é/");
    }
}

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Robots, RuleLine};

fn allowed(robots_txt: &str, path: &str) -> bool {
    Robots::parse(robots_txt.as_bytes()).agent("FooBot").check(path).allowed
}

#[test]
fn cases_in_which_other_parsers_err_are_answered_as_the_rfc_has_it() {
    let foo = "User-agent: FooBot\n";
    for (rule, path, expected) in [
        ("Disallow: /secret%aa", "/secret%aa", false),
        ("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", false),
        ("Disallow: /foo/bar/baz", "/foo/bar/%62%61%7A", false),
        ("Disallow: /ツ", "/%E3%83%84", false),
        ("Disallow: /%E3%83%84", "/%e3%83%84", false),
        ("Crawl-delay: 5\nUser-agent: BarBot\nDisallow: /", "/a", false),
        ("User-agent: *\nAllow: /\nUser-agent: FooBot\nDisallow: /c", "/c", false),
        ("Disallow: /a\nUser-agent: *\nUser-agent: FooBot\nDisallow: /c", "/c", false),
        ("Disallow: /*?x=\nAllow: /p?x=1$", "/p?x=1", true),
        ("Disallow: /index.html", "/", true),
        ("Disallow: /a%2Fb", "/a/b", true),
        ("Disallow: /path/file-with-a-%2A.html", "/path/file-with-a-*.html", false),
        ("Disallow: /robots.txt", "/robots.txt", true),
        ("Disallow: /a b'", "/a%20b%27", false),
    ] {
        assert_eq!(allowed(&format!("{foo}{rule}"), path), expected, "{rule} on {path}");
    }
    assert!(!allowed("User-agent: foobot/1.2 mozilla\nDisallow: /", "/"));
    assert!(!allowed("\u{FEFF}User-agent: *\nDisallow: /", "/"));
    assert!(allowed("Disallow: /\nUser-agent: *\nAllow: /", "/"));
}

#[test]
fn a_decision_names_its_line() {
    let robots = Robots::parse(b"user-agent: *\n\n  Disallow: /private # not\x07 yours\nAllow: /");
    let refused = robots.agent("rad").check("/private/x");
    let text = "Disallow: /private # not yours".to_owned();
    assert!(!refused.allowed);
    assert_eq!(refused.line, Some(RuleLine { number: 3, text }));
    assert_eq!(robots.agent("rad").check("/x").line.unwrap().number, 4);
}

#[test]
fn a_host_without_rules_is_open_and_an_unreachable_one_closed() {
    let open = Robots::allow_all().agent("rad").check("/a");
    assert_eq!((open.allowed, open.line), (true, None));
    let closed = Robots::deny_all().agent("rad").check("/a");
    assert_eq!((closed.allowed, closed.line), (false, None));
}

#[test]
fn a_crawl_delay_holds_for_the_agents_above_it() {
    let delay =
        |robots_txt: &str, agent: &str| Robots::parse(robots_txt.as_bytes()).agent(agent).crawl_delay();
    let list =
        "User-agent: a\nCrawl-delay: 1.5\nUser-agent: b\nCrawl-delay: 9999\nUser-agent: *\nDisallow: /x";
    assert_eq!(delay(list, "a"), Some(Duration::from_millis(1_500)));
    assert_eq!(delay(list, "b"), Some(Duration::from_mins(5)));
    assert_eq!(delay(list, "c"), None);
    for value in ["-1", "NaN", "soon", "", "-inf"] {
        assert_eq!(delay(&format!("User-agent: *\nCrawl-delay: {value}"), "a"), None, "{value}");
    }
    let infinite = delay("User-agent: *\nCrawl-delay: inf", "a");
    assert_eq!(infinite, Some(Duration::from_mins(5)));
}

#[test]
fn sitemaps_are_for_everybody_and_end_no_group() {
    let robots = Robots::parse(b"User-agent: FooBot\nSitemap: https://e/s.xml\nUser-agent: x\nDisallow: /");
    assert_eq!(robots.sitemaps(), ["https://e/s.xml"]);
    assert!(!robots.agent("foobot").check("/").allowed);
}

#[test]
fn a_rule_that_the_size_limit_cuts_is_dropped() {
    let mut body = b"User-agent: *\nAllow: /\n".to_vec();
    while body.len() < super::MAX_BYTES - 12 {
        body.push(b'#');
    }
    body.extend_from_slice(b"\nDisallow: /private/only");
    assert!(Robots::parse(&body).agent("rad").check("/x").allowed);
}

#[test]
fn wildcards_cost_linear_time() {
    let rule = format!("Disallow: {}b\n", "/*a".repeat(5_000));
    let robots = Robots::parse(format!("User-agent: *\n{}", rule.repeat(30)).as_bytes());
    let path = "/a".repeat(8_000);
    let start = Instant::now();
    assert!(robots.agent("rad").check(&path).allowed);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

/// The definition of `*` and `$`, with backtracking.
fn matches_by_definition(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => true,
        [b'$'] => path.is_empty(),
        [b'*', rest @ ..] => (0..=path.len()).any(|at| matches_by_definition(rest, &path[at..])),
        [byte, rest @ ..] => path.first() == Some(byte) && matches_by_definition(rest, &path[1..]),
    }
}

proptest! {
    #[test]
    fn the_matcher_agrees_with_the_definition(pattern in "/[ab*]{0,8}[$]?", path in "/[ab]{0,10}") {
        let expected = !matches_by_definition(pattern.as_bytes(), path.as_bytes());
        prop_assert_eq!(allowed(&format!("User-agent: *\nDisallow: {pattern}"), &path), expected);
    }

    #[test]
    fn no_bytes_break_the_parser(body in proptest::collection::vec(any::<u8>(), 0..200), path in "/.{0,20}") {
        let robots = Robots::parse(&body);
        robots.agent("rad").check(&path);
    }
}

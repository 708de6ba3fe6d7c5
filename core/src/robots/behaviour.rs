//! What a file means, case by case: RFC 9309, the older drafts, and what people write.

use super::Robots;

/// A file and, by agent and path, whether it may be fetched.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str, bool)]);

fn check(cases: &[Case<'_>]) {
    for (file, answers) in cases {
        for (agent, path, allowed) in *answers {
            let decision = Robots::parse(file.as_bytes()).agent(agent).check(path);
            assert_eq!(decision.allowed, *allowed, "{agent} at {path} by\n{file}");
        }
    }
}

#[test]
fn a_crawler_obeys_all_groups_that_name_it_and_no_other() {
    check(&[
        (
            "User-agent: a\nDisallow: /x\nUser-agent: *\nDisallow: /y\nUser-agent: A\nDisallow: /z",
            &[
                ("a", "/x", false),
                ("a", "/y", true),
                ("a", "/z", false),
                ("b", "/y", false),
                ("b", "/x", true),
            ],
        ),
        ("User-agent: a\nUser-agent: b\n\n\nDisallow: /x", &[("a", "/x", false), ("b", "/x", false)]),
        (
            "User-agent: *\nDisallow: /\nUser-agent: free\nDisallow:",
            &[("free", "/x", true), ("c", "/x", false)],
        ),
        ("User-agent: closed\nDisallow: /\nUser-agent: last", &[("last", "/", true), ("closed", "/", false)]),
        (
            "User-agent: *\nDisallow: /a\nUser-agent: *\nDisallow: /b",
            &[("x", "/a", false), ("x", "/b", false)],
        ),
        ("Disallow: /\nAllow: /x\nCrawl-delay: 3", &[("a", "/", true)]),
        ("User-agent:\nDisallow: /", &[("a", "/", true)]),
        (
            "User-agent: a\nUnknown: x\nSitemap: y\nUser-agent: b\nDisallow: /",
            &[("a", "/", false), ("b", "/", false)],
        ),
        ("", &[("a", "/", true)]),
        ("<!doctype html><p>Disallow: /", &[("a", "/", true)]),
    ]);
}

#[test]
fn a_name_is_a_product_with_or_without_version_in_any_case() {
    check(&[
        (
            "User-agent: FooBot/2.1 (x)\nDisallow: /",
            &[
                ("foobot", "/", false),
                ("FOOBOT/9", "/", false),
                ("Foo", "/", true),
                ("foobot-news", "/", true),
                ("Mozilla/5.0 (compatible; FooBot/3.0; +http://foo.test/bot)", "/", false),
                ("Mozilla/5.0 (compatible; BarBot/3.0)", "/", true),
            ],
        ),
        (
            "User-agent: 1bot\nDisallow: /1\nUser-agent: 2bot\nDisallow: /2\nUser-agent: x3y\nDisallow: /3",
            &[
                ("1bot", "/1", false),
                ("1bot", "/2", true),
                ("2bot", "/2", false),
                ("x3y/1.0", "/3", false),
                ("x4y", "/3", true),
            ],
        ),
        ("User-agent: gr\u{fc}n-bot\nDisallow: /", &[("Gr\u{dc}N-Bot/1", "/", false), ("bot", "/", true)]),
        ("User-agent: foo*bot\nDisallow: /", &[("foobot", "/", false), ("foo*bot", "/", false)]),
        ("User-agent: two words\nDisallow: /", &[("two", "/", false), ("two words", "/", true)]),
        ("User-agent: * # all\nDisallow: /", &[("*", "/", false), ("any / 1.0", "/", false)]),
        ("User-agent: *bots\nDisallow: /", &[("a", "/", true)]),
    ]);
}

#[test]
fn the_longest_pattern_decides_and_of_equals_the_one_that_allows() {
    check(&[
        ("User-agent: *\nDisallow: /\nAllow: /p", &[("a", "/page", true), ("a", "/q", false)]),
        ("User-agent: *\nAllow: /p\nDisallow: /*.html", &[("a", "/p", true), ("a", "/p.html", false)]),
        ("User-agent: *\nDisallow: /f\nAllow: /f", &[("a", "/f/x", true)]),
        (
            "User-agent: *\nAllow: /$\nDisallow: /",
            &[("a", "/", true), ("a", "/?q", false), ("a", "/x", false)],
        ),
        ("User-agent: *\nDisallow:\nDisallow: /x\nAllow:", &[("a", "/x", false), ("a", "/y", true)]),
        ("User-agent: *\nAllow: */p\nDisallow: /", &[("a", "/page", true)]),
        ("User-agent: *\nAllow: /page\nDisallow: */*.htm", &[("a", "/page.htm", false)]),
    ]);
}

#[test]
fn wildcards_stand_where_they_are_written() {
    check(&[
        (
            "User-agent: *\nDisallow: /a*/b$",
            &[("x", "/a/b", false), ("x", "/ac/d/b", false), ("x", "/a/bc", true), ("x", "/a/b/b", false)],
        ),
        ("User-agent: *\nDisallow: *", &[("x", "/", false)]),
        ("User-agent: *\nDisallow: *m", &[("x", "/am", false), ("x", "/b", true)]),
        (
            "User-agent: *\nDisallow: /a*****b*",
            &[("x", "/ab", false), ("x", "/aXbY", false), ("x", "/a", true)],
        ),
        ("User-agent: *\nDisallow: /*?", &[("x", "/?q", false), ("x", "/q", true)]),
        ("User-agent: *\nDisallow: /*s=", &[("x", "/s/", true), ("x", "/?as=1", false)]),
        ("User-agent: *\nDisallow: /$x", &[("x", "/$xy", false), ("x", "/%24x", false), ("x", "/x", true)]),
        ("User-agent: *\nDisallow: /x$", &[("x", "/x$", false), ("x", "/x%24", false), ("x", "/xy", true)]),
        ("User-agent: *\nDisallow: /%2A%24", &[("x", "/*$", false), ("x", "/ab", true)]),
        ("User-agent: *\nDisallow: /*.gif$", &[("x", "/a.gif", false), ("x", "/a.gif?x", true)]),
        ("User-agent: *\nDisallow: $", &[("x", "/", true)]),
        ("User-agent: *\nDisallow: //a/*", &[("x", "//a/b", false), ("x", "/a/b", true)]),
    ]);
}

#[test]
fn every_spelling_of_a_closed_path_is_closed_and_only_the_spelled_one_is_opened() {
    let closed = |rule: &'static str| format!("User-agent: *\nDisallow: {rule}");
    for rule in ["/%7Ejoe/\u{e9}<", "/~joe/%C3%a9%3C", "/~jo%65/\u{e9}%3c"] {
        for path in ["/~joe/\u{e9}<", "/%7ejoe/%c3%A9%3C"] {
            check(&[(&closed(rule), &[("a", path, false)])]);
        }
    }
    check(&[
        (
            "User-agent: *\nDisallow: /\nAllow: /%7Ejoe/\nAllow: /a%3cb",
            &[("a", "/~joe/", true), ("a", "/%7ejoe/", true), ("a", "/a<b", true), ("a", "/a%3Cb", true)],
        ),
        (
            "User-agent: *\nDisallow: /\nAllow: /b%61r\nAllow: /\u{e9}",
            &[("a", "/bar", false), ("a", "/b%61r", true), ("a", "/%C3%A9", true), ("a", "/\u{e9}", false)],
        ),
        ("User-agent: *\nDisallow: /a%2fb", &[("x", "/a/b", true), ("x", "/a%2Fb", false)]),
        ("User-agent: *\nDisallow: /p;x?y=1&z", &[("x", "/p;x?y=1&z", false)]),
        ("User-agent: *\nDisallow: /X/", &[("x", "/x/", true)]),
    ]);
}

#[test]
fn slips_are_understood_where_their_meaning_is_plain() {
    for slip in [
        "Dissallow: /x",
        "DISALOW:/x",
        "diasllow :\t/x",
        "disallaw /x",
        "disallow\t/x",
        "Disallow: x",
        "disallow-all: /x",
    ] {
        let file = format!("user agent: *\n{slip}");
        check(&[(&file, &[("a", "/x", false), ("a", "/y", true)])]);
    }
    check(&[
        ("useragent *\ndisallow /x", &[("a", "/x", false)]),
        ("User-agent: *\nthis is prose: with a colon\nDisallow: /x # why", &[("a", "/x", false)]),
        ("User-agent: *\nDisallow: /a#b", &[("a", "/a", false), ("a", "/ab", false)]),
        ("User-agent: *\n:::\n:/x\nDisallow: /x", &[("a", "/x", false), ("a", "/y", true)]),
        ("User-agent: *\nDisallow: http://example.com/x", &[("a", "/x", true)]),
        ("User-agent: *\nNoindex: /x\nHost: x\nRequest-rate: 1/5", &[("a", "/x", true)]),
    ]);
}

#[test]
fn every_line_ending_and_byte_order_mark_is_one() {
    for end in ["\n", "\r", "\r\n", "\n\r\n"] {
        for mark in ["", "\u{feff}"] {
            let file = [mark, "User-agent: a", end, end, "Disallow: /x", end, "Allow: /x/y"].concat();
            check(&[(&file, &[("a", "/x", false), ("a", "/x/y", true), ("a", "/", true)])]);
        }
    }
}

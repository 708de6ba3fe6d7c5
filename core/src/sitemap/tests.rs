use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn addresses(text: &str) -> (Kind, Vec<String>) {
    let sitemap = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (sitemap.kind, sitemap.entries.into_iter().map(|entry| entry.address).collect())
}

fn one(address: &str) -> Vec<String> {
    vec![address.to_owned()]
}

#[test]
fn every_form_of_a_sitemap_is_read() {
    let page = "http://a.com/?x=1&y=2";
    for (text, kind) in [
        (
            "<?xml version='1.0'?><urlset xmlns='x'><url><loc>\n http://a.com/?x=1&amp;y=2 </loc></url></urlset>",
            Kind::Pages,
        ),
        (
            "\u{FEFF}\n<sm:urlset><sm:url><sm:loc><![CDATA[http://a.com/?x=1&y=2]]></sm:loc></sm:url></sm:urlset>",
            Kind::Pages,
        ),
        ("<sitemapindex><sitemap><loc>http://a.com/?x=1&#38;y=2</loc></sitemap></sitemapindex>", Kind::Index),
        (
            "<rss><channel><link>http://a.com/</link><item><title>t</title><link>http://a.com/?x=1&amp;y=2</link></item></channel></rss>",
            Kind::Feed,
        ),
        (
            "<rdf:RDF><channel/><item rdf:about='x'><link>http://a.com/?x=1&amp;y=2</link></item></rdf:RDF>",
            Kind::Feed,
        ),
        (
            "<feed><link href='http://a.com/'/><entry><link rel='self' href='http://a.com/s'/><link href='http://a.com/?x=1&amp;y=2'/></entry></feed>",
            Kind::Feed,
        ),
        ("# pages\nhttp://a.com/?x=1&y=2\r\nnot a URL\n", Kind::Pages),
    ] {
        assert_eq!(addresses(text), (kind, one(page)), "{text}");
    }
}

#[test]
fn dates_and_translations_come_with_their_page() {
    let text = "<urlset><!-- <url><loc>http://a.com/no</loc></url> --><url><loc>http://a.com/en</loc>\
                <lastmod>2026-05-04T10:00:00Z</lastmod><image:image><image:loc>http://a.com/i.png</image:loc></image:image>\
                <xhtml:link rel=\"alternate\" hreflang=\"de\" href=\"http://a.com/de\"/></url>\
                <url><lastmod>soon</lastmod><loc>http://a.com/2</loc></url><url><lastmod>2026</lastmod></url></urlset>";
    let sitemap = parse(text).unwrap();
    let first = Entry {
        address: "http://a.com/en".to_owned(),
        changed: Some("2026-05-04T10:00:00Z".to_owned()),
        alternates: one("http://a.com/de"),
    };
    let second = Entry { address: "http://a.com/2".to_owned(), ..Entry::default() };
    assert_eq!(sitemap.entries, [first, second]);
}

#[test]
fn a_document_type_declaration_refuses_the_document() {
    let laughs = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]>\
                  <urlset><url><loc>http://a.com/&lol2;</loc></url></urlset>";
    assert_eq!(parse(laughs), Err(SitemapError::Dtd));
    let external = "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><urlset/>";
    assert_eq!(parse(external), Err(SitemapError::Dtd));
    assert_eq!(parse("<urlset><!DOCTYPE x></urlset>"), Err(SitemapError::Dtd));
    assert_eq!(
        addresses("<urlset><url><loc>http://a.com/&unknown;</loc></url></urlset>").1,
        one("http://a.com/&unknown;")
    );
}

#[test]
fn what_is_no_sitemap_is_not_read_as_one() {
    for text in ["", "<html><body>x</body></html>", "<svg/>", "plain text", "{}", "<", "<urlset"] {
        assert_eq!(parse(text), Err(SitemapError::Other), "{text}");
    }
}

#[test]
fn a_document_that_breaks_off_gives_what_came_before() {
    let text = "<urlset><url><loc>http://a.com/1</loc></url><url><loc>http://a.com/2</loc><a x='";
    assert_eq!(addresses(text).1, one("http://a.com/1"));
}

#[test]
fn a_sitemap_beyond_its_limits_is_truncated() {
    let mut text = "<urlset>".to_owned();
    for number in 0..=MAX_ENTRIES {
        write!(text, "<url><loc>http://a.com/{number}</loc></url>").unwrap();
    }
    let sitemap = parse(&text).unwrap();
    assert_eq!((sitemap.entries.len(), sitemap.is_truncated), (MAX_ENTRIES, true));
    let lines = "http://a.com/x\n".repeat(MAX_ENTRIES + 1);
    let sitemap = parse(&lines).unwrap();
    assert_eq!((sitemap.entries.len(), sitemap.is_truncated), (MAX_ENTRIES, true));
    let long = format!("<urlset><url><loc>http://a.com/{}</loc></url></urlset>", "x".repeat(9_000));
    assert!(parse(&long).unwrap().entries.is_empty());
    let deep = "<a>".repeat(1_000_000);
    assert!(parse(&format!("<urlset>{deep}")).unwrap().entries.is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        parts in proptest::collection::vec("(<urlset>|<url>|<loc>|</loc>|</url>|<!\\[CDATA\\[|\\]\\]>|<!--|-->|&amp;|&#x[0-9a-f]{0,9};|<link href=['\"]|/>|[^\u{0}]{0,6})", 0..30),
    ) {
        if let Ok(sitemap) = parse(&parts.concat()) {
            for entry in sitemap.entries {
                prop_assert!(!entry.address.is_empty());
            }
        }
    }
}

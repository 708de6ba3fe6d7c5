//! What a crawler must know of an HTML page: its links, its base and its wishes.

use crate::oracle::tags::{Tag, tags};

/// What a page or its headers ask of crawlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// The page is not to be stored.
    pub(crate) noindex: bool,
    /// The links of the page are not to be followed.
    pub(crate) nofollow: bool,
}

/// The findings in one page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// As they stand in the page, in its order.
    pub(crate) links: Vec<String>,
    /// The first `<base href>`.
    pub(crate) base: Option<String>,
    pub(crate) wishes: Wishes,
}

impl Wishes {
    /// Adds what a list of directives says.
    pub(crate) fn add(&mut self, directives: &str) {
        for directive in directives.split([',', ' ', '\t', '\n']) {
            let none = directive.eq_ignore_ascii_case("none");
            self.noindex |= none || directive.eq_ignore_ascii_case("noindex");
            self.nofollow |= none || directive.eq_ignore_ascii_case("nofollow");
        }
    }

    /// Adds an `X-Robots-Tag` header, which may be addressed to one agent: `name: noindex`.
    pub(crate) fn add_header(&mut self, value: &str, agent: &str) {
        match value.split_once(':') {
            Some((name, directives)) if name.trim().eq_ignore_ascii_case(agent) => {
                self.add(directives);
            }
            Some((name, _)) if !name.contains(',') && !is_dated(name) => {}
            _ => self.add(value),
        }
    }
}

/// True for the directives that have a colon themselves.
fn is_dated(name: &str) -> bool {
    let dated = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];
    dated.iter().any(|directive| name.trim().eq_ignore_ascii_case(directive))
}

/// Scans a page for the crawler named `agent`.
pub(crate) fn scan(html: &str, agent: &str) -> Scan {
    let mut scan = Scan::default();
    for tag in tags(html) {
        match tag.name.as_str() {
            "a" | "area" => scan.links.extend(tag.attribute("href").map(str::to_owned)),
            "frame" | "iframe" => scan.links.extend(tag.attribute("src").map(str::to_owned)),
            "base" if scan.base.is_none() => scan.base = tag.attribute("href").map(str::to_owned),
            "meta" => scan.wishes.add(directives(&tag, agent)),
            _ => {}
        }
    }
    scan
}

/// The directives of a meta tag for all crawlers or for `agent`.
fn directives<'a>(meta: &'a Tag, agent: &str) -> &'a str {
    let name = meta.attribute("name").unwrap_or_default().trim();
    let addressed = name.eq_ignore_ascii_case("robots") || name.eq_ignore_ascii_case(agent);
    meta.attribute("content").filter(|_| addressed).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_of_links_are_found_and_nothing_else() {
        let html = "<link href=/style><base href='/b/'><base href='/c/'>\
            <A HREF='1?x&amp;y'>one</A><!-- <a href=no> --><map><area href=\"2\"></map>\
            <script>document.write('<a href=\"no\">')</script><a name=anchor>\
            <frameset><frame src=3></frameset><iframe src='4'><a href=no></iframe><img src=no><a href=5>";
        let found = scan(html, "rad");
        assert_eq!(found.links, ["1?x&y", "2", "3", "4", "5"]);
        assert_eq!(found.base.as_deref(), Some("/b/"));
        assert_eq!(found.wishes, Wishes::default());
    }

    #[test]
    fn meta_robots_counts_if_it_is_for_all_or_for_us() {
        let cases = [
            ("<meta name=robots content='noindex'>", true, false),
            ("<META NAME=ROBOTS CONTENT='index, NoFollow'>", false, true),
            ("<meta name=rad content=none>", true, true),
            ("<meta name=otherbot content=none>", false, false),
            ("<meta name=description content='noindex'>", false, false),
            ("<!-- <meta name=robots content=none> -->", false, false),
        ];
        for (html, noindex, nofollow) in cases {
            assert_eq!(scan(html, "rad").wishes, Wishes { noindex, nofollow }, "{html}");
        }
    }

    #[test]
    fn the_header_counts_if_it_is_for_all_or_for_us() {
        let cases = [
            ("noindex, nofollow", true, true),
            ("RAD: noindex", true, false),
            ("otherbot: noindex", false, false),
            ("unavailable_after: 25 Jun 2030 15:00:00 GMT, nofollow", false, true),
            ("noindex, unavailable_after: 25 Jun 2030", true, false),
        ];
        for (value, noindex, nofollow) in cases {
            let mut wishes = Wishes::default();
            wishes.add_header(value, "rad");
            assert_eq!(wishes, Wishes { noindex, nofollow }, "{value}");
        }
    }
}

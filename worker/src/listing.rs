//! Sitemaps and feeds as a crawl meets them: tasks like pages, behind the clock and the robots.txt of their host.
//!
//! The start task brings in those that robots.txt names. A sitemap ends as `skipped` with the verdict `sitemap`: it is
//! read and not stored. The pages that it lists are one link away from the start, whatever stands between, and have to
//! be in scope. The depth of a sitemap's own row is its level: an index may list sitemaps that list sitemaps.

use std::sync::Arc;

use rad_core::scope::SitemapMode;
use rad_core::sitemap::{self, Entry, SitemapError};
use rad_core::url::{CanonicalUrl, HostKey};

use crate::extract;
use crate::fetch::{Page, unpacked};

/// Where a sitemap is that no robots.txt names.
pub(crate) const USUAL_PLACE: &str = "/sitemap.xml";

/// Sitemaps of one robots.txt.
const MOST_NAMED: usize = 20;
/// Sitemaps of one index.
const MOST_CHILDREN: usize = 500;
/// Level of the deepest sitemap, the named ones being 0.
const DEEPEST_LEVEL: u16 = 2;
/// Start of every gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a sitemap lists.
pub(crate) struct Listing {
    /// Those of an index, at the next level.
    pub(crate) sitemaps: Vec<CanonicalUrl>,
    /// The newest first.
    pub(crate) pages: Vec<CanonicalUrl>,
    /// What its row says.
    pub(crate) evidence: String,
}

/// The sitemaps that a crawl begins with, by what its host's robots.txt names.
pub(crate) fn begins_with(mode: SitemapMode, host: &HostKey, named: &[String]) -> Vec<CanonicalUrl> {
    if mode == SitemapMode::Skip {
        return Vec::new();
    }
    let root = host.origin_url();
    let found: Vec<_> = named.iter().filter_map(|address| root.join(address).ok()).take(MOST_NAMED).collect();
    if found.is_empty() && matches!(mode, SitemapMode::Include | SitemapMode::Only) {
        return root.join(USUAL_PLACE).into_iter().collect();
    }
    found
}

/// The sitemaps that a file names, for a cache.
pub(crate) fn named(sitemaps: &[String]) -> Arc<[String]> {
    sitemaps.iter().take(MOST_NAMED).cloned().collect()
}

/// Reads a fetched sitemap at `level`.
pub(crate) fn read(page: &Page, level: u16) -> Result<Listing, String> {
    let body = if page.body.starts_with(&GZIP_MAGIC) {
        unpacked(&page.body, sitemap::MAX_BYTES).ok_or("the sitemap can't be unpacked")?.into()
    } else {
        page.body.clone()
    };
    let text = extract::text(&body, page.charset.as_deref()).markdown;
    let sitemap = sitemap::parse(&text).map_err(|error| match error {
        SitemapError::Dtd => format!("xml_dtd_forbidden: {error}"),
        SitemapError::Other => error.to_string(),
    })?;
    let (read, cut) = (sitemap.entries.len(), if sitemap.is_truncated { ", truncated" } else { "" });
    let mut listing = Listing { sitemaps: Vec::new(), pages: Vec::new(), evidence: String::new() };
    if sitemap.kind == sitemap::Kind::Index {
        let addresses = sitemap.entries.iter().map(|entry| entry.address.as_str());
        listing.sitemaps = urls(page, addresses).take(MOST_CHILDREN).collect();
        if level >= DEEPEST_LEVEL {
            listing.sitemaps.clear();
        }
        listing.evidence =
            format!("an index of {read} sitemaps{cut}, {} of them read", listing.sitemaps.len());
    } else {
        let mut entries = sitemap.entries;
        // Without a date a page may be new.
        entries.sort_by(|a, b| changed(b).cmp(&changed(a)));
        listing.pages = urls(page, entries.iter().flat_map(addresses)).collect();
        listing.evidence = format!("it lists {read} pages{cut}");
    }
    Ok(listing)
}

fn changed(entry: &Entry) -> (bool, Option<&str>) {
    (entry.changed.is_none(), entry.changed.as_deref())
}

fn addresses(entry: &Entry) -> impl Iterator<Item = &str> {
    std::iter::once(entry.address.as_str()).chain(entry.alternates.iter().map(String::as_str))
}

fn urls<'a>(page: &Page, addresses: impl Iterator<Item = &'a str>) -> impl Iterator<Item = CanonicalUrl> {
    addresses.filter_map(|address| page.final_url.join(address).ok())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use bytes::Bytes;
    use flate2::Compression;
    use flate2::read::GzEncoder;

    use super::*;
    use crate::fetch::{Directives, Kind};

    fn url(text: &str) -> CanonicalUrl {
        CanonicalUrl::parse(text).unwrap()
    }

    fn page(body: impl Into<Bytes>) -> Page {
        Page {
            final_url: url("http://a.com/maps/sitemap.xml"),
            status: 200,
            etag: None,
            last_modified: None,
            kind: Kind::Sitemap,
            content_type: "application/xml".to_owned(),
            charset: None,
            directives: Directives::default(),
            body: body.into(),
            is_partial: false,
            hops: Vec::new(),
        }
    }

    fn packed(mut text: impl Read) -> Vec<u8> {
        let mut packed = Vec::new();
        GzEncoder::new(&mut text, Compression::fast()).read_to_end(&mut packed).unwrap();
        packed
    }

    #[test]
    fn a_crawl_begins_with_what_robots_txt_names_or_at_the_usual_place() {
        let host = url("http://a.com/").host_key();
        let begins = |mode, named: &[&str]| {
            let named: Vec<_> = named.iter().map(|name| (*name).to_owned()).collect();
            begins_with(mode, &host, &named)
        };
        let named = ["/s.xml", "https://b.com/s.xml", "ftp://a.com/x"];
        for mode in [SitemapMode::Named, SitemapMode::Include, SitemapMode::Only] {
            assert_eq!(begins(mode, &named), [url("http://a.com/s.xml"), url("https://b.com/s.xml")]);
        }
        assert_eq!(begins(SitemapMode::Skip, &named), []);
        assert_eq!(begins(SitemapMode::Named, &[]), []);
        assert_eq!(begins(SitemapMode::Include, &[]), [url("http://a.com/sitemap.xml")]);
        assert_eq!(begins(SitemapMode::Only, &["x y:"; 100]).len(), MOST_NAMED);
    }

    #[test]
    fn pages_come_newest_first_with_their_translations() {
        let text = "<urlset><url><loc>/old</loc><lastmod>2020-01-01</lastmod></url>\
                    <url><loc>http://a.com/new</loc><lastmod>2026-01-01</lastmod>\
                    <xhtml:link hreflang='de' href='/neu'/></url><url><loc>/undated</loc></url>\
                    <url><loc>javascript:x</loc></url></urlset>";
        let listing = read(&page(text), 0).unwrap();
        let expected = ["http://a.com/undated", "http://a.com/new", "http://a.com/neu", "http://a.com/old"];
        assert_eq!(listing.pages, expected.map(url));
        assert_eq!(listing.evidence, "it lists 4 pages");
    }

    #[test]
    fn sitemaps_are_read_packed_or_plain_down_to_the_last_level() {
        let index = "<sitemapindex><sitemap><loc>b.xml</loc></sitemap></sitemapindex>";
        for body in [index.as_bytes().to_vec(), packed(index.as_bytes())] {
            for (level, children) in [(0, 1), (1, 1), (2, 0)] {
                let listing = read(&page(body.clone()), level).unwrap();
                assert_eq!(listing.sitemaps, vec![url("http://a.com/maps/b.xml"); children]);
            }
        }
        let many = "<sitemap><loc>/x</loc></sitemap>".repeat(600);
        let listing = read(&page(format!("<sitemapindex>{many}</sitemapindex>")), 0).unwrap();
        assert_eq!(listing.sitemaps.len(), MOST_CHILDREN);
        let wide: Vec<u8> = "\u{FEFF}http://a.com/x".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&page(wide), 0).unwrap().pages, [url("http://a.com/x")]);
    }

    #[test]
    fn a_packed_sitemap_that_is_a_bomb_is_refused() {
        let bomb = packed(std::io::repeat(b' ').take(200 * 1024 * 1024));
        assert_eq!(read(&page(bomb), 0).err().as_deref(), Some("the sitemap can't be unpacked"));
        let dtd = read(&page("<!DOCTYPE x><urlset/>"), 0).err().unwrap();
        assert!(dtd.starts_with("xml_dtd_forbidden"), "{dtd}");
        assert!(read(&page("<svg/>"), 0).is_err());
    }
}

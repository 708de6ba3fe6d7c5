//! What a page says about itself, and where it links to.

use std::collections::HashSet;

use html5ever::ns;
use rad_core::url::CanonicalUrl;
use scraper::Html;
use scraper::node::Element;

use crate::fetch::DEFAULT_PRODUCT;

use super::features::{Facts, Kinds};
use super::linked_data::LinkedData;
use super::metadata::Metadata;
use super::walk::{Place, Step, Walk, element, name, text_of};
use super::{MAX_LINKS, one_line};

/// Longest title in characters that is kept.
const MAX_TITLE_CHARS: usize = 500;

/// Longest language tag in characters: what RFC 5646, 4.4.1 recommends to provide for.
const MAX_LANGUAGE_CHARS: usize = 35;

/// The declarations and links of a page.
pub(super) struct Head {
    pub(super) title: Option<String>,
    /// The first heading of level 1 that is not part of a banner or sidebar.
    pub(super) first_heading: Option<String>,
    pub(super) language: Option<String>,
    pub(super) canonical: Option<CanonicalUrl>,
    /// What links are relative to.
    pub(super) base: CanonicalUrl,
    pub(super) links: Vec<CanonicalUrl>,
    pub(super) noindex: bool,
    pub(super) nofollow: bool,
    /// What `<meta>` says about the page, by Open Graph and by older names.
    pub(super) metadata: Metadata,
    pub(super) linked: LinkedData,
    pub(super) kinds: Kinds,
}

impl Head {
    /// What the choice of content has to know.
    pub(super) fn facts(&self) -> Facts {
        Facts { title: self.title.clone(), kinds: self.kinds | self.linked.kinds }
    }
}

/// Reads the declarations of a page that was fetched from `url`.
pub(super) fn read(html: &Html, url: &CanonicalUrl) -> Head {
    let mut reader = Reader {
        head: Head {
            title: None,
            first_heading: None,
            language: None,
            canonical: None,
            base: base(html, url),
            links: Vec::new(),
            noindex: false,
            nofollow: false,
            metadata: Metadata::default(),
            linked: LinkedData::default(),
            kinds: 0,
        },
        seen: HashSet::new(),
    };
    let mut walk = Walk::new(html.tree.root());
    while let Some(step) = walk.next() {
        let Step::Enter(place) = step else { continue };
        let Some(element) = element(place) else { continue };
        if element.name() == "template" {
            walk.pass_over();
        } else if element.name.ns == ns!(html) {
            reader.read(place, element);
        }
    }
    let mut head = reader.head;
    head.metadata.complete(&head.linked);
    head
}

/// The first `<base>` counts, also for links above it.
fn base(html: &Html, url: &CanonicalUrl) -> CanonicalUrl {
    let mut elements = html.tree.nodes().filter_map(element);
    let href = elements.find_map(|element| {
        let href = element.attr("href").filter(|_| element.name() == "base");
        href.map(without_breaks)
    });
    href.and_then(|href| url.join(&href).ok()).unwrap_or_else(|| url.clone())
}

struct Reader {
    head: Head,
    seen: HashSet<CanonicalUrl>,
}

impl Reader {
    fn read(&mut self, place: Place<'_>, element: &Element) {
        match element.name() {
            "html" => self.head.language = element.attr("lang").and_then(language),
            "title" if self.head.title.is_none() => {
                self.head.title = one_line(&text_of(place), MAX_TITLE_CHARS);
            }
            "h1" if self.head.first_heading.is_none() && !is_beside(place) => {
                self.head.first_heading = one_line(&text_of(place), MAX_TITLE_CHARS)
                    .map(|text| text.trim_end_matches(['¶', '#']).trim_end().to_owned());
            }
            "meta" => self.read_meta(element),
            "link" if has_word(element.attr("rel"), "canonical") => {
                let href = element.attr("href").filter(|_| self.head.canonical.is_none());
                self.head.canonical = href
                    .and_then(|href| self.head.base.join(&without_breaks(href)).ok())
                    .or(self.head.canonical.take());
            }
            "script" if element.attr("type") == Some("application/ld+json") => {
                self.head.linked.read(text_of(place).trim());
            }
            "a" | "area" => self.add_link(element.attr("href")),
            "frame" | "iframe" => self.add_link(element.attr("src")),
            _ => {}
        }
    }

    fn read_meta(&mut self, element: &Element) {
        let content = element.attr("content").unwrap_or_default();
        let says = |key: &str| element.attr(key).unwrap_or_default().trim().to_ascii_lowercase();
        if matches!(says("name").as_str(), "robots" | DEFAULT_PRODUCT) {
            for wish in content.split(',').map(|wish| wish.trim().to_ascii_lowercase()) {
                self.head.noindex |= matches!(wish.as_str(), "noindex" | "none");
                self.head.nofollow |= matches!(wish.as_str(), "nofollow" | "none");
            }
        } else if says("http-equiv") == "content-language" && self.head.language.is_none() {
            self.head.language = language(content);
        } else {
            let key = element.attr("property").or(element.attr("name")).or(element.attr("itemprop"));
            let key = key.unwrap_or_default().trim().to_ascii_lowercase();
            if key == "og:type" {
                self.head.kinds |= kind(content);
            }
            self.head.metadata.take(&key, content);
        }
    }

    fn add_link(&mut self, href: Option<&str>) {
        let Some(href) = href.filter(|_| self.head.links.len() < MAX_LINKS) else {
            return;
        };
        if let Ok(url) = self.head.base.join(&without_breaks(href))
            && self.seen.insert(url.clone())
        {
            self.head.links.push(url);
        }
    }
}

/// Browsers take line breaks and tabs out of references.
pub(super) fn without_breaks(href: &str) -> String {
    href.chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).collect()
}

fn language(tag: &str) -> Option<String> {
    let tag = tag.trim();
    let valid = tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (valid && !tag.is_empty() && tag.len() <= MAX_LANGUAGE_CHARS).then(|| tag.to_owned())
}

/// What Open Graph calls the page.
fn kind(name: &str) -> Kinds {
    match name.trim().to_ascii_lowercase().as_str() {
        "article" => 1,
        "website" => 2,
        name if name.contains("product") => 4,
        _ => 0,
    }
}

/// Whether a heading is that of the site, not of the page.
fn is_beside(place: Place<'_>) -> bool {
    let above = place.ancestors().take_while(|above| name(*above) != "body");
    let names: Vec<_> = above.map(name).collect();
    names.iter().any(|name| matches!(*name, "nav" | "footer" | "aside" | "dialog" | "noscript"))
        || names.last() == Some(&"header")
}

fn has_word(list: Option<&str>, word: &str) -> bool {
    let mut words = list.unwrap_or_default().split_ascii_whitespace();
    words.any(|other| other.eq_ignore_ascii_case(word))
}

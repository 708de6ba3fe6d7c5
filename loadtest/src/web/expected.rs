//! What a correct crawl of a synthetic site must find.

use std::collections::{BTreeMap, BTreeSet};

use rad_core::ids::Hash128;

use crate::web::graph::Kind;
use crate::web::site::Site;

/// The outcome of a crawl of the whole host from `/`, known before it starts. All URLs are given as paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Hash of a body → the paths that answer with it. One of them is stored, the others are duplicates.
    pub stored: BTreeMap<Hash128, BTreeSet<String>>,
    /// Path that answers 301 → path it leads to.
    pub redirects: BTreeMap<String, String>,
    /// Linked paths that answer 404.
    pub not_found: BTreeSet<String>,
    /// Linked paths that robots.txt forbids and nobody may fetch.
    pub disallowed: BTreeSet<String>,
}

impl Expected {
    /// Number of different contents, which is the number of pages to store.
    pub fn unique_contents(&self) -> usize {
        self.stored.len()
    }

    pub(crate) fn of(site: &Site) -> Self {
        let mut expected = Self::default();
        // Every page can be reached (see `graph`), so there is nothing to walk.
        for page in site.pages() {
            let path = site.path(page);
            match site.kind(page) {
                Some(Kind::Page | Kind::Duplicate(_)) => {
                    let html = site.html(page).unwrap_or_default();
                    let content = Hash128::of(html.as_bytes());
                    expected.stored.entry(content).or_default().insert(path);
                }
                Some(Kind::Redirect(target)) => {
                    expected.redirects.insert(path, site.path(target));
                }
                Some(Kind::Private) => {
                    expected.disallowed.insert(path);
                }
                Some(Kind::Broken) | None => {
                    expected.not_found.insert(path);
                }
            }
        }
        expected
    }
}

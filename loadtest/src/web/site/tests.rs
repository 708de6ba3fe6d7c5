//! What holds for every synthetic site.

use std::collections::{BTreeSet, VecDeque};

use rad_core::url::CanonicalUrl;

use super::*;
use crate::oracle::tags;
use crate::web::spec::{RobotsKnob, RobotsRule};

fn knobs(seed: u64, pages: u32) -> SiteSpec {
    SiteSpec {
        seed,
        pages,
        body_bytes: 4_096,
        duplicates_percent: 10,
        redirects_percent: 10,
        broken_percent: 5,
        errors_percent: 20,
        robots: RobotsKnob { rule: RobotsRule::DisallowPrivate { percent: 10 }, crawl_delay: Some(0.5) },
        ..SiteSpec::default()
    }
}

/// The paths that the HTML of `page` links to on its own host.
fn linked(site: &Site, page: PageNumber) -> Vec<String> {
    let html = site.html(page).unwrap();
    let anchors = tags::tags(&html).filter(|tag| tag.name == "a");
    let hrefs = anchors.filter_map(|tag| tag.attribute("href").map(str::to_owned));
    hrefs.filter(|href| href.starts_with('/')).collect()
}

#[test]
fn the_same_spec_gives_the_same_site_and_another_seed_another_one() {
    let (one, same, other) = (Site::new(knobs(1, 60)), Site::new(knobs(1, 60)), Site::new(knobs(2, 60)));
    for page in one.pages() {
        assert_eq!(one.path(page), same.path(page));
        assert_eq!(one.html(page), same.html(page));
        assert_eq!(one.etag(page), same.etag(page));
        assert_eq!(one.is_transient(page), same.is_transient(page));
    }
    assert_eq!(one.expected(), same.expected());
    assert!(one.expected().stored.keys().all(|content| !other.expected().stored.contains_key(content)));
}

#[test]
fn errors_and_latency_leave_the_pages_as_they_are() {
    let slow = SiteSpec { errors_percent: 90, latency: std::time::Duration::from_secs(1), ..knobs(4, 60) };
    assert_eq!(Site::new(knobs(4, 60)).expected(), Site::new(slow).expected());
}

#[test]
fn every_page_is_reached_from_the_start_through_pages_that_may_be_read() {
    for (seed, pages) in [(1, 1), (2, 2), (3, 40), (4, 700), (5, 700)] {
        let site = Site::new(knobs(seed, pages));
        let mut seen = BTreeSet::from([PageNumber(0)]);
        let mut frontier = VecDeque::from([PageNumber(0)]);
        while let Some(page) = frontier.pop_front() {
            if !matches!(site.kind(page), Some(Kind::Page | Kind::Duplicate(_))) {
                continue;
            }
            for path in linked(&site, page) {
                let target = site.page_at(&path).unwrap_or_else(|| panic!("seed {seed}: no page {path}"));
                if seen.insert(target) {
                    frontier.push_back(target);
                }
            }
        }
        assert!(site.pages().all(|page| seen.contains(&page)), "seed {seed}");
    }
}

#[test]
fn paths_are_canonical_and_name_one_page_each() {
    let site = Site::new(knobs(6, 500));
    let mut queries = 0;
    for page in site.pages() {
        let path = site.path(page);
        assert_eq!(site.page_at(&path), Some(page));
        let url = CanonicalUrl::parse(&format!("http://127.0.0.1{path}")).unwrap();
        assert_eq!(url.path_and_query(), path);
        assert_eq!(path.starts_with("/private/"), site.kind(page) == Some(Kind::Private));
        queries += usize::from(path.contains('&'));
    }
    assert!(queries > 10, "{queries}");
    let first = site.path(PageNumber(1));
    for unknown in
        ["/nowhere", "/nowhere-1", "/-1", "/guide/x-99999", &format!("{first}?x"), &format!("{first}/")]
    {
        assert_eq!(site.page_at(unknown), None, "{unknown}");
    }
}

#[test]
fn the_expectation_accounts_for_each_page_by_its_kind() {
    let site = Site::new(knobs(7, 600));
    let expected = site.expected();
    let count =
        |wanted: fn(Kind) -> bool| site.pages().filter(|page| site.kind(*page).is_some_and(wanted)).count();
    let paths: usize = expected.stored.values().map(BTreeSet::len).sum();
    assert_eq!(expected.unique_contents(), count(|kind| kind == Kind::Page));
    let duplicates = count(|kind| matches!(kind, Kind::Duplicate(_)));
    assert_eq!(paths, expected.unique_contents() + duplicates);
    assert_eq!(expected.redirects.len(), count(|kind| matches!(kind, Kind::Redirect(_))));
    assert_eq!(expected.not_found.len(), count(|kind| kind == Kind::Broken));
    assert_eq!(expected.disallowed.len(), count(|kind| kind == Kind::Private));
    // Ten percent of 600, with room for chance.
    assert!((35..=90).contains(&duplicates), "{duplicates}");
}

#[test]
fn a_duplicate_has_the_bytes_and_the_tag_of_its_original_under_its_own_path() {
    let site = Site::new(knobs(8, 200));
    let mut duplicates = 0;
    for page in site.pages() {
        if let Some(Kind::Duplicate(original)) = site.kind(page) {
            assert_eq!(site.html(page), site.html(original));
            assert_eq!(site.etag(page), site.etag(original));
            assert_ne!(site.path(page), site.path(original));
            duplicates += 1;
        }
    }
    assert!(duplicates > 5, "{duplicates}");
}

#[test]
fn pages_have_about_the_size_and_the_links_that_were_asked_for() {
    for body_bytes in [8 * 1024, 24 * 1024, 100 * 1024] {
        let site = Site::new(SiteSpec { body_bytes, pages: 300, ..SiteSpec::default() });
        for page in site.pages() {
            let bytes = site.html(page).unwrap().len();
            let wanted = usize::try_from(body_bytes).unwrap();
            // A block more or less: the largest have nearly 2 KiB.
            assert!(bytes.abs_diff(wanted) < 2_048, "{page:?} has {bytes} of {wanted} bytes");
            // Twelve of its own beside ten of the navigation, unless its children are more.
            let links = linked(&site, page).len();
            assert!((22..40).contains(&links), "{page:?} has {links} links");
        }
    }
}

#[test]
fn percentages_beyond_a_hundred_leave_the_start_page() {
    let site = Site::new(SiteSpec { pages: 50, duplicates_percent: 150, ..knobs(9, 50) });
    let expected = site.expected();
    assert_eq!(expected.unique_contents(), 1);
    assert_eq!(expected.stored.values().map(BTreeSet::len).sum::<usize>(), 50);
}

//! Which pages there are, what each is, and how they are linked.
//!
//! A page that has content and is no copy (`Kind::Page`) may have children in the spanning tree; all other
//! kinds are leaves. So every URL can be reached from the start page through pages that a crawler may read,
//! and no page is lost because the only way to it leads through a private or broken one.

use crate::web::seeded::{Purpose, Seeded};
use crate::web::spec::SiteSpec;

/// The number of a page of a site, from 0 (the start page) up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageNumber(pub u32);

/// What a page URL answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A page with content of its own.
    Page,
    /// The bytes of another page, which is a [`Kind::Page`].
    Duplicate(PageNumber),
    /// 301 to another page, which is a [`Kind::Page`].
    Redirect(PageNumber),
    /// 404.
    Broken,
    /// A page with content that robots.txt forbids.
    Private,
}

/// The graph of a site.
pub(crate) struct Graph {
    kinds: Vec<Kind>,
    /// The pages with content of their own, in order.
    content: Vec<PageNumber>,
    /// Children of page `n` in the spanning tree: `children[starts[n]..starts[n + 1]]`.
    children: Vec<PageNumber>,
    starts: Vec<usize>,
}

impl Graph {
    pub(crate) fn new(spec: &SiteSpec) -> Self {
        let mut kinds: Vec<Kind> = (0..spec.pages.max(1)).map(|number| kind(spec, number)).collect();
        let content: Vec<PageNumber> = (0..)
            .zip(&kinds)
            .filter(|(_, kind)| **kind == Kind::Page)
            .map(|(number, _)| PageNumber(number))
            .collect();
        for (number, kind) in (0..).zip(&mut kinds) {
            let mut seeded = Seeded::new(spec.seed, Purpose::Targets, number);
            if let Kind::Duplicate(target) | Kind::Redirect(target) = kind {
                *target = seeded.pick(&content);
            }
        }
        let (starts, children) = spanning_tree(spec.seed, &kinds, &content);
        Self { kinds, content, children, starts }
    }

    /// Every page of the site.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = PageNumber> + use<> {
        (0..count(&self.kinds)).map(PageNumber)
    }

    pub(crate) fn kind(&self, page: PageNumber) -> Option<Kind> {
        self.kinds.get(index(page)).copied()
    }

    /// The pages with content of their own, in order.
    pub(crate) fn content(&self) -> &[PageNumber] {
        &self.content
    }

    /// The links in the content of `page`: its children, and strangers up to `wanted` links in all.
    pub(crate) fn links(&self, seed: u64, page: PageNumber, wanted: u32) -> Vec<PageNumber> {
        let at = index(page);
        let mut links = self.children[self.starts[at]..self.starts[at + 1]].to_vec();
        let mut seeded = Seeded::new(seed, Purpose::Links, page.0);
        // A small site has fewer strangers than wanted, so the draws are bounded instead of the links.
        for _ in 0..wanted * 2 {
            if count(&links) >= wanted {
                break;
            }
            let stranger = PageNumber(seeded.below(count(&self.kinds)));
            if stranger != page && !links.contains(&stranger) {
                links.push(stranger);
            }
        }
        links
    }
}

/// The kind of page `number`; a target, if it has one, is chosen later, when all kinds are known.
fn kind(spec: &SiteSpec, number: u32) -> Kind {
    let start = PageNumber(0);
    let shares = [
        (spec.duplicates_percent, Kind::Duplicate(start)),
        (spec.redirects_percent, Kind::Redirect(start)),
        (spec.broken_percent, Kind::Broken),
        (spec.robots.private_percent(), Kind::Private),
    ];
    let mut roll = Seeded::new(spec.seed, Purpose::Kinds, number).below(100);
    for (percent, kind) in shares {
        if number != start.0 && roll < percent {
            return kind;
        }
        roll = roll.saturating_sub(percent);
    }
    Kind::Page
}

/// Gives every page but the start page a parent among the content pages before it.
fn spanning_tree(seed: u64, kinds: &[Kind], content: &[PageNumber]) -> (Vec<usize>, Vec<PageNumber>) {
    let mut edges = Vec::with_capacity(kinds.len());
    let mut parents = 1;
    for (number, kind) in (0..).zip(kinds).skip(1) {
        let parent = Seeded::new(seed, Purpose::Tree, number).pick(&content[..parents]);
        edges.push((parent, PageNumber(number)));
        parents += usize::from(*kind == Kind::Page);
    }
    edges.sort_unstable();
    let starts =
        (0..=count(kinds)).map(|number| edges.partition_point(|(parent, _)| parent.0 < number)).collect();
    (starts, edges.into_iter().map(|(_, child)| child).collect())
}

fn index(page: PageNumber) -> usize {
    usize::try_from(page.0).expect("a 32-bit index fits")
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).expect("pages are counted in 32 bits")
}

//! The synthetic site itself: its graph, its paths and its pages.

use rad_core::ids::Hash128;

use crate::web::blocks::blocks;
use crate::web::expected::Expected;
use crate::web::graph::{Graph, Kind, PageNumber};
use crate::web::page;
use crate::web::seeded::{Purpose, Seeded};
use crate::web::spec::SiteSpec;
use crate::web::vocabulary::Vocabulary;

const SECTIONS: [&str; 6] = ["guide", "reference", "howto", "concepts", "blog", "api/v2"];

/// A site that follows from its [`SiteSpec`] alone.
pub struct Site {
    spec: SiteSpec,
    graph: Graph,
    vocabulary: Vocabulary,
    blocks: Vec<String>,
    navigation: String,
    /// Names this version of the whole site in entity tags.
    version: u64,
}

impl Site {
    /// Builds the site. Costs some milliseconds and about 20 bytes of memory a page; the pages themselves
    /// are written when they are asked for.
    pub fn new(spec: SiteSpec) -> Self {
        let vocabulary = Vocabulary::new(spec.seed);
        let mut site = Self {
            graph: Graph::new(&spec),
            blocks: blocks(spec.seed, &vocabulary),
            version: version(&spec),
            navigation: String::new(),
            vocabulary,
            spec,
        };
        site.navigation = page::navigation(&site);
        site
    }

    /// The knobs this site was made with.
    pub fn spec(&self) -> &SiteSpec {
        &self.spec
    }

    /// Every page, of whatever kind.
    pub fn pages(&self) -> impl Iterator<Item = PageNumber> + use<> {
        self.graph.numbers()
    }

    /// What `page` answers; nothing if the site has no such page.
    pub fn kind(&self, page: PageNumber) -> Option<Kind> {
        self.graph.kind(page)
    }

    /// Path (and query) of `page`, in canonical form. Ends in the page's number, except for the start page
    /// and before a query.
    pub fn path(&self, page: PageNumber) -> String {
        if page.0 == 0 {
            return "/".to_owned();
        }
        let mut seeded = Seeded::new(self.spec.seed, Purpose::Names, page.0);
        let section = match self.kind(page) {
            Some(Kind::Broken) => "missing",
            Some(Kind::Private) => "private",
            _ => seeded.pick(&SECTIONS),
        };
        let slug = self.vocabulary.words(&mut seeded, 2, "-");
        // Some have a query of two parameters, so that an ampersand must be escaped in links to them.
        let query = if seeded.percent(6) { "?part=2&view=full" } else { "" };
        format!("/{section}/{slug}-{}{query}", page.0)
    }

    /// The page at this path (and query).
    pub fn page_at(&self, path: &str) -> Option<PageNumber> {
        if path == "/" {
            return Some(PageNumber(0));
        }
        let before_query = path.split('?').next()?;
        let page = PageNumber(before_query.rsplit('-').next()?.parse().ok()?);
        self.kind(page)?;
        (self.path(page) == path).then_some(page)
    }

    /// The links in the content of `page`, beside those of the navigation. They lead to every kind of page.
    pub fn links(&self, page: PageNumber) -> Vec<PageNumber> {
        self.graph.links(self.spec.seed, page, self.spec.links_per_page)
    }

    /// The links that stand in the navigation of every page.
    pub fn navigation_links(&self) -> impl Iterator<Item = PageNumber> + use<'_> {
        let count = usize::try_from(self.spec.nav_links).expect("a 32-bit count fits");
        self.graph.content().iter().copied().take(count)
    }

    /// The body that `page` answers with 200: a duplicate has that of the page it copies. Redirects and
    /// broken pages have none.
    pub fn html(&self, page: PageNumber) -> Option<String> {
        self.source(page).map(|source| page::html(self, source))
    }

    /// The entity tag of `page`'s body, with its quotes. Equal bodies have equal tags.
    pub fn etag(&self, page: PageNumber) -> Option<String> {
        self.source(page).map(|source| format!("\"{:016x}-{}\"", self.version, source.0))
    }

    /// True if the first requests to `page` answer 503.
    pub fn is_transient(&self, page: PageNumber) -> bool {
        let fails = || Seeded::new(self.spec.seed, Purpose::Errors, page.0).percent(self.spec.errors_percent);
        let kind = self.kind(page);
        page.0 != 0 && !matches!(kind, None | Some(Kind::Broken | Kind::Private)) && fails()
    }

    /// What a correct crawl of this host must find, starting at `/`. Writes every page once.
    pub fn expected(&self) -> Expected {
        Expected::of(self)
    }

    pub(crate) fn title(&self, page: PageNumber) -> String {
        let mut seeded = Seeded::new(self.spec.seed, Purpose::Names, page.0);
        // Skips what the path draws, so that title and path don't repeat each other word by word.
        seeded.next();
        format!("{} {}", self.vocabulary.title(&mut seeded), page.0)
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    pub(crate) fn blocks(&self) -> &[String] {
        &self.blocks
    }

    pub(crate) fn navigation(&self) -> &str {
        &self.navigation
    }

    /// The page whose HTML `page` answers.
    fn source(&self, page: PageNumber) -> Option<PageNumber> {
        match self.kind(page)? {
            Kind::Page | Kind::Private => Some(page),
            Kind::Duplicate(original) => Some(original),
            Kind::Redirect(_) | Kind::Broken => None,
        }
    }
}

/// A digest of the knobs. Each of them may show in the bytes of a page.
fn version(spec: &SiteSpec) -> u64 {
    let digest = Hash128::of(format!("{spec:?}").as_bytes()).0 >> 64;
    u64::try_from(digest).expect("the high half of 128 bits has 64")
}

#[cfg(test)]
mod tests;

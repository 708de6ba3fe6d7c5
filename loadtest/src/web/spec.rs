//! The knobs of a synthetic site.

use std::time::Duration;

/// What a synthetic site looks like and how it behaves.
///
/// The percentages are shares of all page URLs. `duplicates`, `redirects`, `broken` and private pages
/// exclude each other and are dealt in this order; what is beyond 100 in sum is cut off. The start page `/`
/// is always a page of its own that answers at once with 200.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteSpec {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Number of page URLs of every kind; 0 counts as 1.
    pub pages: u32,
    /// Links in the content of each page. A page with more children in the spanning tree has more.
    pub links_per_page: u32,
    /// Links that every page has in its navigation.
    pub nav_links: u32,
    /// Approximate size of a page's HTML in bytes. The frame and the links of a page are never cut, so tiny
    /// values are exceeded.
    pub body_bytes: u32,
    /// Time that each answer waits.
    pub latency: Duration,
    /// Pages with the exact bytes of another page.
    pub duplicates_percent: u32,
    /// Pages that answer 301 to another page of the site.
    pub redirects_percent: u32,
    /// Pages that are linked but answer 404 for ever.
    pub broken_percent: u32,
    /// Pages that answer 503 at first. Drawn independently of the kind, but never a broken or private page.
    pub errors_percent: u32,
    /// How many requests to such a page answer 503 before the others are served.
    pub error_answers: u32,
    /// The site's robots.txt.
    pub robots: RobotsKnob,
}

/// What robots.txt says to all agents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RobotsKnob {
    /// What may be fetched.
    pub rule: RobotsRule,
    /// Value of `Crawl-delay` in seconds; no such line if absent.
    pub crawl_delay: Option<f64>,
}

/// Which part of the site robots.txt opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RobotsRule {
    /// Everything, and there are no private pages.
    #[default]
    AllowAll,
    /// Everything but `/private/`, where this share of the pages lives. They are linked and would answer,
    /// so a crawler that fetches one is caught.
    DisallowPrivate {
        /// Share of all page URLs.
        percent: u32,
    },
}

impl RobotsKnob {
    /// The text of robots.txt.
    pub fn text(&self) -> String {
        let rule = match self.rule {
            RobotsRule::AllowAll => "Allow: /",
            RobotsRule::DisallowPrivate { .. } => "Disallow: /private/",
        };
        let delay = self.crawl_delay.map(|seconds| format!("Crawl-delay: {seconds}\n"));
        format!("User-agent: *\n{rule}\n{}", delay.unwrap_or_default())
    }

    /// Share of the pages that are private.
    pub(crate) fn private_percent(&self) -> u32 {
        match self.rule {
            RobotsRule::AllowAll => 0,
            RobotsRule::DisallowPrivate { percent } => percent,
        }
    }
}

impl Default for SiteSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            pages: 1_000,
            links_per_page: 12,
            nav_links: 10,
            // What a page of a documentation site weighs, assets apart.
            body_bytes: 24 * 1024,
            latency: Duration::ZERO,
            duplicates_percent: 0,
            redirects_percent: 0,
            broken_percent: 0,
            errors_percent: 0,
            error_answers: 1,
            robots: RobotsKnob::default(),
        }
    }
}

//! What follows from one answer.

use anyhow::Context as _;
use rad_core::ids::Hash128;
use rad_core::url::CanonicalUrl;
use reqwest::StatusCode;

use crate::oracle::OracleEntry;
use crate::oracle::fetch::{Answer, Fetcher};
use crate::oracle::scan::scan;

const HTML: [&str; 2] = ["text/html", "application/xhtml+xml"];
const TEXT: [&str; 2] = ["text/plain", "text/markdown"];

/// A URL with all that its answer says.
pub(crate) struct Document {
    pub(crate) url: CanonicalUrl,
    pub(crate) entry: OracleEntry,
    /// A crawl stores it.
    pub(crate) stored: bool,
    /// Where it redirects to: the text, and the URL if it is one.
    pub(crate) redirect: Option<(String, Option<CanonicalUrl>)>,
    /// URLs that are to be followed, of any host.
    pub(crate) links: Vec<CanonicalUrl>,
}

impl Document {
    pub(crate) async fn fetch(
        fetcher: &Fetcher,
        url: CanonicalUrl,
    ) -> Result<Self, (CanonicalUrl, anyhow::Error)> {
        let answer = fetcher.fetch(&url).await.context("fetching");
        match answer {
            Ok(answer) => Ok(Self::new(url, answer, fetcher.agent())),
            Err(error) => Err((url, error)),
        }
    }

    fn new(url: CanonicalUrl, answer: Answer, agent: &str) -> Self {
        let media_type = answer.content_type.as_str();
        let is_html = HTML.contains(&media_type);
        let found = answer.status == StatusCode::OK;
        let mut wishes = answer.wishes;
        let mut links = Vec::new();
        if found && is_html {
            // Links and tags are ASCII in every encoding of the web but UTF-16, which no site here uses.
            let page = scan(&String::from_utf8_lossy(&answer.body), agent);
            wishes.noindex |= page.wishes.noindex;
            wishes.nofollow |= page.wishes.nofollow;
            let base = page.base.and_then(|base| url.join(&base).ok());
            let base = base.as_ref().unwrap_or(&url);
            links = page.links.iter().filter_map(|href| base.join(href).ok()).collect();
        }
        if wishes.nofollow {
            links.clear();
        }
        let location = answer.location.filter(|_| answer.status.is_redirection());
        Self {
            redirect: location.map(|location| {
                let target = url.join(&location).ok();
                (location, target)
            }),
            stored: found && !wishes.noindex && (is_html || TEXT.contains(&media_type)),
            entry: OracleEntry {
                status: answer.status.as_u16(),
                content: Hash128::of(&answer.body),
                content_type: answer.content_type,
            },
            links,
            url,
        }
    }
}

//! Pages of the synthetic site as a worker would hand them to the commit.
//!
//! The load test does not know the worker, so a page's Markdown is made here, by simple rules that hold for the
//! synthetic site alone: sizes and chunks are those of a crawl, the text differs in details.

use rad_core::chunk::{Chunk, ChunkLimits, chunk};
use rad_core::ids::Hash128;
use rad_core::likeness::Likeness;
use rad_core::url::CanonicalUrl;
use rad_schema::commit::{End, Excluded, Link, Outcome, PageContent};
use rad_schema::documents::Compressor;
use rad_schema::ledger::Hydrated;
use rad_schema::window::Claimed;
use serde_json::json;

use super::stand::LEAST_URGENT;

use crate::web::{PageNumber, Site};

/// What is made of one page before its task is known.
#[derive(Clone)]
pub(super) struct Prepared {
    body: Vec<u8>,
    raw_bytes: u64,
    content_hash: Hash128,
    markdown: Vec<u8>,
    likeness: Option<Likeness>,
    outlinks: Vec<u8>,
    pub(super) chunks: Vec<Chunk>,
}

impl Prepared {
    /// Page `number` of the site, with `round` in it: no two rounds have a page in common.
    pub(super) fn new(site: &Site, number: u32, round: u32, compressor: &mut Compressor) -> Self {
        let html = site.html(PageNumber(number)).unwrap_or_default();
        let html = html.replacen("<p>", &format!("<p>Round {round}. "), 1);
        let markdown = markdown(&html);
        let links: Vec<_> = site.links(PageNumber(number)).into_iter().map(|link| site.path(link)).collect();
        Self {
            body: compressor.compress(html.as_bytes()),
            raw_bytes: html.len() as u64,
            content_hash: Hash128::of(html.as_bytes()),
            markdown: compressor.compress(markdown.as_bytes()),
            likeness: Likeness::of(&markdown),
            outlinks: compressor.compress(links.join("\n").as_bytes()),
            chunks: chunk(&markdown, &ChunkLimits::default()),
        }
    }

    /// The page as the outcome of a task, with one link that its crawl does not know.
    pub(super) fn outcome(self, task: &Hydrated, claim: &Claimed) -> Outcome {
        let url = CanonicalUrl::parse(&task.url).expect("the ledger holds canonical URLs");
        let link = url.join("next").expect("a word is a relative URL");
        let page = PageContent {
            url: url.as_str().to_owned(),
            url_hash: url.hash(),
            redirect_target: None,
            content_hash: self.content_hash,
            raw_bytes: self.raw_bytes,
            body: self.body,
            title: Some("A page of documentation".to_owned()),
            language: Some("en".to_owned()),
            canonical: None,
            content_type: Some("text/html".to_owned()),
            etag: Some(format!("\"{}\"", self.content_hash)),
            last_modified: None,
            outlinks: self.outlinks,
            markdown: self.markdown,
            chunks: self.chunks,
            notes: None,
            metadata: json!({}),
            likeness: self.likeness,
        };
        Outcome {
            task: task.task,
            job: task.job,
            fence: claim.fence,
            hydrated_us: task.hydrated_us,
            end: End::Page(Box::new(page)),
            links: vec![Link::new(task.job, &link, task.host, task.depth + 1, LEAST_URGENT, 0)],
            settled: Vec::new(),
            excluded: Excluded::default(),
        }
    }
}

/// The text of a page of the synthetic site, its headings and items marked.
fn markdown(html: &str) -> String {
    let main = html.split_once("<main").map_or(html, |(_, main)| main);
    let mut text = String::with_capacity(main.len());
    for piece in main.split('<').skip(1) {
        let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
        text.push_str(match tag.split(' ').next().unwrap_or_default() {
            "h1" => "# ",
            "h2" => "## ",
            "h3" => "### ",
            "li" => "- ",
            "/h1" | "/h2" | "/h3" | "/p" | "/ul" | "/ol" | "/table" => "\n\n",
            "pre" => "```\n",
            "/pre" => "```\n\n",
            _ => "",
        });
        text.push_str(after);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::SiteSpec;

    #[test]
    fn a_page_is_as_large_as_those_of_a_crawl_and_no_two_rounds_share_one() {
        let (site, mut compressor) = (Site::new(SiteSpec::default()), Compressor::default());
        let first = Prepared::new(&site, 7, 0, &mut compressor);
        let again = Prepared::new(&site, 7, 1, &mut compressor);
        assert_ne!(first.content_hash, again.content_hash);
        assert!((15..45).contains(&first.chunks.len()), "{}", first.chunks.len());
        let chunked: usize = first.chunks.iter().map(|chunk| chunk.text.len()).sum();
        assert!((12_000..24_576).contains(&chunked), "{chunked}");
    }
}

//! From a fetched body to what is stored of it: Markdown, chunks, hashes and compressed copies.
//!
//! Pure computing, some milliseconds a page: it runs on blocking threads, as many at once as there are cores.

use rad_core::chunk::{ChunkLimits, chunk};
use rad_core::ids::Hash128;
use rad_core::url::CanonicalUrl;
use rad_schema::commit::PageContent;
use rad_schema::documents::compress;

use crate::extract::HostMemory;
use crate::{extract, fetch};

/// A page that was read.
pub(crate) struct Read {
    pub(crate) page: PageContent,
    pub(crate) links: Vec<CanonicalUrl>,
    /// The page or its headers ask not to be indexed.
    pub(crate) noindex: bool,
}

/// Reads a fetched page in the light of its host's other pages. Links that must not be followed are left out.
pub(crate) fn read(fetched: fetch::Page, templates: &HostMemory) -> Read {
    let url = fetched.final_url;
    let page = match fetched.content_type.as_str() {
        "text/plain" | "text/markdown" => extract::text(&fetched.body, fetched.charset.as_deref()),
        _ => extract::page_of_host(&fetched.body, fetched.charset.as_deref(), &url, templates),
    };
    let links = if page.nofollow || fetched.directives.nofollow { Vec::new() } else { page.links };
    let listed: Vec<_> = links.iter().map(CanonicalUrl::as_str).collect();
    let content = PageContent {
        url: url.as_str().to_owned(),
        url_hash: url.hash(),
        redirect_target: None,
        content_hash: Hash128::of(&fetched.body),
        raw_bytes: fetched.body.len() as u64,
        body: compress(&fetched.body),
        title: page.title,
        language: page.language,
        canonical: page.canonical.map(|canonical| canonical.as_str().to_owned()),
        content_type: Some(fetched.content_type),
        etag: fetched.etag,
        last_modified: fetched.last_modified,
        outlinks: compress(listed.join("\n").as_bytes()),
        chunks: chunk(&page.markdown, &ChunkLimits::default()),
        markdown: compress(page.markdown.as_bytes()),
    };
    Read { page: content, links, noindex: page.noindex || fetched.directives.noindex }
}

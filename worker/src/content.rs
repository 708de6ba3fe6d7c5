//! From a fetched body to what is stored of it: Markdown, chunks, hashes and compressed copies.
//!
//! Pure computing, some milliseconds a page: it runs on blocking threads, as many at once as there are cores.

use rad_core::chunk::{ChunkLimits, chunk};
use rad_core::ids::Hash128;
use rad_core::likeness::Likeness;
use rad_core::trap;
use rad_core::url::CanonicalUrl;
use rad_schema::commit::PageContent;
use rad_schema::documents::Compressor;

use crate::engine::stages::counted;
use crate::extract::HostMemory;
use crate::{extract, fetch};

/// A page that was read.
pub(crate) struct Read {
    pub(crate) page: PageContent,
    pub(crate) links: Vec<CanonicalUrl>,
    /// What the page or its headers say when they ask not to be indexed.
    pub(crate) noindex: Option<String>,
    /// The page says that it is not there.
    pub(crate) is_missing: bool,
    /// Its text.
    pub(crate) text: String,
}

/// Reads a fetched page in the light of its host's other pages. Links that must not be followed are left out.
pub(crate) fn read(fetched: fetch::Page, templates: &HostMemory, compressor: &mut Compressor) -> Read {
    let url = fetched.final_url;
    let page = counted("extract", || match fetched.content_type.as_str() {
        "text/plain" | "text/markdown" => extract::text(&fetched.body, fetched.charset.as_deref()),
        _ => extract::page_of_host(&fetched.body, fetched.charset.as_deref(), &url, templates),
    });
    let chunks = counted("chunk", || chunk(&page.markdown, &ChunkLimits::default()));
    let links = if page.nofollow || fetched.directives.nofollow { Vec::new() } else { page.links };
    let notes = notes(fetched.is_partial, page.too_deep);
    // What is stored of a partial page is not the version that its validators name.
    let (etag, last_modified) =
        if fetched.is_partial { (None, None) } else { (fetched.etag, fetched.last_modified) };
    let listed: Vec<_> = links.iter().map(CanonicalUrl::as_str).collect();
    let (content_hash, body, outlinks, markdown) = counted("compress", || {
        (
            Hash128::of(&fetched.body),
            compressor.compress(&fetched.body),
            compressor.compress(listed.join("\n").as_bytes()),
            compressor.compress(page.markdown.as_bytes()),
        )
    });
    let content = PageContent {
        url: url.as_str().to_owned(),
        url_hash: url.hash(),
        redirect_target: None,
        content_hash,
        raw_bytes: fetched.body.len() as u64,
        body,
        title: page.title,
        language: page.language,
        canonical: page.canonical.map(|canonical| canonical.as_str().to_owned()),
        metadata: page.metadata.to_json(),
        likeness: Likeness::of(&page.text),
        content_type: Some(fetched.content_type),
        etag,
        last_modified,
        outlinks,
        chunks,
        markdown,
        notes,
    };
    let is_missing = trap::says_not_found(content.title.as_deref().unwrap_or_default(), &page.markdown);
    let by_header = fetched.directives.noindex.map(|value| format!("X-Robots-Tag: {value}"));
    let by_page = page.noindex.then(|| "the page has a <meta name=\"robots\"> with noindex".to_owned());
    Read { page: content, links, noindex: by_header.or(by_page), is_missing, text: page.markdown }
}

fn notes(is_partial: bool, too_deep: bool) -> Option<String> {
    let notes = [
        (is_partial, "partial: its content coding broke off, and this is what came before"),
        (too_deep, "too_deep: it is nested too deeply, and of the rest there is plain text only"),
    ];
    let notes: Vec<_> = notes.iter().filter(|(holds, _)| *holds).map(|(_, note)| *note).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

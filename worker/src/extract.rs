//! From the bytes of a page to its text as Markdown, its links and its wishes.
//!
//! The page is decoded, parsed once into a tree and read in three passes: the head and the links, the
//! choice of the main content, and the rendering. Nothing here trusts the page: nesting is limited while
//! parsing, no pass recurses, and no output grows out of proportion to the input.

mod blocks;
mod charset;
mod content;
mod dom;
mod features;
mod forest;
mod head;
mod host;
mod language;
mod lexicon;
mod linked_data;
mod markdown;
mod metadata;
mod plain;
mod tag;
mod walk;

use rad_core::url::CanonicalUrl;

use blocks::Layout;
use content::Fallen;
pub use host::HostMemory;
use host::Repeats;
pub use metadata::Metadata;

/// Most links of one page that are kept: as many as one commit takes.
pub const MAX_LINKS: usize = 6_000;

/// A content with fewer words is told together with the page's description.
const FEW_WORDS: usize = 40;

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The title of the head, else the first heading of level 1.
    pub title: Option<String>,
    /// The language as a BCP 47 tag: what the page declares, or else what its text looks like.
    pub language: Option<String>,
    /// The address that the page declares as its canonical one.
    pub canonical: Option<CanonicalUrl>,
    /// The links of the whole page in document order, each once, at most [`MAX_LINKS`].
    pub links: Vec<CanonicalUrl>,
    /// The page asks not to be indexed.
    pub noindex: bool,
    /// The page asks not to follow its links.
    pub nofollow: bool,
    /// The main content. Empty only where the page has no visible text.
    pub markdown: String,
    /// The main content as plain text: no marks, no targets of links, and without the headings and parts of lists
    /// that stand in the Markdown only to hold it together.
    pub text: String,
    /// What the page declares about itself.
    pub metadata: Metadata,
    /// The page is nested so deeply that only its start was parsed; of the rest there is plain text, but
    /// no links.
    pub too_deep: bool,
}

/// Reads the page of `url`. `charset_label` is the charset of the Content-Type header.
pub fn page(body: &[u8], charset_label: Option<&str>, url: &CanonicalUrl) -> Page {
    read(body, charset_label, url, None)
}

/// Reads the page of `url` in the light of what repeats on its host's pages, and remembers its blocks.
pub fn page_of_host(
    body: &[u8],
    charset_label: Option<&str>,
    url: &CanonicalUrl,
    memory: &HostMemory,
) -> Page {
    read(body, charset_label, url, Some(memory))
}

fn read(body: &[u8], charset_label: Option<&str>, url: &CanonicalUrl, memory: Option<&HostMemory>) -> Page {
    let decoded = charset::decode(body, charset_label);
    let parsed = dom::parse(&decoded);
    let head = head::read(&parsed.html, url);
    let mut content = main_content(&parsed.html, &head, url, memory);
    if let Some(rest) = parsed.unread {
        let rest = plain::paragraphs(rest);
        content.markdown = joined(&content.markdown, &rest);
        content.text = joined(&content.text, &rest);
    }
    // Character references can spell control characters that the decoder has taken out.
    for text in [&mut content.markdown, &mut content.text] {
        if has_controls(text) {
            text.retain(|c| u8::try_from(c).map_or(true, is_text));
        }
    }
    Page {
        title: head.title.or_else(|| head.first_heading.clone()),
        language: language::of(&content.text, head.language.or(head.linked.language)),
        canonical: head.canonical,
        links: head.links,
        noindex: head.noindex,
        nofollow: head.nofollow,
        markdown: content.markdown,
        text: content.text,
        metadata: head.metadata,
        too_deep: parsed.unread.is_some(),
    }
}

fn joined(start: &str, rest: &str) -> String {
    let gap = if start.is_empty() || rest.is_empty() { "" } else { "\n\n" };
    [start, gap, rest].concat()
}

/// Reads a plain text or Markdown page, which is its own content and has no links.
pub fn text(body: &[u8], charset_label: Option<&str>) -> Page {
    let text = charset::decode(body, charset_label);
    Page {
        title: None,
        language: language::of(&text, None),
        canonical: None,
        links: Vec::new(),
        noindex: false,
        nofollow: false,
        markdown: text.clone(),
        text,
        metadata: Metadata::default(),
        too_deep: false,
    }
}

/// The content in its two forms.
#[derive(Default)]
struct Content {
    markdown: String,
    text: String,
}

/// The main content, or all of the page where the choice leaves nothing.
fn main_content(
    html: &scraper::Html,
    head: &head::Head,
    url: &CanonicalUrl,
    memory: Option<&HostMemory>,
) -> Content {
    let body = content::body(html);
    let blocks = Layout::of(body);
    let host = url.host_key().to_string();
    let repeats = memory.map_or_else(Repeats::default, |memory| memory.repeats(&host));
    if let Some(memory) = memory {
        memory.note(&host, url.as_str(), blocks.blocks.iter().map(|block| blocks.text_of(block)));
    }
    let chosen = content::choose(&blocks, &head.facts(), &repeats);
    if chosen.shown.contains(&true) {
        let markdown =
            markdown::render(body, &Fallen::of(&blocks, &chosen.shown), &head.base, &blocks.note_marks);
        let text = described(blocks.plain(&chosen.text), head);
        return Content { markdown: with_heading(markdown, head), text };
    }
    let passes = [Fallen::unseen(&blocks), Fallen::Nothing].into_iter();
    let mut texts = passes.map(|fallen| markdown::render(body, &fallen, &head.base, &blocks.note_marks));
    let markdown = texts.find(|text| !text.is_empty()).unwrap_or_default();
    let shown = |all: bool| blocks.plain_of(|block| all || !blocks.around(block).hidden);
    let text = Some(shown(false)).filter(|text| !text.is_empty()).unwrap_or_else(|| shown(true));
    Content { markdown, text: described(text, head) }
}

/// Pages that a script fills have next to no text; then their own description of themselves is content.
fn described(text: String, head: &head::Head) -> String {
    let is_short = text.split_ascii_whitespace().nth(FEW_WORDS).is_none();
    let missing = |description: &&String| !text.contains(description.as_str());
    match head.metadata.description.as_ref().filter(missing) {
        Some(description) if is_short => joined(description, &text),
        _ => text,
    }
}

/// Puts the page's heading back where it stands beside the main content, not in it.
fn with_heading(text: String, head: &head::Head) -> String {
    let has_heading = text.starts_with("# ") || text.contains("\n# ");
    match &head.first_heading {
        Some(heading) if !has_heading => format!("# {}\n\n{text}", markdown::escaped(heading)),
        _ => text,
    }
}

/// Whether a byte may stand in stored text: no control characters of ASCII but line break and tab.
fn is_text(byte: u8) -> bool {
    byte >= b' ' || matches!(byte, b'\n' | b'\t')
}

/// Whether a text has control characters. Most have none, and looking at all bytes at once is far cheaper than filtering.
fn has_controls(text: &str) -> bool {
    text.bytes().fold(false, |any, byte| any | !is_text(byte))
}

/// Text on one line, without control characters, at most `most` characters of it. None if it is empty.
fn one_line(text: &str, most: usize) -> Option<String> {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let line: String = line.chars().take(most).collect();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests;

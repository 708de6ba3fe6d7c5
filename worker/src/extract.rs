//! From the bytes of a page to its text as Markdown, its links and its wishes.
//!
//! The page is decoded, parsed once into a tree and read in three passes: the head and the links, the
//! choice of the main content, and the rendering. Nothing here trusts the page: nesting is limited while
//! parsing, no pass recurses, and no output grows out of proportion to the input.

mod charset;
mod content;
mod dom;
mod head;
mod markdown;
mod plain;
mod walk;

use rad_core::url::CanonicalUrl;

use markdown::Keep;

/// Most links of one page that are kept: as many as one commit takes.
pub const MAX_LINKS: usize = 6_000;

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The title of the head, else the first heading of level 1.
    pub title: Option<String>,
    /// The language that the page declares, as a BCP 47 tag. Not checked.
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
    /// The page is nested so deeply that only its start was parsed; of the rest there is plain text, but
    /// no links.
    pub too_deep: bool,
}

/// Reads the page of `url`. `charset_label` is the charset of the Content-Type header.
pub fn page(body: &[u8], charset_label: Option<&str>, url: &CanonicalUrl) -> Page {
    let text = charset::decode(body, charset_label);
    let parsed = dom::parse(&text);
    let head = head::read(&parsed.html, url);
    let mut markdown = main_content(&parsed.html, &head);
    if let Some(rest) = parsed.unread {
        let rest = plain::paragraphs(rest);
        let gap = if markdown.is_empty() || rest.is_empty() { "" } else { "\n\n" };
        markdown = [markdown.as_str(), rest.as_str()].join(gap);
    }
    // Character references can spell control characters that the decoder has taken out.
    markdown.retain(is_text);
    Page {
        title: head.title.or_else(|| head.first_heading.clone()),
        language: head.language,
        canonical: head.canonical,
        links: head.links,
        noindex: head.noindex,
        nofollow: head.nofollow,
        markdown,
        too_deep: parsed.unread.is_some(),
    }
}

/// Reads a plain text or Markdown page, which is its own content and has no links.
pub fn text(body: &[u8], charset_label: Option<&str>) -> Page {
    Page {
        title: None,
        language: None,
        canonical: None,
        links: Vec::new(),
        noindex: false,
        nofollow: false,
        markdown: charset::decode(body, charset_label),
        too_deep: false,
    }
}

/// The main content, or all of the page where the choice leaves nothing.
fn main_content(html: &scraper::Html, head: &head::Head) -> String {
    let body = content::body(html);
    let choice = content::choose(body);
    let text = markdown::render(choice, Keep::Content, &head.base);
    if !text.is_empty() {
        return with_heading(text, choice.id() != body.id(), head);
    }
    let passes = [Keep::Visible, Keep::Hidden].into_iter();
    let mut texts = passes.map(|keep| markdown::render(body, keep, &head.base));
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

/// Puts the page's heading back where it stands beside the main content, not in it.
fn with_heading(text: String, is_part: bool, head: &head::Head) -> String {
    let has_heading = text.starts_with("# ") || text.contains("\n# ");
    match &head.first_heading {
        Some(heading) if is_part && !has_heading => {
            format!("# {}\n\n{text}", markdown::escaped(heading))
        }
        _ => text,
    }
}

/// Whether a character may stand in stored text: no control characters of ASCII but line break and tab.
fn is_text(c: char) -> bool {
    c >= ' ' || matches!(c, '\n' | '\t')
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

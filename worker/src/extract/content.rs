//! The choice of the main content, and of what never belongs to it.

use scraper::Html;
use scraper::node::Element;

use super::markdown::Keep;
use super::walk::{Place, Step, Walk, element, name};

/// Elements whose text is never shown.
const INVISIBLE: [&str; 8] =
    ["script", "style", "template", "head", "iframe", "noframes", "datalist", "annotation"];

/// Elements beside the content, and controls, whose text is not part of it.
const BESIDE: [&str; 14] = [
    "nav", "aside", "footer", "menu", "svg", "canvas", "audio", "video", "object", "select", "textarea",
    "input", "button", "dialog",
];

/// Roles of what is beside the content.
const BESIDE_ROLES: [&str; 5] = ["navigation", "banner", "contentinfo", "complementary", "search"];

/// Classes and ids that documentation tools and templates give to what is beside the content.
const BESIDE_NAMES: [&str; 18] = [
    "navbar",
    "navheader",
    "navfooter",
    "sidebar",
    "sphinxsidebar",
    "related",
    "breadcrumb",
    "breadcrumbs",
    "footer",
    "headerlink",
    "linenos",
    "lineno",
    "pagination",
    "prev-next-area",
    "edit-this-page",
    "skip-link",
    "cookie-banner",
    "sr-only",
];

/// Classes of remarks that are set as `<aside>`, but are part of the text.
const REMARKS: [&str; 8] =
    ["note", "tip", "warning", "caution", "important", "admonition", "callout", "starlight-aside"];

/// Classes and ids of the element that holds the text, by documentation tools and content systems.
const KNOWN_CONTAINERS: [&str; 20] = [
    "markdown-body",
    "theme-doc-markdown",
    "md-content__inner",
    "rst-content",
    "document",
    "body",
    "sect1",
    "chapter",
    "refentry",
    "docContent",
    "main-content",
    "mw-parser-output",
    "entry-content",
    "post-content",
    "article-content",
    "article-body",
    "post-body",
    "page-content",
    "content",
    "main",
];

/// Blocks that can be the content.
const BLOCKS: [&str; 10] =
    ["main", "article", "section", "div", "td", "body", "form", "center", "blockquote", "frameset"];

/// Whether an element and all in it is left out.
pub(super) fn is_left_out(place: Place<'_>, keep: Keep) -> bool {
    let Some(element) = element(place) else {
        return false;
    };
    let is_unseen = || element.name() == "noscript" || is_hidden(element);
    INVISIBLE.contains(&element.name())
        || match keep {
            Keep::Hidden => false,
            Keep::Visible => is_unseen(),
            Keep::Content => is_unseen() || is_banner(place) || is_beside_element(element),
        }
}

/// A `<header>` right below the body is the site's, any other one is that of an article or section.
fn is_banner(place: Place<'_>) -> bool {
    let above = place.ancestors().take(2);
    name(place) == "header" && above.into_iter().any(|above| name(above) == "body")
}

fn is_hidden(element: &Element) -> bool {
    let hides = |style: &str| {
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        let style = style.to_ascii_lowercase();
        style.contains("display:none") || style.contains("visibility:hidden")
    };
    // React streams parts of a page as hidden segments, which a script then moves into place.
    let is_segment = element.attr("id").is_some_and(|id| id.starts_with("S:"));
    (element.attr("hidden").is_some() && !is_segment)
        || element.attr("aria-hidden") == Some("true")
        || element.attr("style").is_some_and(hides)
}

fn is_beside_element(element: &Element) -> bool {
    let name = element.name();
    if matches!(name, "html" | "body" | "main" | "article") {
        return false;
    }
    if name == "aside" && (has_name(element, &REMARKS) || element.attr("role") == Some("note")) {
        return false;
    }
    BESIDE.contains(&name)
        || element.attr("role").is_some_and(|role| BESIDE_ROLES.contains(&role))
        || has_name(element, &BESIDE_NAMES)
}

/// Whether a place is inside something that is beside the content.
pub(super) fn is_beside(place: Place<'_>) -> bool {
    place.ancestors().any(|above| is_left_out(above, Keep::Content))
}

fn has_name(element: &Element, names: &[&str]) -> bool {
    let id = element.attr("id").into_iter();
    let mut own = element.classes().chain(id);
    own.any(|name| names.contains(&name))
}

/// The body of a page, or the whole page where it has none.
pub(super) fn body(html: &Html) -> Place<'_> {
    let root = html.tree.root();
    let inside = root.children().flat_map(|child| child.children());
    let body = inside.into_iter().find(|place| matches!(name(*place), "body" | "frameset"));
    body.unwrap_or(root)
}

/// How sure it is from its name alone that an element is the content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Main,
    Known,
    Plain,
}

/// A block with the amount of its text.
#[derive(Clone, Copy)]
struct Block<'a> {
    place: Place<'a>,
    rank: Rank,
    /// Its first and last step in the walk: one block is inside another if its steps are.
    steps: (usize, usize),
    /// Bytes of text, without white space.
    text: usize,
    /// Bytes of text that is not in links.
    own: usize,
}

/// Chooses the element that holds the main content.
///
/// A page that names its main part is believed if that holds at least a fifth of the text. In it, or else
/// in the body, the smallest element with a telling name counts that still holds 60 % of the text outside
/// of links. Without one, it is the smallest block with 85 % of the body's text, which strips wrappers.
pub(super) fn choose(body: Place<'_>) -> Place<'_> {
    let blocks = measure(body);
    let Some(whole) = blocks.last().filter(|block| block.own > 0) else {
        return body;
    };
    let mains = blocks.iter().filter(|block| block.rank == Rank::Main && block.own * 5 >= whole.own);
    let main = mains.max_by_key(|block| block.own);
    let base = main.unwrap_or(whole);
    let inside = |block: &&Block<'_>| block.steps.0 >= base.steps.0 && block.steps.1 <= base.steps.1;
    let telling = blocks
        .iter()
        .filter(inside)
        .filter(|block| block.rank != Rank::Plain && block.own * 10 >= base.own * 6)
        .min_by_key(|block| block.text);
    let plain =
        || blocks.iter().filter(|block| block.own * 100 >= whole.own * 85).min_by_key(|block| block.text);
    let choice = telling.or(main).or_else(plain);
    choice.map_or(body, |block| block.place)
}

/// The blocks of the body, which is the last, with what would be left out not counted.
fn measure(body: Place<'_>) -> Vec<Block<'_>> {
    let mut done = Vec::new();
    let mut open: Vec<Block<'_>> = Vec::new();
    let mut links = 0_usize;
    let mut walk = Walk::new(body);
    let mut at = 0;
    while let Some(step) = walk.next() {
        at += 1;
        match step {
            Step::Enter(place) => match (place.value().as_text(), element(place)) {
                (Some(text), _) => add_text(&mut open, text, links > 0),
                (_, Some(_)) if is_left_out(place, Keep::Content) => walk.pass_over(),
                (_, Some(element)) => {
                    links += usize::from(element.name() == "a");
                    if is_block(place, body) {
                        open.push(Block { place, rank: rank(element), steps: (at, 0), text: 0, own: 0 });
                    }
                }
                _ => {}
            },
            Step::Leave(place) => {
                links -= usize::from(name(place) == "a");
                if is_block(place, body) {
                    close(&mut open, &mut done, at);
                }
            }
        }
    }
    done
}

fn is_block(place: Place<'_>, body: Place<'_>) -> bool {
    BLOCKS.contains(&name(place)) || (place.id() == body.id() && place.value().is_element())
}

fn add_text(open: &mut [Block<'_>], text: &str, in_link: bool) {
    let length = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    if let Some(block) = open.last_mut() {
        block.text += length;
        block.own += if in_link { 0 } else { length };
    }
}

fn close<'a>(open: &mut Vec<Block<'a>>, done: &mut Vec<Block<'a>>, at: usize) {
    let Some(mut block) = open.pop() else { return };
    block.steps.1 = at;
    if let Some(parent) = open.last_mut() {
        parent.text += block.text;
        parent.own += block.own;
    }
    done.push(block);
}

fn rank(element: &Element) -> Rank {
    if element.name() == "main" || element.attr("role") == Some("main") {
        Rank::Main
    } else if element.name() == "article" || has_name(element, &KNOWN_CONTAINERS) {
        Rank::Known
    } else {
        Rank::Plain
    }
}

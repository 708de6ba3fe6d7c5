//! Parsing with a limit on nesting.
//!
//! html5ever looks through its stack of open elements at most tags, so a page of nothing but opening tags
//! costs quadratic time; unclosed formatting elements are opened again in each paragraph, so such a page
//! also grows quadratically. The page is therefore fed in small pieces, and after each it is checked how
//! deep the tree is, and how many elements and look-ups it has cost. Of a tag with very many attributes the
//! first are read.

mod attributes;
mod feed;

use std::borrow::Cow;
use std::cell::{Cell, Ref};

use ego_tree::NodeId;
use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, ParseOpts, QualName};
use scraper::{Html, HtmlTreeSink};

use feed::{Feed, PIECE_BYTES};

/// Deepest nesting that is parsed: the limit that browsers have.
const MAX_DEPTH: usize = 512;

/// Elements that any page may have; beyond these one per [`BYTES_PER_ELEMENT`].
const FREE_ELEMENTS: usize = 20_000;

/// The shortest tag has three bytes, so only elements that the parser adds itself can exceed this for long.
const BYTES_PER_ELEMENT: usize = 3;

/// Look-ups that any page may cost; beyond these [`LOOKUPS_PER_BYTE`].
const FREE_LOOKUPS: usize = 500_000;

/// Real pages cost about one look-up per byte.
const LOOKUPS_PER_BYTE: usize = 16;

/// Attributes of an element that are kept. The parser and what reads them look through all, and real elements have a
/// few dozen.
const MAX_ATTRIBUTES: usize = 256;

/// A parsed page.
pub(super) struct Parsed<'a> {
    pub(super) html: Html,
    /// What was left out because the page is nested too deeply.
    pub(super) unread: Option<&'a str>,
}

/// Parses a page up to the limits.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    let mut options = ParseOpts::default();
    // Without scripting, what is in `<noscript>` is parsed, not kept as text.
    options.tree_builder.scripting_enabled = false;
    let mut feed = Feed::new(text, CountingSink::new(), options);
    let mut checked = 0;
    while feed.fed() < text.len() {
        feed.advance();
        // The unread rest does not start inside of a tag.
        if feed.fed() - checked >= PIECE_BYTES && feed.is_between_tags() {
            checked = feed.fed();
            if feed.sink().is_exceeded(checked) {
                break;
            }
        }
    }
    let unread = (feed.fed() < text.len()).then(|| &text[feed.fed()..]);
    Parsed { html: feed.finish(), unread }
}

/// The tree builder's sink, with counters of what the page costs.
struct CountingSink {
    tree: HtmlTreeSink,
    /// Where the last element or text went: about as deep as the stack of open elements is high.
    deepest: Cell<Option<NodeId>>,
    elements: Cell<usize>,
    lookups: Cell<usize>,
}

impl CountingSink {
    fn new() -> Self {
        Self {
            tree: HtmlTreeSink::new(Html::new_document()),
            deepest: Cell::new(None),
            elements: Cell::new(0),
            lookups: Cell::new(0),
        }
    }

    fn is_exceeded(&self, fed: usize) -> bool {
        let html = self.tree.0.borrow();
        let place = self.deepest.get().and_then(|id| html.tree.get(id));
        let depth = place.map_or(0, |node| node.ancestors().take(MAX_DEPTH + 1).count());
        depth > MAX_DEPTH
            || self.elements.get() > FREE_ELEMENTS + fed / BYTES_PER_ELEMENT
            || self.lookups.get() > FREE_LOOKUPS + fed * LOOKUPS_PER_BYTE
    }

    fn count_lookup(&self) {
        self.lookups.set(self.lookups.get() + 1);
    }
}

impl TreeSink for CountingSink {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Html {
        self.tree.finish()
    }

    /// Errors are the normal case on the web and nobody reads them.
    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        self.tree.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.count_lookup();
        self.tree.elem_name(target)
    }

    fn create_element(&self, name: QualName, mut attributes: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.elements.set(self.elements.get() + 1);
        attributes.truncate(MAX_ATTRIBUTES);
        self.tree.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.tree.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.tree.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.deepest.set(Some(*parent));
        self.tree.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        self.tree.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.tree.append_doctype_to_document(name, public, system);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.tree.get_template_contents(target)
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        self.count_lookup();
        self.tree.same_node(one, other)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.tree.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        self.tree.append_before_sibling(sibling, child);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, mut attributes: Vec<Attribute>) {
        let html = self.tree.0.borrow();
        let element = html.tree.get(*target).and_then(|node| node.value().as_element());
        let room = MAX_ATTRIBUTES.saturating_sub(element.map_or(0, |element| element.attrs.len()));
        drop(html);
        attributes.truncate(room);
        self.tree.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.tree.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, parent: &NodeId) {
        self.tree.reparent_children(node, parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_an_element_are_limited_however_they_come() {
        let names: Vec<_> = (0..2 * MAX_ATTRIBUTES).map(|at| format!(" a{at}")).collect();
        let (all, rest) = (names.concat(), names[MAX_ATTRIBUTES..].concat());
        let page = format!("<body><p{all}>x<body{all}><body{rest}>");
        let parsed = parse(&page);
        let elements = parsed.html.tree.values().filter_map(|node| node.as_element());
        let counts: Vec<_> = elements.map(|element| (element.name(), element.attrs.len())).collect();
        let expected = [("html", 0), ("head", 0), ("body", MAX_ATTRIBUTES), ("p", MAX_ATTRIBUTES)];
        assert_eq!(counts, expected);
    }
}

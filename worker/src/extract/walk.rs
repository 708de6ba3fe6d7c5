//! A walk through a tree without recursion, which hostile nesting could drive through the stack.

use ego_tree::NodeRef;
use scraper::Node;
use scraper::node::Element;

/// A node of a page.
pub(super) type Place<'a> = NodeRef<'a, Node>;

/// One step of a walk.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    /// Before a node's children.
    Enter(Place<'a>),
    /// Behind a node's children.
    Leave(Place<'a>),
}

/// The steps from entering a root to leaving it.
pub(super) struct Walk<'a> {
    root: Place<'a>,
    current: Place<'a>,
    next: Option<Step<'a>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: Place<'a>) -> Self {
        Self { root, current: root, next: Some(Step::Enter(root)) }
    }

    /// Passes over what is inside the node that was entered last. It is not left, either.
    pub(super) fn pass_over(&mut self) {
        self.next = self.after(self.current);
    }

    fn after(&self, place: Place<'a>) -> Option<Step<'a>> {
        if place.id() == self.root.id() {
            return None;
        }
        let sibling = place.next_sibling().map(Step::Enter);
        sibling.or_else(|| place.parent().map(Step::Leave))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        let step = self.next?;
        self.next = match step {
            Step::Enter(place) => {
                self.current = place;
                let child = place.first_child().map(Step::Enter);
                Some(child.unwrap_or(Step::Leave(place)))
            }
            Step::Leave(place) => self.after(place),
        };
        Some(step)
    }
}

/// The element at a place.
pub(super) fn element(place: Place<'_>) -> Option<&Element> {
    place.value().as_element()
}

/// The name of the element at a place; empty for anything else.
pub(super) fn name(place: Place<'_>) -> &str {
    element(place).map_or("", Element::name)
}

/// Whether a place is the raised mark of a footnote, which is no part of the word in front of it.
pub(super) fn is_note_mark(place: Place<'_>) -> bool {
    let is_link = |place: Place<'_>| name(place) == "a";
    name(place) == "sup" && (place.parent().is_some_and(is_link) || place.first_child().is_some_and(is_link))
}

/// All text inside, as it stands.
pub(super) fn text_of(root: Place<'_>) -> String {
    let mut out = String::new();
    for step in Walk::new(root) {
        if let Step::Enter(place) = step
            && let Some(text) = place.value().as_text()
        {
            out.push_str(text);
        }
    }
    out
}

//! Footnotes: the raised marks in the text, and the notes that they point to.
//!
//! A mark becomes `[^1]` and its note `[^1]: ...` where both are shown; a mark without a note stays a number.

use std::collections::{HashMap, HashSet};

use ego_tree::NodeId;

use crate::extract::content::{Fallen, is_left_out};
use crate::extract::walk::{Place, Step, Walk, element, is_note_mark, name};

/// Longest label of a note in bytes; longer ones are words in the line above, not notes.
const MAX_LABEL_BYTES: usize = 8;

/// Marks that are looked at; pages with more are not written by people.
const MAX_MARKS: usize = 2_000;

/// Nodes of a mark that are looked at: a link, brackets, and the number.
const MAX_NODES: usize = 12;

/// What stands at the end of a note and leads back to its mark.
const BACK: [&str; 8] = ["↩", "↩︎", "^", "↑", "⇑", "⏎", "←", "⤴"];

/// What templates put beside a heading as a link to itself.
const ANCHORS: [&str; 5] = ["#", "¶", "§", "🔗", "⚓"];

/// The notes of a page that are shown, by the places of their marks and by their own.
#[derive(Default)]
pub(super) struct Notes {
    marks: HashMap<NodeId, String>,
    notes: HashMap<NodeId, String>,
}

impl Notes {
    /// Finds the notes below `root`, among `marks`: raised text with a link in or around it.
    pub(super) fn of(root: Place<'_>, marks: &[NodeId], fallen: &Fallen) -> Self {
        let tree = root.tree();
        let places = marks.iter().take(MAX_MARKS).filter_map(|id| tree.get(*id));
        let wanted: Vec<_> =
            places.filter_map(|mark| Some((mark.id(), target(mark)?, label(mark)?))).collect();
        if wanted.is_empty() {
            return Self::default();
        }
        let ids: HashSet<&str> = wanted.iter().map(|(_, target, _)| *target).collect();
        let found = shown(root, &ids, fallen);
        let mut notes = Self::default();
        let mut taken = HashMap::new();
        for (mark, target, label) in wanted {
            let Some(note) = found.get(target).filter(|note| !is_inside(tree.get(mark), **note)) else {
                continue;
            };
            // A label that two notes have names none of them.
            if *taken.entry(label.clone()).or_insert(*note) == *note {
                notes.marks.insert(mark, label.clone());
                notes.notes.entry(*note).or_insert(label);
            }
        }
        notes
    }

    /// The label that a mark stands for.
    pub(super) fn of_mark(&self, place: Place<'_>) -> Option<&str> {
        self.marks.get(&place.id()).map(String::as_str)
    }

    /// The label of the note that a place is.
    pub(super) fn of_note(&self, place: Place<'_>) -> Option<&str> {
        self.notes.get(&place.id()).map(String::as_str)
    }

    /// Whether a place within a note says only its label, or leads back to its mark.
    pub(super) fn is_furniture(&self, place: Place<'_>) -> bool {
        if self.notes.is_empty() || !matches!(name(place), "a" | "span" | "sup") {
            return false;
        }
        let Some(label) = place.ancestors().find_map(|above| self.of_note(above)) else { return false };
        let Some(text) = short_text(place) else { return false };
        (leads_back(&text) && link(place).is_some()) || (bare(&text) == label && starts_note(self, place))
    }
}

/// Whether a place is a sign that links to where it stands.
pub(super) fn is_anchor(place: Place<'_>) -> bool {
    href(place).is_some_and(|href| href.starts_with('#'))
        && short_text(place).is_some_and(|text| ANCHORS.contains(&text.trim()))
}

/// A sign that leads back, perhaps with the letters of the places that it leads to.
fn leads_back(text: &str) -> bool {
    let is_sign = |word: &str| BACK.contains(&word);
    let is_letter = |word: &str| word.len() <= 2 && word.chars().all(char::is_alphanumeric);
    text.split_whitespace().any(is_sign)
        && text.split_whitespace().all(|word| is_sign(word) || is_letter(word))
}

/// Whether nothing stands before a place in its note.
fn starts_note(notes: &Notes, place: Place<'_>) -> bool {
    let mut inside =
        std::iter::once(place).chain(place.ancestors()).take_while(|at| notes.of_note(*at).is_none());
    inside.all(is_first)
}

fn is_first(place: Place<'_>) -> bool {
    let is_blank = |sibling: Place<'_>| short_text(sibling).is_some_and(|text| text.trim().is_empty());
    place.prev_siblings().nth(MAX_NODES).is_none() && place.prev_siblings().all(is_blank)
}

/// The text of a place that has only some nodes.
fn short_text(place: Place<'_>) -> Option<String> {
    let mut nodes = place.descendants();
    let text = nodes.by_ref().take(MAX_NODES).filter_map(|node| Some(&**node.value().as_text()?)).collect();
    nodes.next().is_none().then_some(text)
}

fn is_inside(place: Option<Place<'_>>, around: NodeId) -> bool {
    place.is_some_and(|place| place.ancestors().any(|above| above.id() == around))
}

/// The first link in or around a place.
fn link(place: Place<'_>) -> Option<&str> {
    place.parent().and_then(href).or_else(|| place.descendants().take(MAX_NODES).find_map(href))
}

fn href(place: Place<'_>) -> Option<&str> {
    element(place).filter(|element| element.name() == "a")?.attr("href")
}

fn target(mark: Place<'_>) -> Option<&str> {
    link(mark)?.trim().strip_prefix('#').filter(|id| !id.is_empty())
}

/// What a mark says, without brackets.
fn label(mark: Place<'_>) -> Option<String> {
    let text = short_text(mark)?;
    let text = bare(&text);
    let fits = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '*' | '†' | '‡' | '§' | '-'));
    (fits && !text.is_empty() && text.len() <= MAX_LABEL_BYTES).then(|| text.to_owned())
}

fn bare(text: &str) -> &str {
    text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')', '.', ':']).trim()
}

/// The blocks with these ids that are shown: the elements themselves, or those that start with them.
fn shown(root: Place<'_>, ids: &HashSet<&str>, fallen: &Fallen) -> HashMap<String, NodeId> {
    let mut found = HashMap::new();
    let mut walk = Walk::new(root);
    while let Some(step) = walk.next() {
        let Step::Enter(place) = step else { continue };
        if place.id() != root.id() && is_left_out(place, fallen) {
            walk.pass_over();
            continue;
        }
        let Some(element) = element(place) else { continue };
        let id = element.attr("id").or_else(|| element.attr("name")).filter(|id| ids.contains(id));
        if let (Some(id), Some(block)) = (id, block(place)) {
            found.entry(id.to_owned()).or_insert(block.id());
        }
    }
    found
}

/// The block that a note's target is, or is the start of.
fn block(place: Place<'_>) -> Option<Place<'_>> {
    let is_block = |place: &Place<'_>| matches!(name(*place), "li" | "p" | "div" | "aside" | "dd");
    let is_mark = |place: Place<'_>| is_note_mark(place) || place.first_child().is_some_and(is_note_mark);
    let mut at = place;
    while !is_block(&at) {
        let is_inline = matches!(name(at), "a" | "span" | "sup" | "b" | "cite");
        at = at.parent().filter(|_| is_inline && is_first(at) && !is_mark(at))?;
    }
    Some(at)
}

//! A page as a flat list of blocks of text, with the elements that they stand in.
//!
//! A block is the text between two boundaries of block elements: a paragraph, a heading, an item, a cell. What
//! the choice of content looks at is collected in this one walk.

mod cues;
mod names;
mod page;

use std::ops::Range;

use ego_tree::NodeId;
use scraper::node::Element;

pub(in crate::extract) use cues::CUES;
use cues::Cues;
pub(in crate::extract) use names::{MEANINGS, Names};

use super::tag::Tag;
use super::walk::{Place, Step, Walk};

/// The blocks of a page and the elements around them.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) blocks: Vec<Block>,
    pub(super) containers: Vec<Container>,
    /// How many elements of the same shape follow each other, by the number of the run.
    pub(super) runs: Vec<u32>,
    /// The text of all blocks, white space collapsed.
    pub(super) text: String,
    /// The text nodes of all blocks.
    pub(super) nodes: Vec<NodeId>,
    /// Elements that are not shown, and those that have no text for people.
    pub(super) unseen: Vec<NodeId>,
    /// Raised text that a link makes a footnote's mark.
    pub(super) note_marks: Vec<NodeId>,
}

/// An element that starts and ends blocks.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) id: NodeId,
    /// The container around it; itself for the outermost.
    pub(super) parent: usize,
    pub(super) depth: u32,
    pub(super) tag: Tag,
    /// What the names of this element mean.
    pub(super) names: Names,
    /// What the names of this element, its parent and the one above mean.
    pub(super) near: Names,
    /// What the names of all elements above and of this one mean.
    pub(super) chain: Names,
    /// The tags of all elements above and of this one, as bits.
    pub(super) tags: u64,
    /// Whether it, or one above, is not shown.
    pub(super) hidden: bool,
    /// The run of neighbours with the same shape that it belongs to.
    pub(super) run: usize,
    /// The blocks inside.
    pub(super) blocks: Range<usize>,
    pub(super) words: u32,
    pub(super) link_words: u32,
    /// Hash of tag and names, and the run of the child that was opened last.
    last_child: Option<(u64, usize)>,
    parent_names: Names,
}

/// A piece of text without a boundary of a block inside.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) container: usize,
    /// In [`Layout::text`].
    pub(super) text: Range<usize>,
    /// In [`Layout::nodes`].
    pub(super) nodes: Range<usize>,
    pub(super) words: u32,
    pub(super) link_words: u32,
    pub(super) strong_words: u32,
    pub(super) stop_words: u32,
    pub(super) digit_words: u32,
    pub(super) capital_words: u32,
    pub(super) commas: u32,
    pub(super) sentences: u32,
    pub(super) links: u32,
    pub(super) images: u32,
    pub(super) cues: Cues,
    /// What the names of inline elements inside mean.
    pub(super) inline_names: Names,
}

impl Layout {
    /// Collects the blocks below `root`.
    pub(super) fn of(root: Place<'_>) -> Self {
        page::Collector::new(root).collect(root)
    }

    /// The text of a block.
    pub(super) fn text_of(&self, block: &Block) -> &str {
        &self.text[block.text.clone()]
    }

    /// The kept blocks as plain text: a line each, with a blank line where they are no neighbours in a list, a
    /// table or a heading's text.
    pub(super) fn plain(&self, kept: &[bool]) -> String {
        let mut kept = kept.iter();
        self.plain_of(|_| kept.next().is_some_and(|kept| *kept))
    }

    /// The blocks for which `keep` holds, as plain text.
    pub(super) fn plain_of(&self, mut keep: impl FnMut(&Block) -> bool) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut last: Option<&Block> = None;
        for block in self.blocks.iter().filter(|block| keep(block)) {
            let is_row = |block: &Block| {
                matches!(self.around(block).tag, Tag::Item | Tag::Cell | Tag::Term | Tag::Description)
            };
            if let Some(last) = last {
                out.push_str(if is_row(last) && is_row(block) { "\n" } else { "\n\n" });
            }
            out.push_str(self.text_of(block));
            last = Some(block);
        }
        out
    }

    /// For each container the next one above that holds more blocks; the outermost for those without.
    pub(super) fn wider(&self) -> Vec<usize> {
        let mut wider = vec![0; self.containers.len()];
        for (at, container) in self.containers.iter().enumerate().skip(1) {
            let above = container.parent;
            let is_wider = self.containers[above].blocks.len() > container.blocks.len();
            wider[at] = if is_wider { above } else { wider[above] };
        }
        wider
    }

    /// The container of a block.
    pub(super) fn around(&self, block: &Block) -> &Container {
        &self.containers[block.container]
    }
}

/// Classes of what is there for screen readers, of signs that link to a heading, and of numbers of lines.
const UNSEEN: [&str; 7] =
    ["sr-only", "visually-hidden", "screen-reader-text", "headerlink", "linenos", "lineno", "hash-link"];

/// Whether an element hides what is inside. What a click shows, a tab or an answer, is not hidden.
pub(super) fn is_hidden(element: &Element) -> bool {
    hides(element) && names::of(element) & names::OPENED == 0
}

fn hides(element: &Element) -> bool {
    let hides = |style: &str| {
        let bytes = style.as_bytes();
        // Most styles hide nothing, and most of them do not even have the letters.
        (bytes.contains(&b'y') || bytes.contains(&b'Y')) && {
            let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
            let style = style.to_ascii_lowercase();
            style.contains("display:none") || style.contains("visibility:hidden")
        }
    };
    element.attrs.iter().any(|(name, value)| match &*name.local {
        // React streams parts of a page as hidden segments, which a script then moves into place.
        "hidden" => !element.attr("id").is_some_and(|id| id.starts_with("S:")),
        "style" => hides(value),
        "class" => value.split_ascii_whitespace().any(|class| UNSEEN.contains(&class)),
        _ => false,
    })
}

//! What of the tree is not rendered: the elements and texts that were not chosen.

use ego_tree::NodeId;

use crate::extract::blocks::{Layout, is_hidden};
use crate::extract::tag::Tag;
use crate::extract::walk::{Place, element};

/// What is left out of a rendering.
#[derive(Clone, Debug, Default)]
pub(in crate::extract) struct Fallen {
    /// Elements and texts, sorted.
    places: Vec<NodeId>,
    /// Whether what is not shown is rendered all the same.
    hidden: bool,
}

impl Fallen {
    /// All but the kept blocks: the outermost elements without any, and texts of others.
    pub(in crate::extract) fn of(page: &Layout, kept: &[bool]) -> Self {
        let mut before = Vec::with_capacity(kept.len() + 1);
        let mut sum = 0_usize;
        before.push(sum);
        for kept in kept {
            sum += usize::from(*kept);
            before.push(sum);
        }
        let is_dead = |at: usize| {
            let blocks = &page.containers[at].blocks;
            !blocks.is_empty() && before[blocks.start] == before[blocks.end]
        };
        let outermost = |at: &usize| *at > 0 && is_dead(*at) && !is_dead(page.containers[*at].parent);
        let elements = (0..page.containers.len()).filter(outermost).map(|at| page.containers[at].id);
        let mut places: Vec<_> = elements.collect();
        for (block, kept) in page.blocks.iter().zip(kept) {
            if !kept && !is_dead(block.container) {
                places.extend_from_slice(&page.nodes[block.nodes.clone()]);
            }
        }
        places.sort_unstable();
        Self { places, hidden: false }
    }

    /// Nothing but what is not shown.
    pub(in crate::extract) fn unseen() -> Self {
        Self::default()
    }

    /// Nothing but code and data.
    pub(in crate::extract) fn nothing() -> Self {
        Self { places: Vec::new(), hidden: true }
    }
}

/// Whether an element or text, and all in it, is left out.
pub(in crate::extract) fn is_left_out(place: Place<'_>, fallen: &Fallen) -> bool {
    if fallen.places.binary_search(&place.id()).is_ok() {
        return true;
    }
    let Some(element) = element(place) else { return false };
    match Tag::of(element.name()) {
        Tag::Never => true,
        _ => !fallen.hidden && is_hidden(element),
    }
}

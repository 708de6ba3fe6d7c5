//! What of the tree is not rendered: the elements and texts that were not chosen.

use ego_tree::NodeId;

use crate::extract::blocks::Layout;
use crate::extract::tag::Tag;
use crate::extract::walk::{Place, element};

/// What is left out of a rendering.
#[derive(Clone, Debug)]
pub(in crate::extract) enum Fallen {
    /// These elements and texts, sorted, with all that is not shown.
    Places(Vec<NodeId>),
    /// Nothing but code and data.
    Nothing,
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
        places.extend_from_slice(&page.unseen);
        places.sort_unstable();
        Self::Places(places)
    }

    /// Nothing but what is not shown.
    pub(in crate::extract) fn unseen(page: &Layout) -> Self {
        let mut places = page.unseen.clone();
        places.sort_unstable();
        Self::Places(places)
    }
}

/// Whether an element or text, and all in it, is left out.
pub(in crate::extract) fn is_left_out(place: Place<'_>, fallen: &Fallen) -> bool {
    match fallen {
        Fallen::Places(places) => places.binary_search(&place.id()).is_ok(),
        Fallen::Nothing => element(place).is_some_and(|element| Tag::of(element.name()) == Tag::Never),
    }
}

//! What the forests leave out of a part that is content: holes in lists, headings above kept text.
//!
//! A list without its third item, or a section without its heading, misleads more than a line too many.

use crate::extract::blocks::{Block, Layout};
use crate::extract::tag::Tag;

/// Parts of this share of kept words are content as a whole, in per cent: of a list or table, and of a main part.
const WHOLE_LIST: u32 = 50;
const WHOLE_PART: u32 = 60;

/// What is less likely stays out even then.
const UNLIKELY: f32 = 0.1;

/// Keeps what belongs to what is kept.
pub(super) fn fill(page: &Layout, chances: &[f32], kept: &mut [bool], may: &dyn Fn(&Block) -> bool) {
    for container in &page.containers {
        let (share, least) = match container.tag {
            Tag::List | Tag::Definitions | Tag::Table => (WHOLE_LIST, UNLIKELY / 2.0),
            Tag::Main | Tag::Article => (WHOLE_PART, UNLIKELY),
            _ => continue,
        };
        let range = container.blocks.clone();
        let words = |at: usize| page.blocks[at].words;
        let of_kept: u32 = range.clone().filter(|at| kept[*at]).map(words).sum();
        if of_kept > 0 && u64::from(of_kept) * 100 >= u64::from(container.words) * u64::from(share) {
            for at in range {
                kept[at] |= chances[at] > least && may(&page.blocks[at]);
            }
        }
    }
    headings(page, kept, may);
}

/// A heading stays with what is kept below it, up to the next heading of its level or a higher one.
fn headings(page: &Layout, kept: &mut [bool], may: &dyn Fn(&Block) -> bool) {
    // For each level, whether something is kept in the section that a heading of this level would open.
    let mut below = [false; 7];
    for at in (0..kept.len()).rev() {
        let block = &page.blocks[at];
        let Tag::Heading(level) = page.around(block).tag else {
            rise(&mut below, kept[at]);
            continue;
        };
        let level = usize::from(level.min(6));
        kept[at] |= below[level] && may(block);
        below[level..].fill(false);
        rise(&mut below[..level], kept[at]);
    }
}

fn rise(below: &mut [bool], is_kept: bool) {
    for below in below {
        *below |= is_kept;
    }
}

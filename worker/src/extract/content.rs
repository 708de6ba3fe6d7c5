//! The choice of what of a page is its content.
//!
//! Every block gets a chance to be content (see `forest`), and those above a bar are kept. The bar is where the
//! expected agreement with a perfect choice is best, so a page that the forests are unsure of keeps more.

mod fallen;
mod repair;

use std::collections::HashSet;

use scraper::Html;

use super::blocks::{Block, Layout};
use super::features::{Facts, Features, context};
use super::forest::Forest;
use super::host::Repeats;
use super::tag::Tag;
use super::walk::{Place, name};

pub(super) use fallen::{Fallen, is_left_out};

/// Pages with fewer words are kept but for what is plainly beside the content: there is nothing to learn from.
const FEW_WORDS: u32 = 80;

/// Pages with more blocks are kept likewise: features of millions of blocks would not fit into memory.
const MANY_BLOCKS: usize = 30_000;

/// Shorter blocks may stand in a page twice, in words.
const MIN_COPY_WORDS: u32 = 6;

/// The bar is never below or above these.
const BARS: (f32, f32) = (0.25, 0.45);

/// Chances between these are doubtful: there, what repeats on the host's pages is left out.
const DOUBTFUL: (f32, f32) = (0.1, 0.85);

/// Rounds in which the bar settles.
const ROUNDS: usize = 8;

/// The body of a page, or the whole page where it has none.
pub(super) fn body(html: &Html) -> Place<'_> {
    let root = html.tree.root();
    let inside = root.children().flat_map(|child| child.children());
    let body = inside.into_iter().find(|place| matches!(name(*place), "body" | "frameset"));
    body.unwrap_or(root)
}

/// What was chosen of a page.
pub(super) struct Choice {
    /// The blocks that are content by themselves.
    pub(super) text: Vec<bool>,
    /// Those, and what holds them together: headings above them, the rest of their lists.
    pub(super) shown: Vec<bool>,
}

/// Which blocks are content. None at all where nothing is seen, or only what is beside the content.
pub(super) fn choose(page: &Layout, facts: &Facts, repeats: &Repeats) -> Choice {
    let seen = |block: &Block| !page.around(block).hidden;
    let plain = || {
        let text: Vec<_> = page.blocks.iter().map(|block| seen(block) && !is_beside(page, block)).collect();
        Choice { shown: text.clone(), text }
    };
    let words: u32 = page.blocks.iter().filter(|block| seen(block)).map(|block| block.words).sum();
    if words < FEW_WORDS || page.blocks.len() > MANY_BLOCKS {
        return plain();
    }
    let chances = chances(page, facts);
    let bar = bar(page, &chances);
    let mut copies = HashSet::new();
    let keep = |(block, chance): (&Block, &f32)| {
        let doubtful = *chance > DOUBTFUL.0 && *chance < DOUBTFUL.1;
        seen(block)
            && *chance > bar
            && !(doubtful && repeats.contains(page.text_of(block)))
            && (block.words < MIN_COPY_WORDS || copies.insert(page.text_of(block)))
    };
    let text: Vec<_> = page.blocks.iter().zip(&chances).map(keep).collect();
    if !text.contains(&true) {
        return plain();
    }
    let may = |block: &Block| {
        let is_heading = matches!(page.around(block).tag, Tag::Heading(_));
        let is_copy = block.words >= MIN_COPY_WORDS && copies.contains(page.text_of(block)) && !is_heading;
        seen(block) && !is_copy && !repeats.contains(page.text_of(block)) && !is_beside(page, block)
    };
    let mut shown = text.clone();
    repair::fill(page, &chances, &mut shown, &may);
    Choice { text, shown }
}

/// How likely each block is content.
pub(super) fn chances(page: &Layout, facts: &Facts) -> Vec<f32> {
    let mut features = Features::of(page, facts);
    let first = Forest::First.chances(&features);
    context::push(&mut features, page, &first);
    Forest::Second.chances(&features)
}

/// Elements that templates use for what is beside the content.
fn is_beside(page: &Layout, block: &Block) -> bool {
    const BESIDE: [Tag; 4] = [Tag::Nav, Tag::Footer, Tag::Dialog, Tag::Button];
    // Breadcrumbs, footers, sidebars, cookies, pagination, tables of contents, copyright.
    const NAMES: u64 = 1 << 6 | 1 << 7 | 1 << 9 | 1 << 13 | 1 << 23 | 1 << 44 | 1 << 45;
    let around = page.around(block);
    // The header right below the body is the site's, any other one is that of an article or section.
    let mut above = around;
    let mut banner = false;
    while above.depth > 0 {
        banner |= above.tag == Tag::Header && above.depth == 1;
        above = &page.containers[above.parent];
    }
    let is_in = |tag: Tag| around.tags >> tag.number() & 1 == 1;
    // An aside within the main part that links nowhere is a remark of the author.
    let is_remark = block.link_words == 0 && (is_in(Tag::Main) || is_in(Tag::Article));
    banner
        || BESIDE.iter().any(|tag| is_in(*tag))
        || (is_in(Tag::Aside) && !is_remark)
        || (around.near & NAMES != 0 && !is_remark)
}

/// With kept words K, their expected hits H and all expected hits A, the expected F1 is 2 H / (K + A), and it is
/// best to keep what is likelier than half of that.
fn bar(page: &Layout, chances: &[f32]) -> f32 {
    let weights = page.blocks.iter().map(|block| f32::from(u16::try_from(block.words).unwrap_or(u16::MAX)));
    let pairs: Vec<(f32, f32)> = weights.zip(chances.iter().copied()).collect();
    let all: f32 = pairs.iter().map(|(words, chance)| words * chance).sum();
    let mut bar = BARS.1;
    for _ in 0..ROUNDS {
        let kept = pairs.iter().filter(|(_, chance)| *chance > bar);
        let (hits, words) =
            kept.fold((0.0, 0.0), |sum, (words, chance)| (sum.0 + words * chance, sum.1 + words));
        bar = (hits / (words + all).max(1.0)).clamp(BARS.0, BARS.1);
    }
    bar
}

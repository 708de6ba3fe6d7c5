//! What a block is by itself, and by the names of the elements around it.

use std::collections::HashMap;

use super::{Facts, Features, capped, count, scaled, share};
use crate::extract::blocks::{Block, CUES, Container, Layout, MEANINGS};
use crate::extract::tag::Tag;

/// Tags whose presence above a block counts.
const ABOVE: [Tag; 20] = [
    Tag::Nav,
    Tag::Footer,
    Tag::Header,
    Tag::Aside,
    Tag::Main,
    Tag::Article,
    Tag::Section,
    Tag::Form,
    Tag::Button,
    Tag::Label,
    Tag::List,
    Tag::Definitions,
    Tag::Table,
    Tag::Figure,
    Tag::Details,
    Tag::Quote,
    Tag::Code,
    Tag::Dialog,
    Tag::Address,
    Tag::Unscripted,
];

/// Longer blocks are no titles, in words.
const MAX_TITLE_WORDS: u32 = 40;

/// Whether a block reads like running text.
pub(super) fn is_long(block: &Block) -> bool {
    block.words >= 15 && block.link_words * 3 < block.words
}

/// Which blocks read like running text.
pub(super) fn long_blocks(page: &Layout) -> Vec<bool> {
    page.blocks.iter().map(is_long).collect()
}

pub(super) fn push(features: &mut Features, page: &Layout, facts: &Facts) {
    shape(features, page);
    for cue in 0..CUES {
        features.push(|at| u8::from(page.blocks[at].cues >> cue & 1 == 1));
    }
    for meaning in 0..MEANINGS {
        features.push(|at| closeness(page, at, meaning));
    }
    for tag in ABOVE {
        let bit = 1 << tag.number();
        features.push(|at| u8::from(page.around(&page.blocks[at]).tags & bit != 0));
    }
    features.push(|at| u8::from(page.around(&page.blocks[at]).hidden));
    let copies = copies(page);
    features.push(|at| capped(copies[at]));
    let title: Vec<_> = facts
        .title
        .iter()
        .flat_map(|title| title.split_whitespace().take(MAX_TITLE_WORDS as usize))
        .collect();
    features.push(|at| in_title(page, at, &title));
}

fn shape(features: &mut Features, page: &Layout) {
    let block = |at: usize| &page.blocks[at];
    features.push(|at| scaled(block(at).words));
    features.push(|at| share(block(at).link_words, block(at).words));
    features.push(|at| share(block(at).stop_words, block(at).words));
    features.push(|at| share(block(at).strong_words, block(at).words));
    features.push(|at| share(block(at).digit_words, block(at).words));
    features.push(|at| share(block(at).capital_words, block(at).words));
    features.push(|at| scaled(block(at).commas));
    features.push(|at| scaled(block(at).sentences));
    features.push(|at| scaled(block(at).links));
    features.push(|at| scaled(block(at).images));
    features.push(|at| capped(block(at).text.len() * 8 / block(at).words.max(1) as usize));
    features.push(|at| u8::from(page.text_of(block(at)).ends_with(['.', '!', '?', '…', '。'])));
    features.push(|at| u8::from(page.text_of(block(at)).ends_with(':')));
    features.push(|at| page.around(block(at)).tag.number());
    features.push(|at| parent(page, page.around(block(at))).tag.number());
}

fn parent<'a>(page: &'a Layout, container: &Container) -> &'a Container {
    &page.containers[container.parent]
}

/// How near a meaning is: on an inline element or the block's own, close above, anywhere above, nowhere.
fn closeness(page: &Layout, at: usize, meaning: usize) -> u8 {
    let block = &page.blocks[at];
    let around = page.around(block);
    let has = |names: u64| names >> meaning & 1 == 1;
    if has(block.inline_names | around.names) {
        3
    } else if has(around.near) {
        2
    } else {
        u8::from(has(around.chain))
    }
}

/// How often the same text stands in the page.
fn copies(page: &Layout) -> Vec<usize> {
    let mut counts: HashMap<&str, usize> = HashMap::with_capacity(page.blocks.len());
    for block in &page.blocks {
        *counts.entry(page.text_of(block)).or_default() += 1;
    }
    page.blocks.iter().map(|block| counts[page.text_of(block)]).collect()
}

/// The share of a block's words that the title has, too.
fn in_title(page: &Layout, at: usize, title: &[&str]) -> u8 {
    let block = &page.blocks[at];
    if block.words > MAX_TITLE_WORDS || title.is_empty() {
        return 0;
    }
    let (mut all, mut found) = (0, 0);
    for word in page.text_of(block).split(' ') {
        all += 1;
        found += usize::from(title.contains(&word));
    }
    share(count(found), count(all))
}

//! What a block is by itself, and by the names of the elements around it.

use std::collections::HashMap;

use super::{Facts, Features, capped, count, scaled, share};
use crate::extract::blocks::{Block, CUES, Container, Layout, MEANINGS, Names};
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
    bits(features, page);
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

/// Cues, how near each meaning is, and tags above. The bits of all blocks are gathered first: the columns are many,
/// and then each is made by a few instructions for many blocks at once.
fn bits(features: &mut Features, page: &Layout) {
    let cues: Vec<_> = page.blocks.iter().map(|block| block.cues).collect();
    for cue in 0..CUES {
        features.push_all(cues.iter().map(|cues| u8::from(cues >> cue & 1 == 1)));
    }
    let around = || page.blocks.iter().map(|block| (block, page.around(block)));
    let own: Vec<_> = around().map(|(block, around)| block.inline_names | around.names).collect();
    let near: Vec<_> = around().map(|(_, around)| around.near).collect();
    let chain: Vec<_> = around().map(|(_, around)| around.chain).collect();
    for meaning in 0..MEANINGS {
        let has = |names: &Names| u8::from(names >> meaning & 1 == 1);
        // On an inline element or the block's own, close above, anywhere above, nowhere.
        let closeness = |((own, near), chain)| (3 * has(own)).max(2 * has(near)).max(has(chain));
        features.push_all(own.iter().zip(&near).zip(&chain).map(closeness));
    }
    let tags: Vec<_> = around().map(|(_, around)| around.tags).collect();
    for tag in ABOVE {
        features.push_all(tags.iter().map(|tags| u8::from(tags >> tag.number() & 1 == 1)));
    }
}

/// How often the same text stands in the page.
fn copies(page: &Layout) -> Vec<usize> {
    let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(page.blocks.len());
    let mut counts = Vec::new();
    let mut number_of = Vec::with_capacity(page.blocks.len());
    for block in &page.blocks {
        let number = *numbers.entry(page.text_of(block)).or_insert(counts.len());
        if number == counts.len() {
            counts.push(0);
        }
        counts[number] += 1;
        number_of.push(number);
    }
    number_of.into_iter().map(|number| counts[number]).collect()
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

//! Where in the page a block stands, and what kind of page it is.

use super::{Facts, Features, count, scaled, share};
use crate::extract::blocks::{Block, Layout};
use crate::extract::tag::Tag;

pub(super) fn push(features: &mut Features, page: &Layout, facts: &Facts, long: &[bool]) {
    place(features, page);
    title_heading(features, page);
    regions(features, page);
    constants(features, page, facts, long);
}

fn place(features: &mut Features, page: &Layout) {
    let total = page.containers[0].words;
    let mut before = Vec::with_capacity(page.blocks.len());
    let mut sum = 0;
    for block in &page.blocks {
        before.push(sum);
        sum += block.words;
    }
    features.push(|at| share(before[at], total));
    features.push(|at| scaled(before[at]));
    features.push(|at| scaled(total - before[at]));
    features.push(|at| scaled(count(at)));
    features.push(|at| scaled(count(page.blocks.len() - at)));
}

/// Where the first heading of level 1 stands.
fn title_heading(features: &mut Features, page: &Layout) {
    let is_title = |block: &Block| page.around(block).tag == Tag::Heading(1);
    let first = page.blocks.iter().position(is_title);
    features.push(|at| match first {
        None => 0,
        Some(first) if at < first => 1,
        Some(first) => 2_u8.saturating_add(scaled(count(at - first))),
    });
    features.push(|at| match first {
        Some(first) if at < first => scaled(count(first - at)),
        _ => 0,
    });
}

/// The nearest element above that is an article, a section or the main part.
fn regions(features: &mut Features, page: &Layout) {
    let total = page.containers[0].words;
    for wanted in [Tag::Article, Tag::Section, Tag::Main] {
        let mut nearest = vec![None; page.containers.len()];
        for (at, container) in page.containers.iter().enumerate() {
            nearest[at] = if container.tag == wanted { Some(at) } else { nearest[container.parent] };
        }
        let of = |at: usize| nearest[page.blocks[at].container].map(|near: usize| &page.containers[near]);
        features.push(|at| of(at).map_or(0, |region| share(region.words, total)));
        features.push(|at| of(at).map_or(255, |region| share(region.link_words, region.words)));
        features.push(|at| of(at).map_or(0, |region| scaled(page.runs[region.run])));
    }
}

/// What is the same for all blocks of a page.
fn constants(features: &mut Features, page: &Layout, facts: &Facts, long: &[bool]) {
    let whole = &page.containers[0];
    let blocks = count(page.blocks.len());
    let long_words = page.blocks.iter().zip(long).filter(|(_, long)| **long).map(|(block, _)| block.words);
    let long_words: u32 = long_words.sum();
    let tags = |tag: Tag| count(page.containers.iter().filter(|container| container.tag == tag).count());
    let cue = |cue: u8| count(page.blocks.iter().filter(|block| block.cues >> cue & 1 == 1).count());
    let main = page.containers.iter().filter(|container| container.tag == Tag::Main).map(|main| main.words);
    let values = [
        scaled(whole.words),
        scaled(blocks),
        share(whole.link_words, whole.words),
        share(long_words, whole.words),
        scaled(long_words),
        scaled(tags(Tag::Article)),
        scaled(tags(Tag::Heading(1))),
        scaled(tags(Tag::Heading(2)) + tags(Tag::Heading(3))),
        scaled(tags(Tag::Item)),
        scaled(tags(Tag::Cell)),
        scaled(tags(Tag::Code)),
        share(main.max().unwrap_or(0), whole.words),
        scaled(cue(13)),
        scaled(cue(6)),
        scaled(cue(7)),
        scaled(cue(9)),
        scaled(*page.runs.iter().max().unwrap_or(&0)),
    ];
    for value in values {
        features.push(|_| value);
    }
    for kind in 0..u8::BITS {
        let value = facts.kinds >> kind & 1;
        features.push(|_| value);
    }
}

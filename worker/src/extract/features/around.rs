//! What stands around a block: the elements that hold it, its neighbours, the heading above.

use super::{Features, capped, count, scaled, share};
use crate::extract::blocks::{Block, Container, Layout};
use crate::extract::tag::Tag;

/// How many elements above a block are looked at one by one.
const LEVELS: usize = 5;

/// Cues of headings that name what is below them.
const HEADING_CUES: [u8; 8] = [3, 5, 6, 8, 10, 11, 14, 16];

/// How far neighbours are counted together.
const WINDOW: usize = 5;

pub(super) fn push(features: &mut Features, page: &Layout, long: &[bool]) {
    levels(features, page);
    neighbours(features, page);
    headings(features, page);
    distances(features, page, long);
}

/// The elements that hold a block, from the innermost out; of one that holds nothing else only the next counts.
fn levels(features: &mut Features, page: &Layout) {
    let whole = &page.containers[0];
    let wider = page.wider();
    // Of each container once: a block's is asked for at every level.
    let of_all =
        |value: &dyn Fn(&Container) -> u8| -> Vec<u8> { page.containers.iter().map(value).collect() };
    let known = [
        of_all(&|container| scaled(container.words)),
        of_all(&|container| share(container.link_words, container.words)),
        of_all(&|container| scaled(count(container.blocks.len()))),
        of_all(&|container| share(container.words, whole.words)),
        of_all(&|container| scaled(page.runs[container.run])),
    ];
    let tags = of_all(&|container| container.tag.number());
    let mut at_level: Vec<usize> = page.blocks.iter().map(|block| block.container).collect();
    for level in 0..LEVELS {
        for known in &known {
            features.push_all(at_level.iter().map(|container| known[*container]));
        }
        let inside =
            |(at, container): (usize, &usize)| scaled(count(at - page.containers[*container].blocks.start));
        features.push_all(at_level.iter().enumerate().map(inside));
        if level > 1 {
            features.push_all(at_level.iter().map(|container| tags[*container]));
        }
        for container in &mut at_level {
            *container = wider[*container];
        }
    }
    features.push(|at| capped(page.around(&page.blocks[at]).depth as usize));
}

fn neighbours(features: &mut Features, page: &Layout) {
    let nothing = Block::default();
    for offset in [-2_isize, -1, 1, 2] {
        let of = |at: usize| -> &Block {
            at.checked_add_signed(offset).and_then(|at| page.blocks.get(at)).unwrap_or(&nothing)
        };
        features.push(|at| scaled(of(at).words));
        features.push(|at| share(of(at).link_words, of(at).words));
        features.push(|at| if of(at).words == 0 { 0 } else { page.around(of(at)).tag.number() });
        if offset.abs() == 1 {
            features.push(|at| share(of(at).stop_words, of(at).words));
        }
    }
    let window =
        |at: usize| &page.blocks[at.saturating_sub(WINDOW)..(at + WINDOW + 1).min(page.blocks.len())];
    features.push(|at| scaled(window(at).iter().map(|block| block.words - block.link_words).sum()));
    features.push(|at| {
        let links = window(at).iter().map(|block| block.link_words).sum();
        share(links, window(at).iter().map(|block| block.words).sum())
    });
}

/// The heading above a block.
fn headings(features: &mut Features, page: &Layout) {
    let mut above: Vec<Option<(usize, u32)>> = Vec::with_capacity(page.blocks.len());
    let (mut last, mut words) = (None, 0);
    for (at, block) in page.blocks.iter().enumerate() {
        above.push(last.map(|heading| (heading, words)));
        words += block.words;
        if matches!(page.around(block).tag, Tag::Heading(_)) {
            last = Some(at);
            words = 0;
        }
    }
    features.push(|at| above[at].map_or(255, |(heading, _)| capped(at - heading)));
    features.push(|at| above[at].map_or(255, |(_, words)| scaled(words)));
    features.push(|at| above[at].map_or(0, |(heading, _)| page.around(&page.blocks[heading]).tag.number()));
    features.push(|at| above[at].map_or(0, |(heading, _)| scaled(page.blocks[heading].words)));
    for cue in HEADING_CUES {
        features.push(|at| {
            above[at].map_or(0, |(heading, _)| u8::from(page.blocks[heading].cues >> cue & 1 == 1))
        });
    }
}

/// How far running text is, and how much of it stands above and below.
fn distances(features: &mut Features, page: &Layout, long: &[bool]) {
    let mut back = vec![255; long.len()];
    let mut since = 255_usize;
    for at in 0..long.len() {
        back[at] = since.min(255);
        since = if long[at] { 0 } else { since + 1 };
    }
    let mut ahead = vec![255; long.len()];
    let mut until = 255_usize;
    for at in (0..long.len()).rev() {
        ahead[at] = until.min(255);
        until = if long[at] { 0 } else { until + 1 };
    }
    features.push(|at| capped(back[at]));
    features.push(|at| capped(ahead[at]));
    let words = |at: usize| if long[at] { page.blocks[at].words } else { 0 };
    let total: u32 = (0..long.len()).map(words).sum();
    let mut before = Vec::with_capacity(long.len());
    let mut sum = 0;
    for at in 0..long.len() {
        before.push(sum);
        sum += words(at);
    }
    features.push(|at| share(before[at], total));
    features.push(|at| scaled(before[at]));
    features.push(|at| scaled(total - before[at] - words(at)));
}

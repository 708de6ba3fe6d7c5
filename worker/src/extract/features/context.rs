//! What the first forest thinks of the blocks around a block.
//!
//! Blocks of one template stand or fall together: neighbours, blocks of the same elements, and blocks that stand
//! at the same place of repeated elements.

use std::collections::HashMap;

use super::{Features, capped, scaled};
use crate::extract::blocks::Layout;

/// Elements around a block whose mean is looked at.
const LEVELS: usize = 6;

/// Adds what follows from the first forest's `chances`.
pub(in crate::extract) fn push(features: &mut Features, page: &Layout, chances: &[f32]) {
    features.push(|at| percent(chances[at]));
    for offset in [-3_isize, -2, -1, 1, 2, 3] {
        features.push(|at| {
            let other = at.checked_add_signed(offset).and_then(|at| chances.get(at));
            other.map_or(101, |chance| percent(*chance))
        });
    }
    let sums = Sums::of(page, chances);
    for reach in [2, 5, 12, 30] {
        features.push(|at| sums.mean(at.saturating_sub(reach)..(at + reach + 1).min(chances.len())));
    }
    let wider = page.wider();
    let mut containers: Vec<usize> = page.blocks.iter().map(|block| block.container).collect();
    for _ in 0..LEVELS {
        features.push(|at| sums.mean(page.containers[containers[at]].blocks.clone()));
        for container in &mut containers {
            *container = wider[*container];
        }
    }
    for levels in [1, 2, 4] {
        let means = of_equals(page, chances, levels);
        features.push(|at| means[at].0);
        features.push(|at| means[at].1);
    }
    let whole = sums.mean(0..chances.len());
    features.push(|_| whole);
    let expected = sums.weighted.last().copied().unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of words of one page"
    )]
    let expected = scaled(expected as u32);
    features.push(|_| expected);
    let total = sums.weighted.last().copied().unwrap_or(0.0).max(1.0);
    features.push(|at| percent(sums.weighted[at] / total));
}

fn percent(chance: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let percent = (chance.clamp(0.0, 1.0) * 100.0) as u8;
    percent
}

/// Running sums of words, and of words times chance.
struct Sums {
    words: Vec<f32>,
    weighted: Vec<f32>,
}

impl Sums {
    fn of(page: &Layout, chances: &[f32]) -> Self {
        let (mut words, mut weighted) = (vec![0.0], vec![0.0]);
        let (mut all, mut likely) = (0.0, 0.0);
        for (block, chance) in page.blocks.iter().zip(chances) {
            let count = weight(block.words);
            all += count;
            likely += count * chance;
            words.push(all);
            weighted.push(likely);
        }
        Self { words, weighted }
    }

    fn mean(&self, range: std::ops::Range<usize>) -> u8 {
        let words = self.words[range.end] - self.words[range.start];
        percent((self.weighted[range.end] - self.weighted[range.start]) / words.max(1.0))
    }
}

fn weight(words: u32) -> f32 {
    f32::from(u16::try_from(words).unwrap_or(u16::MAX))
}

/// For each block, the mean chance of those at the same place of equal elements, and how many they are.
fn of_equals(page: &Layout, chances: &[f32], levels: usize) -> Vec<(u8, u8)> {
    let mut numbers: HashMap<u64, usize> = HashMap::new();
    let mut groups: Vec<(f32, f32, usize)> = Vec::new();
    let mut group_of = Vec::with_capacity(page.blocks.len());
    for (block, chance) in page.blocks.iter().zip(chances) {
        let number = *numbers.entry(path(page, block.container, levels)).or_insert(groups.len());
        if number == groups.len() {
            groups.push((0.0, 0.0, 0));
        }
        let group = &mut groups[number];
        group.0 += weight(block.words) * chance;
        group.1 += weight(block.words);
        group.2 += 1;
        group_of.push(number);
    }
    let known =
        groups.iter().map(|(likely, words, blocks)| (percent(likely / words.max(1.0)), capped(*blocks)));
    let known: Vec<_> = known.collect();
    group_of.into_iter().map(|number| known[number]).collect()
}

/// Tags and names of an element and some above it, as one number.
fn path(page: &Layout, container: usize, levels: usize) -> u64 {
    let (mut key, mut at) = (0_u64, container);
    for _ in 0..levels {
        let container = &page.containers[at];
        key = (key ^ container.names ^ u64::from(container.tag.number()) << 58)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        key ^= key >> 29;
        at = container.parent;
    }
    key
}

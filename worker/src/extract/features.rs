//! What is known about each block, as small numbers that the forest compares.
//!
//! One column per feature, one byte per block: the forest then compares many blocks at once. Counts are on a
//! logarithmic scale, shares in steps of half a per cent.

mod around;
pub(super) mod context;
mod own;
mod whole;

use super::blocks::Layout;

/// What the head of a page contributes.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) title: Option<String>,
    /// What kind of page it says to be.
    pub(super) kinds: Kinds,
}

/// Kinds of pages, as bits.
pub(super) type Kinds = u8;

/// The features of all blocks of a page.
pub(super) struct Features {
    rows: usize,
    columns: Vec<u8>,
}

impl Features {
    /// Measures the blocks of a page.
    pub(super) fn of(page: &Layout, facts: &Facts) -> Self {
        let mut features = Self { rows: page.blocks.len(), columns: Vec::new() };
        features.columns.reserve(features.rows * 256);
        let long = own::long_blocks(page);
        own::push(&mut features, page, facts);
        around::push(&mut features, page, &long);
        whole::push(&mut features, page, facts, &long);
        features
    }

    /// Adds columns that come from elsewhere.
    pub(super) fn push(&mut self, value: impl FnMut(usize) -> u8) {
        self.columns.extend((0..self.rows).map(value));
    }

    /// Adds the values of one feature, a block each.
    pub(super) fn push_all(&mut self, values: impl Iterator<Item = u8>) {
        self.columns.extend(values);
        debug_assert!(self.columns.len().is_multiple_of(self.rows.max(1)), "one value for each block");
    }

    /// How many blocks there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The values of one feature.
    pub(super) fn column(&self, feature: usize) -> &[u8] {
        &self.columns[feature * self.rows..(feature + 1) * self.rows]
    }
}

/// A count on a scale of eight steps for each doubling.
pub(super) fn scaled(count: u32) -> u8 {
    let count = count.saturating_add(1);
    let log = count.ilog2();
    // The three bits below the highest one go on linearly, which is near enough.
    let below = if log >= 3 { (count >> (log - 3)) & 7 } else { (count << (3 - log)) & 7 };
    u8::try_from(log * 8 + below).unwrap_or(u8::MAX)
}

/// A share in half per cents.
pub(super) fn share(part: u32, whole: u32) -> u8 {
    let share = u64::from(part) * 200 / u64::from(whole.max(1));
    u8::try_from(share.min(255)).unwrap_or(u8::MAX)
}

/// A number as it is, up to what a byte holds.
pub(super) fn capped(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// A count that fits.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_rises_with_the_count() {
        let values: Vec<_> = (0..5_000).map(scaled).collect();
        assert!(values.is_sorted());
        assert_eq!((scaled(0), scaled(1), scaled(3), scaled(7)), (0, 8, 16, 24));
        assert_eq!(scaled(u32::MAX), 255);
    }
}

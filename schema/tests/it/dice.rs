//! Random numbers that a seed repeats.

/// `SplitMix64`: small, and the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    pub(crate) fn number(&mut self, sides: u64) -> i64 {
        i64::try_from(self.roll(sides)).expect("small")
    }

    pub(crate) fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.roll(count as u64)).expect("small")
    }
}

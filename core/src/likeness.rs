//! How alike two texts are: a 64-bit `SimHash` over runs of three words.
//!
//! Texts that differ in some words differ in some bits (Manku and others, 2007): up to [`NEAR`] of them count as near
//! duplicates. Two such numbers agree in one of their [`BANDS`] at least, so an index on each band finds all near ones.

use std::fmt;

/// Bits in which near duplicates may differ.
pub const NEAR: u32 = 3;

/// Parts of 16 bits. One more than [`NEAR`], so that one is equal.
pub const BANDS: usize = 4;

/// Texts with fewer words have too few runs to tell anything.
const MIN_WORDS: usize = 40;

/// Words in a run.
const RUN: usize = 3;

/// What a text is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness(u64);

impl Likeness {
    /// Of a text; none where it is too short to tell.
    pub fn of(text: &str) -> Option<Self> {
        let (mut last, mut words, mut counts) = ([0; RUN], 0, Counts::default());
        for_words(text, |word| {
            last.rotate_left(1);
            last[RUN - 1] = word;
            words += 1;
            if words >= RUN {
                counts.add(last.iter().fold(0, |run, word| mixed(run ^ word)));
            }
        });
        (words >= MIN_WORDS).then(|| Self(counts.majority()))
    }

    /// As it was stored.
    pub const fn from_stored(number: i64) -> Self {
        Self(number.cast_unsigned())
    }

    /// As it is stored.
    pub const fn to_stored(self) -> i64 {
        self.0.cast_signed()
    }

    /// In how many bits two texts differ: 0 to 64.
    pub const fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Calls with a number for each word: letters and digits in lower case. Scripts that are written without spaces have a
/// word in each character.
fn for_words(text: &str, mut take: impl FnMut(u64)) {
    let mut word = 0;
    for c in text.chars() {
        if c >= '\u{2e80}' && c.is_alphanumeric() {
            if word != 0 {
                take(word);
            }
            take(mixed(u64::from(c)));
            word = 0;
        } else if c.is_alphanumeric() {
            let lower =
                if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) };
            word = (word ^ u64::from(lower)).wrapping_mul(0x0100_0000_01b3).rotate_left(5) | 1;
        } else if word != 0 {
            take(mixed(word));
            word = 0;
        }
    }
    if word != 0 {
        take(mixed(word));
    }
}

/// Spreads a number over all bits (the last step of `SplitMix64`). Stored numbers depend on it: it never changes.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// How often each of 64 bits was set. The counts stand upright, a number for each binary digit, so that adding costs a
/// few instructions for all of them.
#[derive(Default)]
struct Counts {
    digits: [u64; 32],
    all: u32,
}

impl Counts {
    fn add(&mut self, bits: u64) {
        self.all = self.all.saturating_add(1);
        let mut carry = bits;
        for digit in &mut self.digits {
            (*digit, carry) = (*digit ^ carry, *digit & carry);
            if carry == 0 {
                break;
            }
        }
    }

    /// The bits that were set more often than not.
    fn majority(&self) -> u64 {
        let count = |bit: u32| {
            let digits = self.digits.iter().enumerate();
            digits.map(|(place, digit)| (digit >> bit & 1) << place).sum::<u64>()
        };
        let is_set = |bit: &u32| 2 * count(*bit) > u64::from(self.all);
        (0..u64::BITS).filter(is_set).fold(0, |all, bit| all | 1 << bit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = include_str!("../../docs/deploy.md");

    fn of(text: &str) -> Likeness {
        Likeness::of(text).expect("the text is long enough")
    }

    #[test]
    fn short_texts_are_like_nothing() {
        assert_eq!(Likeness::of(&"word ".repeat(MIN_WORDS - 1)), None);
        assert!(Likeness::of(&"word ".repeat(MIN_WORDS)).is_some());
        assert!(Likeness::of(&"字".repeat(MIN_WORDS)).is_some());
    }

    #[test]
    fn case_and_signs_do_not_count() {
        assert_eq!(of(&TEXT.to_uppercase().replace(' ', " -- ")), of(TEXT));
    }

    #[test]
    fn a_page_with_another_date_is_near_and_another_page_is_far() {
        let near = of(&format!("{TEXT} Last changed on 3 May 2026 by somebody."));
        assert!(of(TEXT).distance(near) <= NEAR, "{}", of(TEXT).distance(near));
        let far = of(include_str!("../../docs/tasks.md"));
        assert!(of(TEXT).distance(far) > 4 * NEAR, "{}", of(TEXT).distance(far));
    }

    #[test]
    fn stored_numbers_mean_the_same_for_ever() {
        let text = "The quick brown fox jumps over the lazy dog, again and again. ".repeat(5);
        assert_eq!(of(&text).to_string(), "ee51f9c2309329c4");
        assert_eq!(Likeness::from_stored(of(&text).to_stored()), of(&text));
    }

    proptest! {
        #[test]
        fn upright_counts_are_those_of_each_bit(numbers in proptest::collection::vec(any::<u64>(), 0..70)) {
            let mut counts = Counts::default();
            for number in &numbers {
                counts.add(*number);
            }
            let is_set = |bit: &u32| {
                2 * numbers.iter().filter(|number| **number >> bit & 1 == 1).count() > numbers.len()
            };
            let expected = (0..u64::BITS).filter(is_set).fold(0, |all, bit| all | 1_u64 << bit);
            prop_assert_eq!(counts.majority(), expected);
        }
    }
}

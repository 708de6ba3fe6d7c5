//! Short words with a meaning each, found in some nanoseconds.
//!
//! Every word of a page, every word of every class and the name of every element is looked up. A `match` over texts
//! compares with one after the other, which cost more than the parser.

/// Longest word that can be listed, in bytes.
pub(super) const MAX_BYTES: usize = 16;

/// Room for some hundred words, at most half full.
const SLOTS: usize = 1_024;

/// The words of a list, at places that follow from their bytes.
pub(super) struct Lexicon<T> {
    /// A word as a number, 0 where there is none.
    words: [u128; SLOTS],
    meanings: [T; SLOTS],
}

impl<T: Copy> Lexicon<T> {
    /// Lists words, separated by spaces, behind what each of them means.
    pub(super) const fn new(list: &[(T, &str)]) -> Self {
        let mut lexicon = Self { words: [0; SLOTS], meanings: [list[0].0; SLOTS] };
        let mut at = 0;
        let mut count = 0;
        while at < list.len() {
            let (meaning, words) = list[at];
            let bytes = words.as_bytes();
            let (mut word, mut length, mut next) = (0, 0, 0);
            while next <= bytes.len() {
                if next == bytes.len() || bytes[next] == b' ' {
                    lexicon.add(word, meaning);
                    count += 1;
                    (word, length) = (0, 0);
                } else {
                    assert!(length < MAX_BYTES, "a word is too long");
                    word |= (bytes[next] as u128) << (8 * length);
                    length += 1;
                }
                next += 1;
            }
            at += 1;
        }
        assert!(count <= SLOTS / 2, "too many words");
        lexicon
    }

    const fn add(&mut self, word: u128, meaning: T) {
        assert!(word != 0, "an empty word");
        let mut slot = slot(word);
        while self.words[slot] != 0 {
            assert!(self.words[slot] != word, "a word is listed twice");
            slot = (slot + 1) % SLOTS;
        }
        self.words[slot] = word;
        self.meanings[slot] = meaning;
    }

    /// What a word means.
    pub(super) fn get(&self, word: &[u8]) -> Option<T> {
        if word.len() > MAX_BYTES {
            return None;
        }
        let mut padded = [0; MAX_BYTES];
        // Not copied as a whole: a call for some bytes costs more than they do.
        for (to, from) in padded.iter_mut().zip(word) {
            *to = *from;
        }
        self.find(padded)
    }

    /// What a word means that is filled up with zeros.
    pub(super) fn find(&self, padded: [u8; MAX_BYTES]) -> Option<T> {
        let word = u128::from_le_bytes(padded);
        let mut slot = slot(word);
        while self.words[slot] != 0 {
            if self.words[slot] == word {
                return Some(self.meanings[slot]);
            }
            slot = (slot + 1) % SLOTS;
        }
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a number, and its highest bits")]
const fn slot(word: u128) -> usize {
    let halves = (word as u64) ^ ((word >> 64) as u64).rotate_left(29);
    (halves.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOTS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDS: Lexicon<u8> = Lexicon::new(&[(7, "a bc sixteen-letters-"), (9, "d")]);

    #[test]
    fn listed_words_mean_what_is_listed_and_no_other_word_means_anything() {
        assert_eq!(
            ["a", "bc", "sixteen-letters-", "d"].map(|word| WORDS.get(word.as_bytes())),
            [Some(7), Some(7), Some(7), Some(9)]
        );
        for other in ["", "b", "abc", "sixteen-letters-x", "e", "d "] {
            assert_eq!(WORDS.get(other.as_bytes()), None, "{other}");
        }
    }
}

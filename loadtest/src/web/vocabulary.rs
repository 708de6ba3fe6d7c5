//! The words of a synthetic site.
//!
//! Nouns are made of syllables by the seed, so that two sites share hardly any; the glue between them is
//! English, so that the text has the rhythm (and compresses and tokenizes like) real documentation.

use crate::web::seeded::{Purpose, Seeded};

const WORDS: usize = 700;
const ONSETS: [&str; 16] =
    ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "pr", "tr"];
const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ea", "io", "ou"];
const CODAS: [&str; 10] = ["", "n", "r", "s", "t", "l", "ck", "nd", "x", "m"];
const GLUE: [&str; 24] = [
    "the", "of", "and", "to", "a", "in", "is", "for", "that", "with", "when", "from", "can", "must", "each",
    "before", "after", "returns", "uses", "by", "this", "an", "on", "not",
];

/// A seeded list of words and the phrases made of them.
pub(crate) struct Vocabulary {
    words: Vec<String>,
}

impl Vocabulary {
    /// The words of the site with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut seeded = Seeded::new(seed, Purpose::Vocabulary, 0);
        let words = (0..WORDS).map(|_| word(&mut seeded)).collect();
        Self { words }
    }

    /// One word.
    pub(crate) fn word(&self, seeded: &mut Seeded) -> &str {
        seeded.pick_text(&self.words)
    }

    /// A few words with `separator` between them.
    pub(crate) fn words(&self, seeded: &mut Seeded, count: u32, separator: &str) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word(seeded)).collect();
        words.join(separator)
    }

    /// A heading of two to five words with a capital.
    pub(crate) fn title(&self, seeded: &mut Seeded) -> String {
        let count = seeded.between(2, 5);
        capital(&self.words(seeded, count, " "))
    }

    /// A sentence with a capital and a full stop.
    pub(crate) fn sentence(&self, seeded: &mut Seeded) -> String {
        let count = seeded.between(6, 18);
        let mut text = String::new();
        for position in 0..count {
            if position > 0 {
                text.push_str(if seeded.percent(8) { ", " } else { " " });
            }
            let glue = position % 2 == 1 && seeded.percent(80);
            text.push_str(if glue { seeded.pick(&GLUE) } else { self.word(seeded) });
        }
        capital(&text) + "."
    }

    /// Some sentences.
    pub(crate) fn paragraph(&self, seeded: &mut Seeded) -> String {
        let count = seeded.between(3, 7);
        let sentences: Vec<String> = (0..count).map(|_| self.sentence(seeded)).collect();
        sentences.join(" ")
    }
}

fn word(seeded: &mut Seeded) -> String {
    let mut word = String::new();
    for _ in 0..seeded.between(1, 3) {
        word.push_str(seeded.pick(&ONSETS));
        word.push_str(seeded.pick(&NUCLEI));
    }
    word + seeded.pick(&CODAS)
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(text.len().min(1));
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_plain_ascii_that_needs_no_escaping() {
        let vocabulary = Vocabulary::new(3);
        let mut seeded = Seeded::new(3, Purpose::Text, 0);
        for _ in 0..200 {
            let sentence = vocabulary.sentence(&mut seeded);
            assert!(sentence.ends_with('.') && sentence.starts_with(|c: char| c.is_ascii_uppercase()));
            assert!(sentence.chars().all(|c| c.is_ascii_alphabetic() || " ,.".contains(c)));
        }
    }

    #[test]
    fn sites_with_different_seeds_speak_differently() {
        assert_ne!(Vocabulary::new(1).words, Vocabulary::new(2).words);
        assert_eq!(Vocabulary::new(1).words, Vocabulary::new(1).words);
    }
}

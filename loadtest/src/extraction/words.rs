//! Words as the score counts them, and the F1 of two bags of them.

use std::collections::HashMap;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// How often each word stands in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    counts: HashMap<String, u32>,
    total: u32,
}

/// Agreement of a found text with its reference, each between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Agreement {
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) f1: f64,
}

impl Words {
    /// Words are runs of letters (category L), numbers (N) and `_` of the text in lower case.
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self::default();
        for word in text.to_lowercase().split(|c: char| !is_part(c)).filter(|word| !word.is_empty()) {
            *words.counts.entry(word.to_owned()).or_default() += 1;
            words.total += 1;
        }
        words
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(super) fn contains(&self, word: &str) -> bool {
        self.counts.contains_key(word)
    }

    /// How well these words agree with those of the reference.
    pub(super) fn agree_with(&self, reference: &Self) -> Agreement {
        if self.is_empty() && reference.is_empty() {
            return Agreement { precision: 1.0, recall: 1.0, f1: 1.0 };
        }
        let common =
            |(word, count): (&String, &u32)| reference.counts.get(word).map_or(0, |other| *count.min(other));
        let overlap = f64::from(self.counts.iter().map(common).sum::<u32>());
        let share = |total: u32| if total == 0 { 0.0 } else { overlap / f64::from(total) };
        let (precision, recall) = (share(self.total), share(reference.total));
        let sum = precision + recall;
        Agreement { precision, recall, f1: if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 } }
    }
}

/// Whether a character is part of a word.
pub(super) fn is_part(c: char) -> bool {
    c == '_'
        || matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_separate_and_all_numbers_count() {
        let words = Words::of("Naïve e\u{301}t ½③ a_b don't ÄÖ");
        let mut all: Vec<_> = words.counts.keys().map(String::as_str).collect();
        all.sort_unstable();
        assert_eq!(all, ["a_b", "don", "e", "naïve", "t", "½③", "äö"]);
        assert_eq!(words.total, 8);
    }

    #[test]
    fn agreement_counts_repetitions() {
        let found = Words::of("a a b c").agree_with(&Words::of("a b b d d"));
        assert!((found.precision - 0.5).abs() < 1e-12 && (found.recall - 0.4).abs() < 1e-12);
        assert!((found.f1 - 4.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_agrees_with_nothing_only() {
        assert!((Words::of("").agree_with(&Words::of(" .")).f1 - 1.0).abs() < 1e-12);
        assert_eq!(Words::of("a").agree_with(&Words::of("")), Agreement::default());
        assert_eq!(Words::of("").agree_with(&Words::of("a")), Agreement::default());
    }
}

//! Exact cl100k token counts.
//!
//! The tokenizer first splits a text into words and signs, then encodes each. A page repeats its words, so each
//! is encoded once a page: on documentation this is most of the cost of chunking.

use std::cell::RefCell;
use std::collections::HashMap;

/// Longer words hardly repeat, and hashing them costs like encoding.
const MEMO_BYTES: usize = 32;

/// Number of tokens of a text.
pub(super) fn count(text: &str) -> u32 {
    u32::try_from(bpe_openai::cl100k_base().count(text)).unwrap_or(u32::MAX)
}

/// Counts parts of one page.
pub(super) struct Counter<'a> {
    page: &'a str,
    memo: RefCell<HashMap<&'a str, u32>>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(page: &'a str) -> Self {
        Self { page, memo: RefCell::default() }
    }

    /// Tokens of `start..end` and of `start..next`, where only white space lies between `end` and `next`.
    ///
    /// Words before the one that ends at `end` are the same in both, so they are split and encoded once.
    pub(super) fn with_and_without_tail(&self, start: usize, end: usize, next: usize) -> (u32, u32) {
        let (mut bare, mut full) = (0, 0);
        let mut at = start;
        for word in bpe_openai::cl100k_base().split(&self.page[start..next]) {
            let tokens = self.word(word);
            full += tokens;
            if at + word.len() <= end {
                bare += tokens;
            } else if at < end {
                // A sign takes the line breaks behind it into its word.
                bare += count(&self.page[at..end]);
            }
            at += word.len();
        }
        (bare, full)
    }

    fn word(&self, word: &'a str) -> u32 {
        if word.len() > MEMO_BYTES {
            return encoded(word);
        }
        *self.memo.borrow_mut().entry(word).or_insert_with(|| encoded(word))
    }
}

fn encoded(word: &str) -> u32 {
    u32::try_from(bpe_openai::cl100k_base().bpe.count(word.as_bytes())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_counts_are_those_of_the_texts_themselves() {
        for text in [
            "One two one two.\n\n",
            "a `b`\n\n\n",
            "ends with a sign)}];\n \n",
            "x \n",
            "日本語のテキスト。\n\n",
            "1234 5678\n",
            "\u{a0}non-breaking \n\n",
            "  indented\n\n",
            "It's they'll DON'T\n\n\t",
            "",
            "\n\n",
        ] {
            let end = text.trim_end().len();
            let counted = Counter::new(text).with_and_without_tail(0, end, text.len());
            assert_eq!(counted, (count(&text[..end]), count(text)), "{text:?}");
        }
    }
}

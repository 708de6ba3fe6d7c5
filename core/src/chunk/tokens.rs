//! Exact cl100k token counts.
//!
//! The tokenizer first splits a text into words and signs, then encodes each. Pages repeat words, and encoding is
//! most of the cost of chunking, so the counts of words are remembered.

use std::cell::RefCell;
use std::collections::HashMap;

/// Longer words hardly repeat, and hashing them costs like encoding.
const MEMO_BYTES: usize = 32;
/// Words remembered by a thread: some megabytes, and more than a large site has.
const MEMO_WORDS: usize = 50_000;

/// Number of tokens of a text.
pub(super) fn count(text: &str) -> u32 {
    u32::try_from(bpe_openai::cl100k_base().count(text)).unwrap_or(u32::MAX)
}

/// Counts parts of one page.
pub(super) struct Counter<'a> {
    page: &'a str,
}

thread_local! {
    // A memo of a pure function: it changes no result, and a page has words that the last pages had.
    static WORDS: RefCell<HashMap<Box<str>, u32>> = RefCell::default();
}

impl<'a> Counter<'a> {
    pub(super) fn new(page: &'a str) -> Self {
        Self { page }
    }

    /// Tokens of `start..end` and of `start..next`, where only white space lies between `end` and `next`.
    ///
    /// Words before the one that ends at `end` are the same in both, so they are split and encoded once.
    pub(super) fn with_and_without_tail(&self, start: usize, end: usize, next: usize) -> (u32, u32) {
        WORDS.with_borrow_mut(|words| {
            let (mut bare, mut full) = (0, 0);
            let mut at = start;
            for word in bpe_openai::cl100k_base().split(&self.page[start..next]) {
                let tokens = remembered(words, word);
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
        })
    }
}

fn remembered(words: &mut HashMap<Box<str>, u32>, word: &str) -> u32 {
    if word.len() > MEMO_BYTES {
        return encoded(word);
    }
    if let Some(tokens) = words.get(word) {
        return *tokens;
    }
    let tokens = encoded(word);
    if words.len() >= MEMO_WORDS {
        words.clear();
    }
    words.insert(word.into(), tokens);
    tokens
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

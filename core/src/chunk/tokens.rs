//! Exact cl100k token counts.
//!
//! The tokenizer first splits a text into words and signs, then encodes each. Pages repeat words, and encoding is
//! most of the cost of chunking, so the counts of words are remembered.

use std::cell::RefCell;

use super::words::Words;

/// Longest word whose count is remembered: with its length it is a number of 128 bits.
const MEMO_BYTES: usize = 15;
/// Words remembered by a thread, a quarter of a megabyte. One that comes to the place of another takes it, so that no
/// page can make looking up slow.
const MEMO_WORDS: usize = 8_192;

/// Number of tokens of a text.
pub(super) fn count(text: &str) -> u32 {
    WORDS.with_borrow_mut(|memo| Words::of(text).map(|word| memo.count(word)).sum())
}

/// Counts parts of one page.
pub(super) struct Counter<'a> {
    page: &'a str,
}

/// Words with their counts, at places that follow from their bytes.
struct Memo {
    words: Vec<(u128, u32)>,
}

thread_local! {
    // A memo of a pure function: it changes no result, and a page has words that the last pages had.
    static WORDS: RefCell<Memo> = RefCell::new(Memo { words: vec![(0, 0); MEMO_WORDS] });
}

impl Memo {
    fn count(&mut self, word: &str) -> u32 {
        let Some(key) = key(word) else { return encoded(word) };
        let known = &mut self.words[place(key)];
        if known.0 != key {
            *known = (key, encoded(word));
        }
        known.1
    }
}

/// A short word as a number, which its length keeps from being 0.
fn key(word: &str) -> Option<u128> {
    let mut bytes = [0; MEMO_BYTES + 1];
    bytes[..MEMO_BYTES].get_mut(..word.len())?.copy_from_slice(word.as_bytes());
    bytes[MEMO_BYTES] = u8::try_from(word.len()).ok()?;
    Some(u128::from_le_bytes(bytes))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a number, and its highest bits")]
fn place(key: u128) -> usize {
    let halves = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
    (halves.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - MEMO_WORDS.ilog2())) as usize
}

impl<'a> Counter<'a> {
    pub(super) fn new(page: &'a str) -> Self {
        Self { page }
    }

    /// Tokens of `start..end` and of `start..next`, where only white space lies between `end` and `next`.
    ///
    /// Words before the one that ends at `end` are the same in both, so they are split and encoded once.
    pub(super) fn with_and_without_tail(&self, start: usize, end: usize, next: usize) -> (u32, u32) {
        WORDS.with_borrow_mut(|memo| {
            let (mut bare, mut full) = (0, 0);
            let mut at = start;
            for word in Words::of(&self.page[start..next]) {
                let tokens = memo.count(word);
                full += tokens;
                if at + word.len() <= end {
                    bare += tokens;
                } else if at < end {
                    // A sign takes the line breaks behind it into its word.
                    bare += Words::of(&self.page[at..end]).map(|word| memo.count(word)).sum::<u32>();
                }
                at += word.len();
            }
            (bare, full)
        })
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
            let exact = |text: &str| u32::try_from(bpe_openai::cl100k_base().count(text)).unwrap();
            assert_eq!(counted, (exact(&text[..end]), exact(text)), "{text:?}");
            assert_eq!(count(text), exact(text));
        }
    }
}

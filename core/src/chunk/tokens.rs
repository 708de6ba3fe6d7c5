//! Exact cl100k token counts.

/// Number of tokens of a text.
pub(super) fn count(text: &str) -> u32 {
    u32::try_from(bpe_openai::cl100k_base().count(text)).unwrap_or(u32::MAX)
}

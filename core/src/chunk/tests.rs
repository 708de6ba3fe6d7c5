use std::collections::HashSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::{Chunk, ChunkLimits, chunk, tokens};

const SMALL: ChunkLimits = ChunkLimits { target_tokens: 20, max_tokens: 30 };

fn texts(chunks: &[Chunk]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

/// What holds for every page and all limits.
fn check(markdown: &str, limits: ChunkLimits) -> Vec<Chunk> {
    let chunks = chunk(markdown, &limits);
    let mut covered = 0;
    for (at, piece) in chunks.iter().enumerate() {
        let (start, end) = (piece.start as usize, piece.end as usize);
        assert_eq!(piece.ordinal as usize, at);
        assert_eq!(piece.text, markdown[start..end]);
        assert_eq!(piece.tokens, tokens::count(&piece.text), "{:?}", piece.text);
        assert!(piece.tokens <= limits.max_tokens.max(4), "{:?}", piece.text);
        assert!(!piece.text.trim().is_empty());
        assert!(markdown[covered..start].trim().is_empty(), "lost text before {start}");
        covered = end;
    }
    assert!(markdown[covered..].trim().is_empty(), "lost text behind {covered}");
    let ids: HashSet<_> = chunks.iter().map(|piece| piece.id).collect();
    assert_eq!(ids.len(), chunks.len());
    assert_eq!(chunks, chunk(markdown, &limits));
    chunks
}

#[test]
fn a_small_page_is_one_chunk_with_its_heading() {
    let chunks = check("# A `b`\n\nText.\n", ChunkLimits::default());
    assert_eq!(texts(&chunks), ["# A `b`\n\nText."]);
    assert_eq!(chunks[0].heading_path, ["A b"]);
    assert!(check(" \n\n", ChunkLimits::default()).is_empty());
}

#[test]
fn sections_of_level_one_and_two_never_share_a_chunk() {
    let page = "intro\n\n# A\n\n## B\n\nb\n\n### C\n\nc\n\n## D\n\nd\n\n# E\n# F\n";
    let chunks = check(page, ChunkLimits::default());
    let expected = ["intro", "# A\n\n## B\n\nb\n\n### C\n\nc", "## D\n\nd", "# E", "# F"];
    assert_eq!(texts(&chunks), expected);
    assert_eq!(chunks[1].heading_path, ["A", "B"]);
    assert_eq!(chunks[2].heading_path, ["A", "D"]);
}

#[test]
fn underlined_headings_count_as_headings() {
    let chunks = check("Top\n===\n\na\n\nSub\n---\n\nb", ChunkLimits::default());
    assert_eq!(texts(&chunks), ["Top\n===\n\na", "Sub\n---\n\nb"]);
    assert_eq!(chunks[1].heading_path, ["Top", "Sub"]);
}

#[test]
fn fences_and_tables_that_fit_stay_whole() {
    let fence = "```rust\nlet a = 1;\n\n# not a heading\nlet b = 2;\n```";
    let table = "| a | b |\n| --- | --- |\n| 1 | 2 |";
    let filler = "Some words that fill up most of what a chunk may hold.";
    let page = format!("{filler}\n\n{fence}\n\n{filler}\n\n{table}\n");
    let chunks = check(&page, SMALL);
    assert!(chunks.iter().any(|piece| piece.text.contains(fence)));
    assert!(chunks.iter().any(|piece| piece.text.contains(table)));
}

#[test]
fn a_heading_goes_with_the_text_below_it() {
    let filler = "Some words that fill up nearly all of what one chunk may hold here.";
    let page = format!("{filler}\n\n### Next\n\n{filler}");
    let chunks = check(&page, SMALL);
    assert_eq!(chunks.len(), 2);
    assert!(chunks[1].text.starts_with("### Next"));
    assert_eq!(chunks[1].heading_path, ["Next"]);
}

#[test]
fn what_is_too_large_is_cut_at_lines_then_sentences_then_words() {
    let lines = "- one line of a long list of lines\n".repeat(10);
    assert!(check(&lines, SMALL).iter().all(|piece| piece.text.starts_with("- one")));
    let sentences = "This sentence is one of very many of its kind. ".repeat(10);
    let cut = check(&sentences, SMALL);
    assert!(cut.iter().all(|piece| piece.text.starts_with("This") && piece.text.ends_with('.')));
    let words = "word ".repeat(100);
    assert!(check(&words, SMALL).iter().all(|piece| piece.text.ends_with("word")));
    check(&"x1".repeat(500), SMALL);
    check(&"字。".repeat(100), SMALL);
}

#[test]
fn ids_do_not_change_with_what_stands_elsewhere() {
    let ids =
        |page: &str| -> Vec<_> { check(page, ChunkLimits::default()).iter().map(|piece| piece.id).collect() };
    let before = ids("# A\n\na\n\n# B\n\nb\n\n# B\n\nb");
    let after = ids("# A\n\nchanged\n\n# New\n\n# B\n\nb\n\n# B\n\nb");
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1..], after[2..]);
}

#[test]
fn a_long_page_is_cut_in_linear_time() {
    let mut page = String::new();
    for section in 0..2_000 {
        write!(page, "## Section {section}\n\nSome text in a paragraph.\n\n- a\n- b\n\n").unwrap();
    }
    assert_eq!(chunk(&page, &ChunkLimits::default()).len(), 2_000);
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_chunk_is_too_large(
        blocks in proptest::collection::vec(
            "(#{1,7} )?([a-z]{1,9}[ .\t]{0,2}){0,30}|```[a-z]?|(- [a-z ]{0,9}\n){1,4}|\\|[a-z|]{0,9}|  [a-z=-]{2,5}|\\PC{0,20}|[\r\n\t \u{a0}\u{2028}x.]{0,8}",
            0..12,
        ),
        gap in "\n|\n\n|\r\n|\r|\n \r\n",
        target in 1_u32..40,
        max in 1_u32..40,
    ) {
        check(&blocks.join(&gap), ChunkLimits { target_tokens: target, max_tokens: max });
    }
}

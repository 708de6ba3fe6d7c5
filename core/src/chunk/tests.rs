use std::collections::HashSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::{Chunk, ChunkLimits, chunk};

mod edits;

const SMALL: ChunkLimits = ChunkLimits { target_tokens: 20, max_tokens: 30, overlap_tokens: 0 };

fn texts(chunks: &[Chunk]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

/// Counted by the tokenizer itself.
fn exact(text: &str) -> u32 {
    u32::try_from(bpe_openai::cl100k_base().count(text)).unwrap()
}

/// What holds for every page and all limits.
fn check(markdown: &str, limits: ChunkLimits) -> Vec<Chunk> {
    let chunks = chunk(markdown, &limits);
    let mut covered = 0;
    for (at, piece) in chunks.iter().enumerate() {
        let (start, end) = (piece.start as usize, piece.end as usize);
        assert_eq!(piece.ordinal as usize, at);
        let (header, own) = piece.text.split_at(piece.text.len() - (end - start));
        assert_eq!(own, &markdown[start..end]);
        assert!(header.is_empty() || (header.starts_with('|') && markdown[..start].contains(header)));
        assert_eq!(piece.tokens, exact(&piece.text), "{:?}", piece.text);
        assert!(piece.tokens <= limits.max_tokens.max(4), "{:?}", piece.text);
        assert!(!piece.text.trim().is_empty());
        if limits.overlap_tokens == 0 {
            assert!(start >= covered, "text again before {start}");
        }
        let between = &markdown[covered.min(start)..start];
        assert!(between.trim().is_empty(), "lost text before {start}");
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
fn rows_of_a_table_that_is_cut_stand_below_its_header() {
    let header = "| name | size |\n| --- | --- |\n";
    let rows: Vec<_> = (0..12).map(|at| format!("| file{at} | {at} |\n")).collect();
    let chunks = check(&format!("# Files\n\n{header}{}\ntext", rows.concat()), SMALL);
    let of_table: Vec<_> = chunks.iter().filter(|piece| piece.text.contains("file")).collect();
    assert!(of_table.len() > 3);
    assert!(of_table.iter().all(|piece| piece.text.contains(header) && piece.heading_path == ["Files"]));
    assert_eq!(of_table.iter().map(|piece| piece.text.matches("file").count()).sum::<usize>(), 12);
    let no_header = "| a b c d e f g h i j k l m n o p q r s t |\n".repeat(4);
    check(&no_header, SMALL);
}

#[test]
fn chunks_overlap_by_whole_blocks_of_a_section() {
    let limits = ChunkLimits { overlap_tokens: 12, ..SMALL };
    let paragraph = |at: usize| format!("This is paragraph {at} of a section.");
    let page: Vec<_> = (0..8).map(paragraph).collect();
    let chunks = check(&format!("{}\n\n## Next\n\n{}", page.join("\n\n"), page.join("\n\n")), limits);
    let starts_with_last_of = |pair: &[Chunk]| {
        let last = pair[0].text.rsplit("\n\n").next().unwrap();
        pair[1].text.starts_with(last)
    };
    let (again, own): (Vec<_>, Vec<_>) = chunks.windows(2).partition(|pair| starts_with_last_of(pair));
    assert!(again.len() > 4);
    assert_eq!(own.len(), 1, "nothing comes again across a top heading");
    assert!(own[0][1].text.starts_with("## Next"));
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
        overlap in prop_oneof![Just(0_u32), 1_u32..20],
    ) {
        check(&blocks.join(&gap), ChunkLimits { target_tokens: target, max_tokens: max, overlap_tokens: overlap });
    }
}

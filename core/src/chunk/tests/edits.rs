//! What edits of real pages change: the project's own documentation, cut, edited, cut again.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::{Chunk, ChunkLimits, chunk};

/// The first four open with a text below their title. Without one, the title would share its chunk with the first
/// section.
const PAGES: [&str; 5] = [
    include_str!("../../../../docs/tasks.md"),
    include_str!("../../../../docs/deploy.md"),
    include_str!("../../../../docs/tour.md"),
    include_str!("../../../../docs/errors.md"),
    include_str!("../../../../ARCHITECTURE.md"),
];

/// Sections of level 1 and 2, each from its heading to the next: found without the chunker.
fn sections(markdown: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut in_code = false;
    for line in markdown.split_inclusive('\n') {
        in_code ^= line.starts_with("```");
        if !in_code && (line.starts_with("# ") || line.starts_with("## ")) {
            sections.push(String::new());
        }
        sections.last_mut().expect("there is one from the start").push_str(line);
    }
    sections.retain(|section| !section.trim().is_empty());
    for section in &mut sections {
        *section = format!("{}\n\n", section.trim_end());
    }
    sections
}

fn cut(sections: &[String]) -> Vec<Chunk> {
    chunk(&sections.concat(), &ChunkLimits::default())
}

/// How often each pair of headings and text stands there more often than in the other list: what a person would say
/// has been added.
fn surplus(of: &[Chunk], over: &[Chunk]) -> Vec<(Vec<String>, String)> {
    let mut left: HashMap<_, usize> = HashMap::new();
    for chunk in over {
        *left.entry((&chunk.heading_path, &chunk.text)).or_default() += 1;
    }
    let mut surplus = Vec::new();
    for chunk in of {
        match left.get_mut(&(&chunk.heading_path, &chunk.text)).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => surplus.push((chunk.heading_path.clone(), chunk.text.clone())),
        }
    }
    surplus.sort();
    surplus
}

/// The chunks whose ids the other list does not have.
fn fresh<'a>(of: &'a [Chunk], over: &[Chunk]) -> Vec<&'a Chunk> {
    let known: Vec<_> = over.iter().map(|chunk| chunk.id).collect();
    of.iter().filter(|chunk| !known.contains(&chunk.id)).collect()
}

fn assert_exact(before: &[Chunk], after: &[Chunk]) {
    let pairs = |chunks: Vec<&Chunk>| {
        let mut pairs: Vec<_> =
            chunks.iter().map(|chunk| (chunk.heading_path.clone(), chunk.text.clone())).collect();
        pairs.sort();
        pairs
    };
    assert_eq!(pairs(fresh(after, before)), surplus(after, before), "added");
    assert_eq!(pairs(fresh(before, after)), surplus(before, after), "removed");
}

/// Whether a chunk's own text, without the header of a table that was cut, stands in a part of its page.
fn is_of(chunk: &Chunk, page: &[String], part: &str) -> bool {
    part.contains(&page.concat()[chunk.start as usize..chunk.end as usize])
}

proptest! {
    #[test]
    fn ids_that_come_and_go_are_those_of_texts_that_come_and_go(
        page in 0..PAGES.len(),
        edits in proptest::collection::vec((0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
    ) {
        let before = cut(&[PAGES[page].to_owned()]);
        prop_assert!(fresh(&cut(&[PAGES[page].to_owned()]), &before).is_empty(), "an unchanged page has no news");
        let mut paragraphs: Vec<_> = PAGES[page].split("\n\n").map(str::to_owned).collect();
        for (kind, at, to) in edits {
            let (at, to) = (at.index(paragraphs.len()), to.index(paragraphs.len()));
            match kind {
                0 => paragraphs[at].push_str(" And more."),
                1 => paragraphs.insert(at, paragraphs[to].clone()),
                2 if paragraphs.len() > 1 => drop(paragraphs.remove(at)),
                _ => paragraphs.swap(at, to),
            }
        }
        assert_exact(&before, &chunk(&paragraphs.join("\n\n"), &ChunkLimits::default()));
    }

    #[test]
    fn an_edit_in_a_section_leaves_all_other_sections_alone(
        page in 0..4_usize,
        at in any::<prop::sample::Index>(),
        text in "[a-z ]{1,40}",
    ) {
        let mut sections = sections(PAGES[page]);
        let (original, before) = (sections.clone(), cut(&sections));
        let at = at.index(sections.len());
        let edited = sections[at].clone();
        sections[at] = format!("{}\n\n{text} x\n\n", edited.trim_end());
        let after = cut(&sections);
        assert_exact(&before, &after);
        let gone = fresh(&before, &after);
        prop_assert!(gone.iter().all(|chunk| is_of(chunk, &original, &edited)), "only chunks of the section go");
    }

    #[test]
    fn a_section_that_moves_among_its_equals_changes_nothing(
        page in 0..3_usize,
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let mut sections = sections(PAGES[page]);
        let before = cut(&sections);
        let below_title = sections.len() - 1;
        let (from, to) = (1 + from.index(below_title), 1 + to.index(below_title));
        let moved = sections.remove(from);
        sections.insert(to, moved);
        let after = cut(&sections);
        prop_assert!(fresh(&before, &after).is_empty() && fresh(&after, &before).is_empty());
    }

    #[test]
    fn a_section_that_moves_below_another_heading_changes_its_own_chunks_only(
        page in 0..3_usize,
        from in any::<prop::sample::Index>(),
    ) {
        let sections = sections(PAGES[page]);
        let from = 1 + from.index(sections.len() - 1);
        let other = "# Another part\n\nWhat it is about.\n\n".to_owned();
        let old = [sections.clone(), vec![other.clone()]].concat();
        let mut new = sections;
        let moved = new.remove(from);
        new.extend([other, moved.clone()]);
        let (before, after) = (cut(&old), cut(&new));
        assert_exact(&before, &after);
        let (gone, come) = (fresh(&before, &after), fresh(&after, &before));
        prop_assert!(!come.is_empty() && come.len() == gone.len());
        for (gone, come) in gone.iter().zip(&come) {
            prop_assert!(is_of(gone, &old, &moved) && is_of(come, &new, &moved));
            prop_assert_eq!(&gone.text, &come.text);
            prop_assert_eq!(&come.heading_path[0], "Another part");
            prop_assert_eq!(&come.heading_path[1..], &gone.heading_path[1..]);
        }
    }
}

//! A line that is larger than a chunk, cut at sentences, else at words, else between characters.

use std::ops::Range;

use super::tokens::count;

/// Cuts a line into pieces of at most `max` tokens, without white space at their ends.
pub(super) fn pieces(markdown: &str, line: Range<usize>, max: u32) -> Vec<Range<usize>> {
    let mut atoms = Vec::new();
    for sentence in cut(markdown, &line, sentence_ends) {
        if count(&markdown[sentence.clone()]) <= max {
            atoms.push(sentence);
            continue;
        }
        for word in cut(markdown, &sentence, word_ends) {
            if count(&markdown[word.clone()]) <= max {
                atoms.push(word);
            } else {
                atoms.extend(characters(markdown, &word, max));
            }
        }
    }
    join(markdown, &atoms, max)
}

/// Joins neighbours while they fit. Their counts only estimate the joined one (a word with the space
/// before it may be one token or several), so what is joined is counted, and given up if it is too large.
fn join(markdown: &str, atoms: &[Range<usize>], max: u32) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < atoms.len() {
        let mut to = from + 1;
        let mut estimate = count(&markdown[atoms[from].clone()]);
        while let Some(next) = atoms.get(to) {
            estimate += count(&markdown[next.clone()]);
            if estimate > max {
                break;
            }
            to += 1;
        }
        while to > from + 1 && count(&markdown[atoms[from].start..atoms[to - 1].end]) > max {
            to -= 1;
        }
        pieces.push(atoms[from].start..atoms[to - 1].end);
        from = to;
    }
    pieces
}

/// Cuts where `ends` says, and leaves out white space at the cuts.
fn cut(markdown: &str, range: &Range<usize>, ends: fn(&str) -> Vec<usize>) -> Vec<Range<usize>> {
    let text = &markdown[range.clone()];
    let mut parts = Vec::new();
    let mut start = 0;
    for end in ends(text).into_iter().chain([text.len()]) {
        let part = &text[start..end];
        let bare = part.trim();
        if !bare.is_empty() {
            let from = range.start + start + (part.len() - part.trim_start().len());
            parts.push(from..from + bare.len());
        }
        start = end;
    }
    parts
}

/// Behind `.`, `!` or `?` before white space, and behind their full-width forms.
fn sentence_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let next = chars.peek().copied();
        let Some((at, next)) = next else {
            break;
        };
        let ends_here = match c {
            '.' | '!' | '?' | '…' => next.is_whitespace(),
            '。' | '！' | '？' => true,
            _ => false,
        };
        if ends_here {
            ends.push(at);
        }
    }
    ends
}

fn word_ends(text: &str) -> Vec<usize> {
    text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).collect()
}

/// Every token has at least one byte, so `max` bytes are at most `max` tokens.
fn characters(markdown: &str, word: &Range<usize>, max: u32) -> Vec<Range<usize>> {
    let most = usize::try_from(max).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut start = word.start;
    while start < word.end {
        let end = markdown.floor_char_boundary(start.saturating_add(most).min(word.end));
        parts.push(start..end);
        start = end;
    }
    parts
}

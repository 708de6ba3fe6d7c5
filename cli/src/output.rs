//! What goes to standard output: one text, one JSON object, or a JSON object a line.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _, stdout};

use serde::Serialize;

use crate::clean;

/// Writes text as it is; the caller has cleaned what is not rad's own.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `rad docs | head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes content: unchanged into a file or a pipe, harmless on a terminal.
pub(crate) fn content(content: &str) -> io::Result<()> {
    if stdout().is_terminal() { text(&clean::lines(content)) } else { text(content) }
}

/// Writes one object.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    text(&one_line(value)?)
}

/// Writes an object a line.
pub(crate) fn ndjson<T: Serialize>(values: &[T]) -> io::Result<()> {
    text(&values.iter().map(one_line).collect::<io::Result<String>>()?)
}

/// How many rows a listing has at most: `usual` are enough for eyes, but a program would take them for all.
pub(crate) fn most(asked: Option<u32>, usual: u32, as_json: bool) -> usize {
    let limit = asked.or((!as_json).then_some(usual));
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Says on standard error that there may be more rows than were asked for.
pub(crate) fn note_cut(rows: usize, most: usize) {
    if rows == most {
        eprintln!("The first {most}; --limit shows more");
    }
}

fn one_line(value: &impl Serialize) -> io::Result<String> {
    Ok(clean::json(&serde_json::to_string(value)?) + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_table_is_cut_unasked() {
        assert_eq!([most(None, 20, false), most(None, 20, true)], [20, usize::MAX]);
        assert_eq!([most(Some(3), 20, false), most(Some(3), 20, true)], [3, 3]);
    }

    #[test]
    fn each_object_is_one_line() {
        assert_eq!(
            one_line(&serde_json::json!({ "title": "a\nb\u{9b}" })).unwrap(),
            "{\"title\":\"a\\nb\\u009b\"}\n"
        );
    }
}

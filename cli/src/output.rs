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
    fn each_object_is_one_line() {
        assert_eq!(
            one_line(&serde_json::json!({ "title": "a\nb\u{9b}" })).unwrap(),
            "{\"title\":\"a\\nb\\u009b\"}\n"
        );
    }
}

//! Markdown written block by block: indentation, blank lines and emphasis fall into place here.

mod container;
mod mark;

use container::Containers;
pub(super) use mark::Mark;
use mark::Marks;

use super::escape::{line_start, push_word};

/// What separates a line from the one above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    /// Text goes on in the line.
    #[default]
    None,
    Line,
    Blank,
}

/// Writes Markdown.
///
/// Separators (gaps between blocks, spaces, line breaks, opening marks) are remembered and written only
/// before text, so that nothing empty leaves a trace.
#[derive(Default)]
pub(in crate::extract) struct Writer {
    out: String,
    containers: Containers,
    marks: Marks,
    gap: Gap,
    space: bool,
    line_break: bool,
    /// The marks of the open heading, until its text starts.
    heading: Option<&'static str>,
    /// How many things are open that have to stay on one line.
    one_line: usize,
    /// Whether the next word is the first of its block.
    fresh: bool,
}

impl Writer {
    pub(super) fn one_line() -> Self {
        Self { one_line: 1, ..Self::default() }
    }

    pub(super) fn is_one_line(&self) -> bool {
        self.one_line > 0
    }

    /// The Markdown, without white space at its end.
    pub(in crate::extract) fn finish(mut self) -> String {
        self.marks.close_all(&mut self.out);
        self.out
    }

    /// Ends the block; the next one is separated by a blank line.
    pub(in crate::extract) fn block(&mut self) {
        self.end_block(Gap::Blank);
    }

    /// Ends the block; the next one follows in the next line, whatever was asked for before.
    pub(super) fn tight_block(&mut self) {
        self.end_block(Gap::Line);
        if self.one_line == 0 {
            self.gap = Gap::Line;
        }
    }

    fn end_block(&mut self, gap: Gap) {
        if self.one_line > 0 {
            self.space = true;
            return;
        }
        self.marks.suspend(&mut self.out);
        // The first block of an item stands behind the item's marker, not apart from it.
        if !self.containers.is_fresh() {
            self.gap = self.gap.max(gap);
        }
        self.space = false;
        self.line_break = false;
    }

    /// Writes text with its white space collapsed.
    pub(in crate::extract) fn text(&mut self, text: &str) {
        let is_blank = |c: char| c.is_ascii_whitespace() || c == '\u{a0}';
        for (at, word) in text.split(is_blank).enumerate() {
            self.space |= at > 0;
            if word.is_empty() {
                continue;
            }
            self.start();
            if self.fresh {
                self.push_first(word);
            } else {
                push_word(&mut self.out, word, self.marks.in_link());
            }
            self.fresh = false;
        }
    }

    fn push_first(&mut self, word: &str) {
        let Some(at) = line_start(word) else {
            push_word(&mut self.out, word, self.marks.in_link());
            return;
        };
        self.out.push_str(&word[..at]);
        self.out.push('\\');
        push_word(&mut self.out, &word[at..], self.marks.in_link());
    }

    /// Writes what is due before something inline.
    fn start(&mut self) {
        if self.out.is_empty() || self.gap > Gap::None {
            self.start_line();
        } else if self.line_break {
            self.out.push_str("  \n");
            self.containers.start_line(&mut self.out);
            self.fresh = true;
        } else if self.space {
            self.out.push(' ');
        }
        self.space = false;
        self.line_break = false;
        self.marks.open_all(&mut self.out);
    }

    fn start_line(&mut self) {
        if self.gap > Gap::None && !self.out.is_empty() {
            self.out.push('\n');
        }
        if self.gap == Gap::Blank && !self.out.is_empty() {
            self.containers.blank_line(&mut self.out);
        }
        self.containers.start_line(&mut self.out);
        self.gap = Gap::None;
        self.fresh = self.one_line == 0;
        if let Some(marks) = self.heading.take() {
            self.out.push_str(marks);
        }
    }

    pub(super) fn open_heading(&mut self, level: usize) {
        const MARKS: [&str; 6] = ["# ", "## ", "### ", "#### ", "##### ", "###### "];
        self.block();
        if self.one_line == 0 {
            self.heading = Some(MARKS[level.clamp(1, 6) - 1]);
        }
        self.one_line += 1;
    }

    pub(super) fn close_heading(&mut self) {
        self.one_line -= 1;
        if self.one_line == 0 {
            self.heading = None;
        }
        self.block();
    }

    pub(super) fn open_item(&mut self, marker: String) {
        if self.one_line == 0 {
            self.containers.open_item(marker);
        }
    }

    pub(super) fn close_item(&mut self) {
        if self.one_line == 0 {
            self.tight_block();
            self.containers.close();
        } else {
            self.space = true;
        }
    }

    /// Writes the mark of a footnote, right behind the word before it.
    pub(super) fn note_mark(&mut self, label: &str) {
        self.space = false;
        self.start();
        self.fresh = false;
        self.out.extend(["[^", label, "]"]);
    }

    /// Opens a footnote's text.
    pub(super) fn open_note(&mut self, label: &str) {
        self.block();
        self.open_item(format!("[^{label}]: "));
    }

    pub(super) fn close_note(&mut self) {
        self.block();
        self.close_item();
    }

    pub(super) fn open_quote(&mut self) {
        self.block();
        if self.one_line == 0 {
            self.containers.open_quote();
        }
    }

    pub(super) fn close_quote(&mut self) {
        self.block();
        if self.one_line == 0 {
            self.containers.close();
        }
    }

    pub(super) fn open_mark(&mut self, mark: Mark) {
        self.marks.open(mark);
    }

    pub(super) fn close_mark(&mut self, mark: &Mark) {
        self.marks.close(mark, &mut self.out);
    }

    /// A second line break in a row is a new paragraph.
    pub(super) fn line_break(&mut self) {
        if self.one_line > 0 {
            self.space = true;
        } else if self.line_break {
            self.block();
        } else {
            self.line_break = self.gap == Gap::None && !self.out.is_empty();
        }
    }

    pub(super) fn rule(&mut self) {
        if self.one_line == 0 && !self.out.is_empty() {
            self.block();
            self.start_line();
            self.out.push_str("---");
            self.block();
        }
    }

    /// Writes code within a line, between more backticks than it has in a row.
    pub(super) fn code(&mut self, code: &str) {
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        if code.is_empty() {
            return;
        }
        self.start();
        self.fresh = false;
        let ticks = "`".repeat(longest_run(&code) + 1);
        let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        self.out.extend([&ticks, pad, &code, pad, &ticks]);
    }

    /// Writes a block of code as it stands.
    pub(super) fn fence(&mut self, language: &str, code: &str) {
        if self.one_line > 0 {
            self.space = true;
            self.code(code);
            self.space = true;
            return;
        }
        let code = code.trim_end().trim_start_matches(['\n', '\r']);
        if code.is_empty() {
            return;
        }
        let ticks = "`".repeat(longest_run(code).max(2) + 1);
        self.block();
        self.start_line();
        self.out.extend([ticks.as_str(), language]);
        for line in code.lines() {
            self.push_line(line);
        }
        self.push_line(&ticks);
        self.block();
    }

    /// Writes a table, whose first row is the header. The header is as wide as the widest row, because
    /// cells beyond it would not be shown.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let Some((header, body)) = rows.split_first() else {
            return;
        };
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let missing = vec![String::new(); width - header.len()];
        let header = [header.as_slice(), &missing].concat();
        self.block();
        self.start_line();
        self.out.push_str(&table_row(&header));
        self.push_line(&format!("|{}", " --- |".repeat(width)));
        for row in body {
            self.push_line(&table_row(row));
        }
        self.block();
    }

    /// Writes a line that is Markdown already, as a block.
    pub(super) fn line(&mut self, markdown: &str) {
        if !markdown.is_empty() {
            self.block();
            self.start();
            self.out.push_str(markdown);
            self.block();
        }
    }

    fn push_line(&mut self, line: &str) {
        self.out.push('\n');
        if line.trim().is_empty() {
            return;
        }
        self.containers.start_line(&mut self.out);
        self.out.push_str(line);
    }
}

fn table_row(cells: &[String]) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.extend([" ", cell, " |"]);
    }
    line
}

fn longest_run(code: &str) -> usize {
    let runs = code.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

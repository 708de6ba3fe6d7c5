//! Tables for people: a line a row, cut to the terminal's width.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, presets};

use crate::paint::Paint;
use crate::{clean, terminal};

/// Spaces between two columns.
const GAP: u16 = 2;

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// To the left, never cut.
    Left,
    /// To the right, never cut.
    Right,
    /// To the left, cut where the line gets too long.
    Cut,
}

/// A table under construction.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// Without rows.
    pub(crate) fn new(columns: &[(&str, Set)]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_truncation_indicator("…");
        table.set_header(columns.iter().map(|(heading, _)| *heading).collect::<Vec<_>>());
        for (column, (_, set)) in table.column_iter_mut().zip(columns) {
            column.set_padding((0, GAP));
            if *set == Set::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if *set != Set::Cut {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Self(table)
    }

    /// Adds a row; its cells are cleaned here.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let mut row = Row::from(cells.map(|cell| Cell::new(clean::line(&cell))).to_vec());
        row.max_height(1);
        self.0.add_row(row);
    }

    /// The table for standard output.
    pub(crate) fn text(&self, paint: Paint) -> String {
        self.within(terminal::columns(), paint)
    }

    fn within(&self, width: Option<u16>, paint: Paint) -> String {
        let mut table = self.0.clone();
        if let Some(width) = width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        let mut text = String::new();
        for (number, line) in table.lines().enumerate() {
            let line = line.trim_end();
            text.push_str(&if number == 0 { paint.bold(line) } else { line.to_owned() });
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("ID", Set::Right), ("TITLE", Set::Cut), ("STATE", Set::Left)]);
        table.row([
            "7".to_owned(),
            "A \u{1b}[31mtitle\nof many words that go on and on".to_owned(),
            "ok".to_owned(),
        ]);
        table.row(["1000".to_owned(), "Short".to_owned(), "completed".to_owned()]);
        table
    }

    #[test]
    fn a_row_is_a_line_and_whole_where_there_is_no_terminal() {
        let text = table().within(None, Paint::plain());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "  ID  TITLE                                         STATE",
                "   7  A �[31mtitle of many words that go on and on  ok",
                "1000  Short                                         completed",
            ]
        );
    }

    #[test]
    fn long_cells_are_cut_to_the_width_and_others_are_not() {
        let text = table().within(Some(40), Paint::plain());
        for line in text.lines() {
            assert!(line.chars().count() <= 40, "{line}");
        }
        assert!(text.contains('…') && text.contains("1000  Short") && text.contains("completed"), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}

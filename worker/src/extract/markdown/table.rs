//! Tables of data; tables that only lay out a page are no tables.

use super::Page;
use crate::extract::content::is_left_out;
use crate::extract::walk::{Place, Step, Walk, element, name};

/// Elements that do not fit into a cell of one line.
const TALL: [&str; 8] = ["table", "pre", "h1", "h2", "h3", "h4", "form", "blockquote"];

/// Most columns that a cell may span, so that an attribute cannot grow the output.
const MAX_SPAN: usize = 16;

/// The rows of a table of data; none if this is no such table. The first row is the header.
pub(super) fn read(table: Place<'_>, page: Page<'_>) -> Option<Vec<Vec<String>>> {
    let mut rows: Vec<Vec<Place<'_>>> = Vec::new();
    let mut walk = Walk::new(table);
    while let Some(step) = walk.next() {
        let Step::Enter(place) = step else { continue };
        if place.id() == table.id() {
            continue;
        }
        match name(place) {
            _ if is_left_out(place, page.fallen) => walk.pass_over(),
            tall if TALL.contains(&tall) => return None,
            "caption" => walk.pass_over(),
            "tr" => rows.push(Vec::new()),
            "td" | "th" => rows.last_mut()?.push(place),
            _ => {}
        }
    }
    let widest = rows.iter().map(Vec::len).max()?;
    if widest < 2 || rows.len() < 2 {
        return None;
    }
    let lines = rows.iter().map(|row| row.iter().flat_map(|cell| texts(*cell, page)).collect());
    Some(lines.filter(|row: &Vec<String>| row.iter().any(|cell| !cell.is_empty())).collect())
}

/// The caption of a table.
pub(super) fn caption(table: Place<'_>, page: Page<'_>) -> String {
    let caption = table.children().find(|child| name(*child) == "caption");
    caption.map(|caption| page.render_line(caption)).unwrap_or_default()
}

/// The text of a cell, followed by empty ones for the further columns that it spans.
fn texts(cell: Place<'_>, page: Page<'_>) -> impl Iterator<Item = String> {
    let span = element(cell).and_then(|cell| cell.attr("colspan"));
    let span = span.and_then(|span| span.trim().parse().ok()).unwrap_or(1).clamp(1, MAX_SPAN);
    let text = page.render_line(cell).replace('|', "\\|");
    std::iter::once(text).chain((1..span).map(|_| String::new()))
}

//! Lists and definition lists.

use super::Writer;
use crate::extract::walk::{Place, element, name};

/// The lists that are open.
#[derive(Default)]
pub(super) struct Lists {
    open: Vec<List>,
}

struct List {
    /// Number of the next item; none in a list without numbers.
    number: Option<u64>,
    /// Whether an item was opened: from the second on, they follow without a blank line.
    started: bool,
}

impl Lists {
    /// Opens a list, or an item or term of one.
    pub(super) fn enter(&mut self, place: Place<'_>, out: &mut Writer) {
        match name(place) {
            "li" => {
                let marker = self.next_marker();
                self.separate(out);
                out.open_item(marker);
            }
            "dt" => out.block(),
            "dd" => {
                out.tight_block();
                out.open_item(": ".to_owned());
            }
            ordered => {
                if self.open.is_empty() {
                    out.block();
                } else {
                    out.tight_block();
                }
                let number = (ordered == "ol").then(|| first_number(place));
                self.open.push(List { number, started: false });
            }
        }
    }

    /// Closes what was opened.
    pub(super) fn leave(&mut self, place: Place<'_>, out: &mut Writer) {
        match name(place) {
            "li" | "dd" => out.close_item(),
            "dt" => out.tight_block(),
            _ => {
                self.open.pop();
                out.block();
            }
        }
    }

    fn next_marker(&mut self) -> String {
        let number = self.open.last_mut().and_then(|list| list.number.as_mut());
        match number {
            Some(number) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            None => "- ".to_owned(),
        }
    }

    fn separate(&mut self, out: &mut Writer) {
        match self.open.last_mut() {
            Some(list) if list.started => out.tight_block(),
            Some(list) => list.started = true,
            None => out.block(),
        }
    }
}

/// List numbers have at most nine digits.
fn first_number(place: Place<'_>) -> u64 {
    let start = element(place).and_then(|list| list.attr("start"));
    start.and_then(|start| start.trim().parse().ok()).filter(|start| *start < 100_000_000).unwrap_or(1)
}

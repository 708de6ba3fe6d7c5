//! How wide the terminal is.

use console::Term;

/// Narrower tables say nothing.
const NARROWEST: u16 = 40;

/// Where a terminal does not say how wide it is.
const USUAL: u16 = 100;

/// Columns of the terminal on standard output; none where it goes elsewhere, and lines may be as long as they are.
pub(crate) fn columns() -> Option<u16> {
    let terminal = Term::stdout();
    let columns = || terminal.size_checked().map_or(USUAL, |(_, columns)| columns).max(NARROWEST);
    terminal.is_term().then(columns)
}

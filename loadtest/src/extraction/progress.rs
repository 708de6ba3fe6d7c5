//! How far a measurement is, on standard error.

use std::io::{IsTerminal as _, stderr};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal; nothing elsewhere, as the whole takes seconds.
pub(super) fn bar(steps: usize, what: &'static str) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}, {eta} left");
    let bar = ProgressBar::new(steps as u64);
    bar.set_style(style.expect("the template's names are indicatif's"));
    bar.set_message(what);
    bar
}

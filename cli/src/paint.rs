//! Colour on terminals only, and not where `NO_COLOR` is set (no-color.org).

use std::fmt::Display;
use std::io::{IsTerminal as _, stdout};

/// Whether standard output may have colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    colours: bool,
}

impl Paint {
    /// As the terminal and the environment say.
    pub(crate) fn for_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: stdout().is_terminal() && !unwanted }
    }

    /// For a heading.
    pub(crate) fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// For what went wrong.
    pub(crate) fn red(self, text: impl Display) -> String {
        self.with("31", text)
    }

    /// For what is beside the point.
    pub(crate) fn dim(self, text: impl Display) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

#[cfg(test)]
impl Paint {
    /// For tests of texts.
    pub(crate) fn plain() -> Self {
        Self { colours: false }
    }
}

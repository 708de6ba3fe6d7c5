//! How a command fails: what to say, and with which exit code.

use std::fmt;

use rad_loadtest::fleet::StartError;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// What went wrong and what to do.
    pub(crate) error: anyhow::Error,
}

/// Exit code of a command that a signal ended (128 + SIGINT).
pub(crate) const INTERRUPTED: u8 = 130;

/// Exit code of a crawl that stored nothing.
pub(crate) const NOTHING_STORED: u8 = 5;

impl Failure {
    /// The arguments can't be used.
    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self { code: 2, error: anyhow::anyhow!("{text}") }
    }

    /// Environment or files have to be changed.
    pub(crate) fn configuration(text: impl fmt::Display) -> Self {
        Self { code: 3, error: anyhow::anyhow!("{text}") }
    }

    /// Something outside of rad is missing or does not answer.
    pub(crate) fn dependency(error: impl Into<anyhow::Error>) -> Self {
        Self { code: 4, error: error.into() }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = match error.downcast_ref::<StartError>() {
            Some(start) if start.is_dependency() => 4,
            Some(start) if start.is_configuration() => 3,
            _ => 1,
        };
        Self { code, error }
    }
}

//! Errors as one line for the log: what was being done, and every cause below it.

use std::error::Error;

/// The error's message and those of its causes, outermost first.
///
/// Messages do not repeat their causes, so a log line without them would not say why.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::num::ParseIntError;

    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("read the port")]
    struct Outer(#[source] ParseIntError);

    #[test]
    fn every_cause_is_told_once() {
        let error = Outer("x".parse::<i32>().unwrap_err());
        assert_eq!(chain(&error), "read the port: invalid digit found in string");
    }
}

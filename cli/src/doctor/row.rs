//! One line of the diagnosis.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// The fleet does not work, or not safely.
    Fail,
    /// It could not be checked, or need not be.
    Skip,
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    /// Its stable name, for scripts.
    pub(super) name: &'static str,
    /// Why it matters.
    pub(super) why: &'static str,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) check: &'static str,
    pub(super) status: Status,
    /// What was found.
    pub(super) detail: String,
    /// Why it matters.
    pub(super) why: &'static str,
    /// A command or a setting; only where something is wrong.
    pub(super) fix: Option<String>,
}

impl Check {
    pub(super) fn ok(self, detail: impl Into<String>) -> Row {
        self.row(Status::Ok, detail.into(), None)
    }

    pub(super) fn skip(self, detail: impl Into<String>) -> Row {
        self.row(Status::Skip, detail.into(), None)
    }

    pub(super) fn warn(self, detail: impl Into<String>, fix: impl Into<String>) -> Row {
        self.row(Status::Warn, detail.into(), Some(fix.into()))
    }

    pub(super) fn fail(self, detail: impl Into<String>, fix: impl Into<String>) -> Row {
        self.row(Status::Fail, detail.into(), Some(fix.into()))
    }

    fn row(self, status: Status, detail: String, fix: Option<String>) -> Row {
        Row { check: self.name, status, detail, why: self.why, fix }
    }
}

/// A row of `skip` for each of `checks`.
pub(super) fn skipped(checks: &[Check], detail: &str) -> Vec<Row> {
    checks.iter().map(|check| check.skip(detail)).collect()
}

//! How the diagnosis is shown.

use std::fmt::Write as _;

use serde::Serialize;

use super::row::{Row, Status};
use crate::clean;
use crate::paint::Paint;

/// The diagnosis as one object of JSON.
#[derive(Serialize)]
pub(super) struct Report {
    /// Nothing failed.
    pub(super) ok: bool,
    pub(super) checks: Vec<Row>,
}

impl Report {
    pub(super) fn of(checks: Vec<Row>) -> Self {
        Self { ok: checks.iter().all(|row| row.status != Status::Fail), checks }
    }

    /// A line for each check, with reason and remedy below those that need one, and the counts at the end.
    pub(super) fn text(&self, paint: Paint) -> String {
        let width = self.checks.iter().map(|row| row.check.len()).max().unwrap_or(0);
        let mut text = String::new();
        for row in &self.checks {
            let status = painted(row.status, paint);
            // What servers say is theirs, not ours.
            let detail = clean::line(&row.detail);
            writeln!(text, "{status}  {:width$}  {detail}", row.check).expect("a String takes all writes");
            if let Some(fix) = &row.fix {
                let fix = clean::line(fix);
                writeln!(text, "      why: {}\n      fix: {}", paint.dim(row.why), paint.bold(fix))
                    .expect("a String takes all writes");
            }
        }
        text + &self.counts() + "\n"
    }

    fn counts(&self) -> String {
        let of = |status| self.checks.iter().filter(|row| row.status == status).count();
        format!(
            "{} checks: {} ok, {} to look at, {} failed, {} skipped",
            self.checks.len(),
            of(Status::Ok),
            of(Status::Warn),
            of(Status::Fail),
            of(Status::Skip)
        )
    }
}

/// All of one width; colours are no letters.
fn painted(status: Status, paint: Paint) -> String {
    match status {
        Status::Ok => "ok  ".to_owned(),
        Status::Warn => paint.bold("warn"),
        Status::Fail => paint.red("FAIL"),
        Status::Skip => paint.dim("skip"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Check;

    const SHORT: Check = Check { name: "a", why: "it matters" };
    const LONG: Check = Check { name: "longer", why: "it matters more" };

    #[test]
    fn rows_are_aligned_and_what_is_wrong_has_a_reason_and_a_remedy() {
        let report = Report::of(vec![SHORT.ok("fine"), LONG.fail("broken\u{1b}[2J", "mend it")]);
        assert!(!report.ok);
        assert_eq!(
            report.text(Paint::plain()),
            "ok    a       fine\n\
             FAIL  longer  broken�[2J\n      why: it matters more\n      fix: mend it\n\
             2 checks: 1 ok, 0 to look at, 1 failed, 0 skipped\n"
        );
    }

    #[test]
    fn warnings_and_skipped_checks_are_no_failure() {
        let report = Report::of(vec![SHORT.warn("odd", "look"), LONG.skip("no key")]);
        assert!(report.ok);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["checks"][0]["status"], "warn");
        assert_eq!(json["checks"][0]["fix"], "look");
        assert_eq!(json["checks"][1]["fix"], serde_json::Value::Null);
    }
}

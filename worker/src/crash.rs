//! Labelled points of a page's life at which a test can have the process killed, or a thread of it hang for ever.
//!
//! Each label opens a window between two stores; the recovery of each is proved by a test that dies in it.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, raise};

/// The labels, in the order in which a page passes them. `extracting` is passed on a thread of the parsers.
pub(crate) const LABELS: [&str; 9] = [
    "claimed",
    "hydrated",
    "locked",
    "fetched",
    "extracting",
    "extracted",
    "before_commit",
    "after_commit",
    "completed",
];

/// Where to die or hang, and at which passage (1 is the first).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    label: &'static str,
    passage: u64,
}

impl FromStr for CrashPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (label, passage) = text.split_once(':').unwrap_or((text, "1"));
        let label = LABELS.iter().find(|known| **known == label).copied();
        let passage = passage.parse().ok().filter(|passage| *passage > 0);
        label
            .zip(passage)
            .map(|(label, passage)| Self { label, passage })
            .ok_or_else(|| format!("{text:?} is not LABEL or LABEL:N with a label of {}", LABELS.join(", ")))
    }
}

/// Counts passages.
#[derive(Debug, Default)]
pub(crate) struct CrashPlan {
    death: Planned,
    hang: Planned,
    deadly: Option<String>,
}

#[derive(Debug, Default)]
struct Planned {
    point: Option<CrashPoint>,
    passed: AtomicU64,
}

impl Planned {
    fn at(point: Option<CrashPoint>) -> Self {
        Self { point, passed: AtomicU64::new(0) }
    }

    /// Whether this passage of `label` is the planned one.
    fn is_now(&self, label: &'static str) -> bool {
        let Some(point) = &self.point else { return false };
        point.label == label && self.passed.fetch_add(1, Ordering::SeqCst) + 1 == point.passage
    }
}

impl CrashPlan {
    pub(crate) fn new(death: Option<CrashPoint>, hang: Option<CrashPoint>, deadly: Option<String>) -> Self {
        Self { death: Planned::at(death), hang: Planned::at(hang), deadly }
    }

    /// Kills the process if the page at `path` is the planned one, at every passage: a page that kills its parsers.
    pub(crate) fn extract(&self, path: &str) {
        if self.deadly.as_deref() == Some(path) {
            die();
        }
    }

    /// Kills the process, as `kill -9` would, or keeps this thread for ever, if this passage is the planned one.
    pub(crate) fn pass(&self, label: &'static str) {
        if self.death.is_now(label) {
            die();
        }
        if self.hang.is_now(label) {
            tracing::warn!(label, "this thread hangs, as planned");
            loop {
                std::thread::park();
            }
        }
    }
}

fn die() {
    raise(Signal::SIGKILL).expect("a process may kill itself");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_label_with_an_optional_passage() {
        assert_eq!("fetched".parse(), Ok(CrashPoint { label: "fetched", passage: 1 }));
        assert_eq!("after_commit:7".parse(), Ok(CrashPoint { label: "after_commit", passage: 7 }));
    }

    #[test]
    fn unknown_labels_and_passage_zero_are_refused() {
        for text in ["lunch", "fetched:0", "fetched:x", ""] {
            assert!(text.parse::<CrashPoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_planned_passage_of_the_label_counts() {
        let planned = Planned::at("fetched:2".parse().ok());
        let passages = ["fetched", "locked", "fetched", "fetched"];
        assert_eq!(passages.map(|label| planned.is_now(label)), [false, false, true, false]);
        assert!(!Planned::default().is_now("fetched"));
    }
}

//! Which series there are, and which labels they have.

use std::collections::{BTreeMap, BTreeSet};

use rad_core::metrics::{Kind, all};

use super::promql::{grouped, joined, used};
use super::rules::Rule;

/// What Prometheus puts to every series itself.
const OF_EVERY_TARGET: [&str; 2] = ["job", "instance"];

/// What the crate metrics-process exports on Linux; the test of running processes in rad-loadtest has the same.
const OF_EVERY_PROCESS: [&str; 8] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
];

/// Words with the prefix that are not metrics: roles, keys and modules.
const OTHER_WORDS: [&str; 3] = ["rad_app", "rad_owner", "rad_live"];

/// Series with their labels.
pub(crate) struct Known(BTreeMap<String, BTreeSet<String>>);

impl Known {
    /// Those of the processes and of Prometheus, and what `rules` record.
    pub(crate) fn with(rules: &[Rule]) -> Self {
        let mut known = BTreeMap::from([("up".to_owned(), BTreeSet::new())]);
        known.extend(OF_EVERY_PROCESS.map(|name| (name.to_owned(), BTreeSet::new())));
        for metric in all() {
            let labels: BTreeSet<_> = metric.labels.iter().map(|label| label.name.to_owned()).collect();
            if let Kind::Histogram(_) = metric.kind {
                for end in ["_sum", "_count"] {
                    known.insert(metric.name.to_owned() + end, labels.clone());
                }
                known
                    .insert(metric.name.to_owned() + "_bucket", &labels | &BTreeSet::from(["le".to_owned()]));
            } else {
                known.insert(metric.name.to_owned(), labels);
            }
        }
        for rule in rules.iter().filter(|rule| rule.kind == "record") {
            known.insert(rule.name.clone(), grouped(rule.field("expr")));
        }
        Self(known)
    }

    /// Whether all series of an expression exist and have the labels that it expects of them.
    pub(crate) fn judge(&self, expression: &str) -> Result<(), String> {
        for used in used(expression) {
            let labels = self.0.get(&used.series).ok_or_else(|| format!("nobody exports {}", used.series))?;
            let own =
                |label: &&String| !labels.contains(*label) && !OF_EVERY_TARGET.contains(&label.as_str());
            if let Some(label) = used.labels.iter().find(own) {
                return Err(format!("{} has no label {label}", used.series));
            }
        }
        match joined(expression).into_iter().find(|label| !OF_EVERY_TARGET.contains(&label.as_str())) {
            Some(label) => Err(format!("joins by {label}, which not every series has")),
            None => Ok(()),
        }
    }

    /// Whether a word of a page, if it looks like a metric, is one. Pages may name several at once.
    pub(crate) fn judge_word(&self, word: &str) -> Result<(), String> {
        let looks = word.starts_with("rad_") || word.starts_with("rad:") || word.starts_with("process_");
        // `rad_queue_*` stands for several, a histogram's name for its series.
        let several = word.ends_with('_') && self.0.keys().any(|name| name.starts_with(word));
        let whole = self.0.contains_key(&format!("{word}_bucket"));
        let other = OTHER_WORDS.contains(&word) || word.starts_with("rad_live_");
        if !looks || several || whole || other || self.0.contains_key(word) {
            return Ok(());
        }
        Err(format!("{word} is not a metric"))
    }
}

#[test]
fn a_series_that_nobody_exports_and_a_label_that_it_does_not_have_are_found() {
    let known = Known::with(&[]);
    let judged = |expression: &str| known.judge(expression).unwrap_err();
    assert_eq!(judged("rad_no_such_metric > 1"), "nobody exports rad_no_such_metric");
    assert_eq!(judged("sum by (route) (rad_queue_tasks)"), "rad_queue_tasks has no label route");
    assert_eq!(judged("rad_queue_tasks{stat=\"x\"}"), "rad_queue_tasks has no label stat");
    assert_eq!(judged("rad_fetch_duration_seconds > 1"), "nobody exports rad_fetch_duration_seconds");
    assert_eq!(known.judge("max by (instance) (rad_queue_tasks{queue=\"crawl\"})"), Ok(()));
    assert!(
        known.judge_word("rad_fetch_duration_seconds").is_ok()
            && known.judge_word("rad_fetch_durations").is_err()
    );
}

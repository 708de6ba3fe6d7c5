use std::collections::HashSet;

use super::*;

/// Last words of names that need no unit: what is counted is not a quantity with one.
const COUNTED: [&str; 16] = [
    "tasks",
    "attempts",
    "flight",
    "slots",
    "busy",
    "info",
    "draining",
    "workers",
    "paused",
    "ratio",
    "urls",
    "pending",
    "leader",
    "generation",
    "connections",
    "seconds",
];

#[test]
fn every_name_is_there_once() {
    let mut names = HashSet::new();
    for metric in all() {
        assert!(names.insert(metric.name), "{} is there twice", metric.name);
    }
}

#[test]
fn names_follow_the_rules_of_prometheus() {
    for metric in all() {
        let name = metric.name;
        assert!(name.starts_with("rad_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}: _total means a counter");
        let last = name.rsplit('_').next().unwrap();
        let has_unit = matches!(last, "total" | "seconds" | "bytes") || COUNTED.contains(&last);
        assert!(has_unit, "{name}: base units as a plural suffix");
        for wrong in ["_ms", "_millis", "_minutes", "_kb", "_mb", "_percent"] {
            assert!(!name.contains(wrong), "{name}: base units only");
        }
    }
}

#[test]
fn durations_are_histograms_in_seconds() {
    for metric in all().filter(|metric| metric.name.contains("_duration") || metric.name.contains("_wait")) {
        assert!(metric.name.ends_with("_seconds"), "{}", metric.name);
        assert!(matches!(metric.kind, Kind::Histogram(_)), "{}", metric.name);
    }
}

#[test]
fn histograms_have_rising_buckets() {
    for metric in all() {
        if let Kind::Histogram(buckets) = metric.kind {
            assert!(buckets.len() >= 5, "{}", metric.name);
            assert!(buckets.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
        }
    }
}

#[test]
fn help_is_one_text_without_line_breaks() {
    for metric in all() {
        assert!(metric.help.ends_with('.') && !metric.help.contains('\n'), "{}", metric.name);
        assert!(
            metric.help.starts_with(|first: char| first.is_uppercase() || first == '1'),
            "{}",
            metric.name
        );
    }
}

#[test]
fn labels_of_histograms_never_take_the_name_of_the_bucket_bound() {
    for metric in all() {
        let mut names = HashSet::new();
        for label in metric.labels {
            assert!(label.name != "le" && names.insert(label.name), "{}: {}", metric.name, label.name);
        }
    }
}

#[test]
fn every_counter_knows_its_series_from_the_start() {
    for metric in all().filter(|metric| metric.kind == Kind::Counter) {
        assert!(!metric.known_series().is_empty(), "{} would begin at 1", metric.name);
    }
}

#[test]
fn known_series_are_all_combinations_of_known_values() {
    const LABELS: [Label; 2] =
        [Label { name: "a", known: &["1", "2"] }, Label { name: "b", known: &["x", "y"] }];
    let metric = |labels| Metric {
        name: "rad_x_total",
        kind: Kind::Counter,
        help: "",
        labels,
        exporter: Exporter::Every,
    };
    assert_eq!(metric(&LABELS).known_series(), [["1", "x"], ["1", "y"], ["2", "x"], ["2", "y"]]);
    assert_eq!(metric(&[]).known_series(), [Vec::<&str>::new()]);
    assert_eq!(metric(&[Label { name: "a", known: &[] }]).known_series(), Vec::<Vec<&str>>::new());
}

#[test]
fn what_the_leader_exports_no_process_has_from_its_start() {
    for metric in all().filter(|metric| metric.exporter == Exporter::Leader) {
        assert!(!metric.is_exported_by(Role::Worker) && !metric.is_exported_by(Role::Scheduler));
        assert_eq!(metric.kind, Kind::Gauge, "{}", metric.name);
    }
}

//! What operators install to watch a fleet speaks of metrics, pages and commands that exist.

#[path = "observability/commands.rs"]
mod commands;
#[path = "observability/dashboard.rs"]
mod dashboard;
#[path = "observability/logs.rs"]
mod logs;
#[path = "observability/promql.rs"]
mod promql;
#[path = "observability/rules.rs"]
mod rules;
#[path = "observability/series.rs"]
mod series;

use std::fs;
use std::path::PathBuf;

use rules::Rule;
use series::Known;

/// A file or folder of the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

/// The text of a file of the repository.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All runbooks, by their paths in the repository.
pub(crate) fn runbooks() -> Vec<String> {
    let files = fs::read_dir(path("docs/runbooks")).expect("the folder is part of the repository");
    let names = files.map(|file| file.expect("a folder can be listed to its end").file_name());
    let mut names: Vec<_> = names.map(|name| format!("docs/runbooks/{}", name.to_string_lossy())).collect();
    names.sort_unstable();
    names
}

fn all_rules() -> Vec<Rule> {
    rules::read(&text("deploy/prometheus/rad-alerts.yml"))
}

fn alerts() -> Vec<Rule> {
    let alerts: Vec<_> = all_rules().into_iter().filter(|rule| rule.kind == "alert").collect();
    assert!(alerts.len() >= 15, "only {} alerts were found", alerts.len());
    alerts
}

#[test]
fn rules_use_series_and_labels_that_processes_export() {
    let rules = all_rules();
    let known = Known::with(&rules);
    for rule in &rules {
        known.judge(rule.field("expr")).unwrap_or_else(|fault| panic!("{}: {fault}", rule.name));
    }
}

#[test]
fn a_dashboard_uses_what_processes_export_and_no_recorded_rule() {
    // On Fly there is nothing that would compute the rules.
    let known = Known::with(&[]);
    let expressions = dashboard::expressions();
    assert!(expressions.len() >= 40, "only {} expressions were found", expressions.len());
    for (panel, expression) in expressions {
        known.judge(&expression).unwrap_or_else(|fault| panic!("{panel}: {fault}"));
    }
}

#[test]
fn runbooks_name_only_metrics_that_exist() {
    let known = Known::with(&all_rules());
    for name in runbooks().iter().map(String::as_str).chain(["docs/deploy.md", "docs/tour.md", "README.md"]) {
        let text = text(name);
        for word in text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "_:".contains(letter))) {
            known.judge_word(word.trim_end_matches(':')).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
        for block in text.split("```promql\n").skip(1) {
            let end = block.find("```").expect("a block ends");
            for expression in block[..end].lines() {
                known.judge(expression).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            }
        }
    }
}

#[test]
fn every_alert_says_what_where_to_read_on_and_what_to_type() {
    for alert in alerts() {
        let severity = alert.field("labels");
        let severities = ["{severity: critical}", "{severity: warning}", "{severity: info}"];
        assert!(severities.contains(&severity), "{}: {severity}", alert.name);
        assert!(alert.field("summary").len() > 20, "{}", alert.name);
        assert!(!alert.field("fix").is_empty());
        let page = text(alert.field("runbook"));
        let named = format!("`{}`", alert.name);
        assert!(page.contains(&named), "{} does not say that it is about {named}", alert.field("runbook"));
    }
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() {
    let tests = text("deploy/prometheus/rad-alerts.test.yml");
    for alert in alerts() {
        let cases: Vec<_> = tests.split(&format!("alertname: {}", alert.name)).skip(1).collect();
        let silent = |case: &&&str| case.starts_with(", exp_alerts: []}");
        let fires = |case: &&&str| case.starts_with("\n    exp_alerts: [{");
        assert!(cases.iter().any(|case| fires(&case)), "{}: no case that fires", alert.name);
        assert!(cases.iter().any(|case| silent(&case)), "{}: no case that stays silent", alert.name);
    }
}

#[test]
fn every_rad_command_that_operators_are_told_to_type_exists() {
    for alert in alerts() {
        let fix = alert.field("fix").trim_matches('"').to_owned();
        commands::judge(&fix).unwrap_or_else(|fault| panic!("{}: {fault}", alert.name));
    }
    for name in runbooks().iter().map(String::as_str).chain(["docs/deploy.md", "docs/tour.md", "README.md"]) {
        for line in commands::lines(&text(name)) {
            commands::judge(&line).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
}

#[test]
fn lines_of_the_log_that_pages_quote_are_in_the_sources() {
    let sources = logs::sources();
    let mut quoted = 0;
    for name in runbooks().iter().map(String::as_str).chain(["docs/deploy.md"]) {
        let text = text(name);
        for line in logs::quoted(&text) {
            assert!(sources.contains(line), "{name}: no process logs {line:?}");
            quoted += 1;
        }
        assert_eq!(logs::unmarked(&text), [""; 0], "{name}: a line of a log is written as `\"line\"`");
    }
    assert!(quoted >= 30, "only {quoted} lines were found");
}

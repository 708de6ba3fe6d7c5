use clap::Parser as _;
use rad_core::ids::{HostId, JobId, TaskId};
use rad_core::metrics::all;
use rad_core::retry::FailureClass;
use rad_core::verdict::State;
use rad_schema::commit::{Applied, Committed};
use rad_schema::process::metrics::isolated;

use super::*;
use crate::engine::ends;

fn config() -> Config {
    let given = ["rad-worker", "--database-url", "x", "--redis-url", "x", "--slots", "7", "--pool", "blue"];
    Config::parse_from(given.iter().chain(&["--region", "ams"]))
}

fn task() -> Hydrated {
    Hydrated {
        tenant: TenantId(1),
        task: TaskId(2),
        job: JobId(3),
        host: HostId(4),
        url: "https://example.com/".to_owned(),
        depth: 0,
        attempts: 0,
        hydrated_us: 1_000_000_000,
        start_url: "https://example.com/".to_owned(),
        scope: serde_json::json!({}),
        priority: 10,
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
        document: None,
        etag: None,
        last_modified: None,
        outlinks: None,
    }
}

fn trail(failure: Option<FailureClass>, format: Option<&'static str>) -> Trail {
    Trail { failure, format, ..Trail::of(&task()) }
}

/// What a scrape shows after `trail` was answered with `applied`.
fn after(trail: &Trail, applied: Applied) -> String {
    let recorded = isolated(Role::Worker);
    recorded.run(|| trail.applied(TaskId(2), applied));
    recorded.render()
}

fn assert_line(text: &str, line: &str) {
    assert!(text.contains(&format!("{line}\n")), "{line} in {text}");
}

#[test]
fn a_worker_exports_all_that_the_registry_says() {
    let recorded = isolated(Role::Worker);
    recorded.run(|| announce(&config()));
    let text = recorded.render();
    for metric in all().filter(|metric| metric.is_exported_by(Role::Worker)) {
        assert!(text.contains(&format!("# HELP {} ", metric.name)), "{} in {text}", metric.name);
        assert!(text.contains(&format!("# TYPE {} ", metric.name)), "{} in {text}", metric.name);
    }
    assert_line(&text, r#"rad_worker_slots{pool="blue"} 7"#);
    assert_line(&text, r#"rad_worker_slots_busy{pool="blue"} 0"#);
    let info = text.lines().find(|line| line.starts_with("rad_worker_info{")).unwrap();
    for part in [r#"region="ams""#, r#"pool="blue""#, "version=", "commit=", "} 1"] {
        assert!(info.contains(part), "{info}");
    }
}

#[test]
fn a_slot_is_busy_until_it_is_dropped() {
    let recorded = isolated(Role::Worker);
    let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(2));
    recorded.run(|| {
        let slot = Slot::new(slots.clone().try_acquire_owned().unwrap(), busy_slots(&config()));
        assert_line(&recorded.render(), r#"rad_worker_slots_busy{pool="blue"} 1"#);
        drop(slot);
        assert_line(&recorded.render(), r#"rad_worker_slots_busy{pool="blue"} 0"#);
    });
    assert_eq!(slots.available_permits(), 2);
}

#[test]
fn the_wait_of_a_first_attempt_counts_from_its_push() {
    // Pushed 20 s before it was taken, and ranked 300 s before that for its priority.
    let rank = 1_000_000_000 - 20_000_000 - 300_000_000;
    assert_eq!(wait(&task(), rank), Duration::from_secs(20));
}

#[test]
fn the_wait_of_a_retry_counts_from_its_due_time() {
    let rank = 1_000_000_000 - 5_000_000;
    assert_eq!(wait(&Hydrated { attempts: 1, ..task() }, rank), Duration::from_secs(5));
    // A first attempt whose rank was moved to a due time has no push to count from.
    assert_eq!(wait(&task(), rank), Duration::from_secs(5));
    assert_eq!(wait(&task(), i64::MAX), Duration::ZERO);
}

#[test]
fn claims_are_counted_with_their_tasks_and_without() {
    let recorded = isolated(Role::Worker);
    recorded.run(|| {
        claimed(5, Duration::from_millis(2));
        claimed(0, Duration::from_millis(1));
    });
    let text = recorded.render();
    for line in [
        r#"rad_tasks_claimed_total{queue="crawl"} 5"#,
        "rad_claim_empty_total 1",
        "rad_claim_duration_seconds_count 2",
        r#"rad_claim_batch_tasks_bucket{le="4"} 0"#,
        r#"rad_claim_batch_tasks_bucket{le="8"} 1"#,
    ] {
        assert_line(&text, line);
    }
}

#[test]
fn a_task_that_ends_is_counted_by_its_outcome() {
    let failed = |failure| trail(Some(failure), None);
    let status = |code| FailureClass::Status { code, retry_after: None };
    for (trail, applied, outcome) in [
        (trail(None, Some("html")), Applied::Ended(State::Stored), "ok"),
        (trail(None, None), Applied::Ended(State::Redirected), "ok"),
        (trail(None, None), Applied::Ended(State::Skipped), "skipped"),
        (failed(status(404)), Applied::Ended(State::Failed), "failed"),
        (failed(status(503)), Applied::Ended(State::Failed), "dead"),
        (failed(FailureClass::Timeout), Applied::Ended(State::Failed), "timeout"),
        (trail(None, None), Applied::Ended(State::Failed), "failed"),
        (trail(None, None), Applied::CrawlEnded, "cancelled"),
    ] {
        let text = after(&trail, applied);
        assert_line(&text, &format!(r#"rad_tasks_finished_total{{queue="crawl",outcome="{outcome}"}} 1"#));
        assert_line(&text, r#"rad_task_attempts_bucket{le="1"} 1"#);
    }
}

#[test]
fn a_stored_page_is_a_document_of_its_format() {
    let page = trail(None, Some(ends::format_of(Some("text/html"))));
    let recorded = isolated(Role::Worker);
    recorded.run(|| page.stored());
    assert_line(&recorded.render(), r#"rad_documents_stored_total{format="html"} 1"#);
    let text = after(&page, Applied::Ended(State::Duplicate));
    assert_line(&text, r#"rad_documents_stored_total{format="html"} 0"#);
}

#[test]
fn a_task_that_goes_back_is_a_retry_only_after_a_failure() {
    let text = after(&trail(Some(FailureClass::Dns), None), Applied::Waits { rank: 1 });
    assert_line(&text, r#"rad_task_retries_total{queue="crawl",reason="dns"} 1"#);
    let text = after(&trail(None, None), Applied::Waits { rank: 1 });
    let counted =
        text.lines().any(|line| line.starts_with("rad_task_retries_total") && !line.ends_with(" 0"));
    assert!(!counted, "{text}");
}

#[test]
fn every_reason_of_a_retry_is_known_to_the_registry() {
    let status = |code| FailureClass::Status { code, retry_after: None };
    for failure in [
        FailureClass::Dns,
        FailureClass::Connect,
        FailureClass::Timeout,
        FailureClass::Protocol,
        FailureClass::RobotsUnreachable,
        status(429),
        status(503),
    ] {
        assert!(failure.is_retryable());
        let reason = failure.verdict().as_str();
        let line = format!(r#"rad_task_retries_total{{queue="crawl",reason="{reason}"}} 0"#);
        assert_line(&isolated(Role::Worker).render(), &line);
    }
}

#[test]
fn a_page_that_a_limit_kept_out_was_fetched_for_nothing() {
    for applied in [Applied::Quota, Applied::CrawlFull] {
        let text = after(&trail(None, Some("html")), applied);
        assert_line(&text, "rad_quota_unstored_fetches_total 1");
    }
    assert_line(&after(&trail(None, None), Applied::CrawlFull), "rad_quota_unstored_fetches_total 0");
}

#[test]
fn links_are_new_or_were_in_the_ledger() {
    let recorded = isolated(Role::Worker);
    let hash = rad_core::ids::Hash128::of(b"x");
    let new = rad_schema::window::NewTask { tenant: TenantId(1), host: HostId(4), task: TaskId(9), rank: 0 };
    let committed = Committed {
        new_tasks: vec![new],
        known: vec![(JobId(3), hash), (JobId(3), hash), (JobId(3), hash)],
        ..Committed::default()
    };
    recorded.run(|| ends::linked(&committed));
    let text = recorded.render();
    assert_line(&text, r#"rad_dedupe_checks_total{result="new"} 1"#);
    assert_line(&text, r#"rad_dedupe_checks_total{result="ledger"} 2"#);
    assert_line(&text, r#"rad_tasks_pushed_total{queue="crawl",source="link"} 1"#);
}

use rad_core::scope::Scope;
use rad_loadtest::client::{Counts, ReasonCount};

use super::*;

/// A running crawl.
pub(crate) fn crawl() -> CrawlStatus {
    let reason = |state: &str, verdict: &str, urls| ReasonCount {
        state: state.to_owned(),
        verdict: verdict.to_owned(),
        urls,
    };
    CrawlStatus {
        id: 4,
        url: "http://127.0.0.1:7071/".to_owned(),
        state: "running".to_owned(),
        end_reason: None,
        priority: 5,
        scope: Scope::default(),
        max_pages: None,
        trace_id: "0".repeat(32),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        ended_at: None,
        running_ms: 2_345,
        counts: Counts { discovered: 10, stored: 7, failed: 2, skipped: 1, ..Counts::default() },
        chunks: 30,
        fetched_not_stored: 0,
        removed: 0,
        excluded_links: ExcludedLinks { other_host: 3, too_deep: 1, ..ExcludedLinks::default() },
        reasons: vec![reason("failed", "http_4xx", 2), reason("skipped", "robots", 1)],
        pause: None,
    }
}

/// One that a quota pauses.
pub(crate) fn paused() -> CrawlStatus {
    let pause = Pause {
        verdict: "quota".to_owned(),
        limit: "monthly_pages".to_owned(),
        used: 7,
        allowed: 7,
        resumes_at: Some("2026-02-01T00:00:00Z".to_owned()),
        next_step: "Ask for more.".to_owned(),
    };
    CrawlStatus { state: "paused".to_owned(), pause: Some(pause), ..crawl() }
}

#[test]
fn the_text_has_counts_with_reasons_and_links_that_were_left_out() {
    let text = super::crawl(&crawl(), Paint::plain());
    let expected = "
Crawl 4 of http://127.0.0.1:7071/: running after 2.3 s

  stored              7
  skipped             1   1 robots
  failed              2   2 http_4xx
  URLs in all        10
  Links that the scope left out: 3 to other hosts, 1 too deep
";
    assert_eq!(text, expected);
}

#[test]
fn a_pause_tells_the_limit_the_next_step_and_when_it_ends() {
    let text = super::crawl(&paused(), Paint::plain());
    let told = "  Paused: the tenant's limit monthly_pages is reached (7 of 7). Ask for more. \
                It goes on by itself at 2026-02-01T00:00:00Z.\n";
    assert!(text.ends_with(told), "{text}");
}

#[test]
fn storage_is_told_as_a_size() {
    let mut pause = paused().pause.unwrap();
    pause.limit = "storage_bytes".to_owned();
    (pause.used, pause.allowed) = (1 << 30, 1 << 30);
    assert!(quota(&pause).contains("(1.0 GiB of 1.0 GiB)"), "{}", quota(&pause));
}

//! A crawl as callers see it.

use rad_core::verdict::State;
use rad_schema::jobs::{JobStatus, Reason};
use serde::Serialize;
use serde_json::Value;

use crate::service::pause::{Pause, can_wait};

/// A crawl as callers see it.
#[derive(Debug, Serialize)]
pub(crate) struct Crawl {
    id: i64,
    url: String,
    state: String,
    end_reason: Option<String>,
    priority: i16,
    scope: Value,
    max_pages: Option<i64>,
    trace_id: String,
    created_at: String,
    ended_at: Option<String>,
    running_ms: i64,
    counts: Counts,
    chunks: i64,
    /// Pages that were fetched and then not stored because a limit was reached, each time that happened.
    fetched_not_stored: i64,
    /// Documents that it showed to be gone.
    removed: i64,
    excluded_links: ExcludedLinks,
    /// Why URLs were skipped or failed, most frequent first.
    reasons: Vec<ReasonCount>,
    pause: Option<Pause>,
}

/// URLs by state. `discovered` is always the sum of the others.
#[derive(Debug, Serialize)]
struct Counts {
    discovered: i64,
    stored: i64,
    unchanged: i64,
    duplicate: i64,
    redirected: i64,
    superseded: i64,
    skipped: i64,
    failed: i64,
    waiting: i64,
}

/// Links that the scope left out, by reason.
#[derive(Debug, Serialize)]
struct ExcludedLinks {
    other_host: i64,
    outside_path: i64,
    too_deep: i64,
    by_pattern: i64,
    trap: i64,
}

#[derive(Debug, Serialize)]
struct ReasonCount {
    state: &'static str,
    verdict: String,
    urls: i64,
}

impl Crawl {
    /// Number of the crawl.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// After the end of a crawl, URLs without an end of their own are skipped for the crawl's reason. `pause` is
    /// what holds the tenant's crawls, if anything does.
    pub(super) fn seen(status: JobStatus, reasons: Vec<Reason>, pause: Option<&Pause>) -> Self {
        let left = if status.has_ended() { status.open() } else { 0 };
        let pause = pause.filter(|_| can_wait(&status)).cloned();
        Self {
            counts: Counts::of(&status, left),
            reasons: counted(&status, reasons, left),
            excluded_links: ExcludedLinks {
                other_host: status.excluded_host,
                outside_path: status.excluded_path,
                too_deep: status.excluded_depth,
                by_pattern: status.excluded_pattern,
                trap: status.excluded_trap,
            },
            id: status.job_id,
            url: status.start_url,
            state: if pause.is_some() { "paused".to_owned() } else { status.state },
            end_reason: status.end_reason,
            priority: status.priority,
            scope: status.scope,
            max_pages: status.max_pages,
            trace_id: status.trace_id,
            created_at: status.created_at,
            ended_at: status.ended_at,
            running_ms: status.running_ms,
            chunks: status.chunks,
            fetched_not_stored: status.unstored,
            removed: status.removed,
            pause,
        }
    }
}

impl Counts {
    fn of(status: &JobStatus, left: i64) -> Self {
        Self {
            discovered: status.discovered,
            stored: status.stored,
            unchanged: status.unchanged,
            duplicate: status.duplicate,
            redirected: status.redirected,
            superseded: status.superseded,
            skipped: status.skipped + left,
            failed: status.failed,
            waiting: status.open() - left,
        }
    }
}

fn counted(status: &JobStatus, reasons: Vec<Reason>, left: i64) -> Vec<ReasonCount> {
    let mut counted: Vec<_> = reasons
        .into_iter()
        .map(|reason| ReasonCount {
            state: if reason.state == State::Skipped.code() { "skipped" } else { "failed" },
            verdict: reason.verdict,
            urls: reason.count,
        })
        .collect();
    if left > 0 {
        let verdict = status.end_reason.clone().unwrap_or_else(|| status.state.clone());
        counted.push(ReasonCount { state: "skipped", verdict, urls: left });
        counted.sort_by_key(|reason| std::cmp::Reverse(reason.urls));
    }
    counted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(state: &str) -> JobStatus {
        JobStatus {
            job_id: 7,
            start_url: "http://example.com/".to_owned(),
            state: state.to_owned(),
            end_reason: (state == "cancelled").then(|| "cancelled".to_owned()),
            priority: 5,
            scope: json!({ "kind": "host", "max_depth": null }),
            max_pages: None,
            trace_id: "0".repeat(32),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            ended_at: None,
            discovered: 10,
            stored: 3,
            unchanged: 0,
            duplicate: 1,
            redirected: 0,
            superseded: 0,
            skipped: 1,
            failed: 1,
            chunks: 12,
            unstored: 0,
            removed: 0,
            excluded_host: 2,
            excluded_path: 0,
            excluded_depth: 0,
            excluded_pattern: 0,
            excluded_trap: 0,
            running_ms: 5,
        }
    }

    fn robots() -> Vec<Reason> {
        vec![Reason { state: State::Skipped.code(), verdict: "robots".to_owned(), count: 1 }]
    }

    #[test]
    fn what_a_cancelled_crawl_left_open_is_skipped_for_its_reason() {
        let crawl = Crawl::seen(status("cancelled"), robots(), None);
        assert_eq!((crawl.counts.skipped, crawl.counts.waiting), (5, 0));
        let reasons: Vec<_> =
            crawl.reasons.iter().map(|reason| (reason.verdict.as_str(), reason.urls)).collect();
        assert_eq!(reasons, [("cancelled", 4), ("robots", 1)]);
    }

    #[test]
    fn a_running_crawl_has_what_is_open_waiting() {
        let crawl = Crawl::seen(status("running"), robots(), None);
        assert_eq!((crawl.counts.skipped, crawl.counts.waiting, crawl.state.as_str()), (1, 4, "running"));
    }
}

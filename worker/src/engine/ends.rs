//! Counts how pages end, when their commit has been answered, and logs one line for each.

use metrics::{counter, histogram};
use rad_core::ids::TaskId;
use rad_core::metrics::CRAWL_QUEUE;
use rad_core::metrics::fetch::DOCUMENTS_STORED;
use rad_core::metrics::tasks::{
    ATTEMPTS, DEDUPE_CHECKS, DURATION, FINISHED, PUSHED, QUOTA_UNSTORED, RETRIES,
};
use rad_core::retry::FailureClass;
use rad_core::verdict::State;
use rad_schema::commit::{Applied, Committed};

use super::meters::Trail;

/// A commit was answered: what it did with the links of its pages.
pub(crate) fn linked(committed: &Committed) {
    let new = committed.new_tasks.len();
    let known = committed.known.len().saturating_sub(new);
    counter!(DEDUPE_CHECKS, "result" => "new").increment(new as u64);
    counter!(DEDUPE_CHECKS, "result" => "ledger").increment(known as u64);
    counter!(PUSHED, "queue" => CRAWL_QUEUE, "source" => "link").increment(new as u64);
}

/// So many pages go back because a store did not answer.
pub(crate) fn went_back(pages: usize) {
    retried("store", pages);
}

fn retried(reason: &'static str, pages: usize) {
    counter!(RETRIES, "queue" => CRAWL_QUEUE, "reason" => reason).increment(pages as u64);
}

impl Trail {
    /// The page has come so far.
    pub(crate) fn applied(&self, task: TaskId, applied: Applied) {
        let outcome = self.outcome(applied);
        if let Some(outcome) = outcome {
            self.ended(outcome);
        }
        match (applied, self.failure, self.format) {
            (Applied::Waits { .. }, Some(failure), _) => retried(failure.verdict().as_str(), 1),
            (Applied::Quota | Applied::CrawlFull, _, Some(_)) => counter!(QUOTA_UNSTORED).increment(1),
            _ => {}
        }
        tracing::debug!(
            task = task.0,
            tenant = self.tenant.0,
            job = self.job.0,
            attempt = self.attempt,
            trace_id = self.trace_id,
            outcome = outcome.unwrap_or("open"),
            applied = ?applied,
            duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "page committed"
        );
    }

    /// Its page is a document now, at its own URL or at the one that it redirects to.
    pub(crate) fn stored(&self) {
        let format = self.format.unwrap_or("other");
        counter!(DOCUMENTS_STORED, "format" => format).increment(1);
    }

    fn ended(&self, outcome: &'static str) {
        counter!(FINISHED, "queue" => CRAWL_QUEUE, "outcome" => outcome).increment(1);
        histogram!(DURATION, "queue" => CRAWL_QUEUE, "outcome" => outcome).record(self.begun.elapsed());
        histogram!(ATTEMPTS).record(self.attempt);
    }

    /// How the task ended; none while it is open, or when it is somebody else's.
    fn outcome(&self, applied: Applied) -> Option<&'static str> {
        match applied {
            Applied::Ended(State::Failed) => Some(match self.failure {
                Some(FailureClass::Timeout) => "timeout",
                // It might have gone well the next time: the attempts are used up.
                Some(failure) if failure.is_retryable() => "dead",
                _ => "failed",
            }),
            Applied::Ended(State::Skipped) => Some("skipped"),
            Applied::Ended(_) => Some("ok"),
            Applied::CrawlEnded | Applied::CrawlFull => Some("cancelled"),
            Applied::Waits { .. } | Applied::Quota | Applied::NotOurs => None,
        }
    }
}

/// The format of a stored page, by its media type.
pub(crate) fn format_of(content_type: Option<&str>) -> &'static str {
    match content_type {
        Some("text/html" | "application/xhtml+xml") => "html",
        Some("text/markdown") => "markdown",
        Some("text/plain") => "text",
        _ => "other",
    }
}

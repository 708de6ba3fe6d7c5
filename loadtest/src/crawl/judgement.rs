//! What is in the stores against what must be there.

use std::collections::HashSet;

use rad_core::ids::Hash128;
use rad_core::verdict::State;
use rad_schema::jobs::JobStatus;
use rad_schema::proof::Billed;

use crate::client::CrawlStatus;
use crate::crawl::target::Contents;

/// The result of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    /// Pages that must be stored.
    pub(super) expected: usize,
    /// Contents that are not stored although they must be.
    pub(super) lost: usize,
    /// Documents too many: a content again, or a page that is not to be stored.
    pub(super) duplicates: usize,
    /// Every count is the sum of its parts.
    pub(super) adds_up: bool,
    /// What is broken, for people.
    pub(super) broken: Vec<String>,
}

/// What the stores hold of the crawl beside its documents.
pub(super) struct Kept {
    /// Its counters.
    pub(super) status: JobStatus,
    /// Rows of its ledger by the number of their state.
    pub(super) rows: [i64; 8],
    /// What its tenant was billed.
    pub(super) billed: Billed,
    /// Documents of its tenant.
    pub(super) documents: i64,
    /// Documents with chunks of several versions.
    pub(super) torn: Vec<String>,
}

impl Judgement {
    /// Compares documents. With a maximum below what there is, any pages of the site will do.
    pub(super) fn of_documents(
        expected: &Contents,
        stored: &[(String, Hash128)],
        max_pages: Option<i64>,
    ) -> Self {
        let most = max_pages.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let wanted = expected.len().min(most);
        let mut found = HashSet::new();
        let mut duplicates = 0;
        let mut broken = Vec::new();
        for (url, content) in stored {
            let belongs = expected.get(content).is_some_and(|urls| urls.contains(url));
            if !belongs || !found.insert(*content) {
                duplicates += 1;
                broken.push(format!("{url} is stored and must not be"));
            }
        }
        let lost = wanted.saturating_sub(found.len());
        if lost > 0 {
            broken.push(format!("{lost} of {wanted} contents are not stored"));
            let missing = expected.iter().filter(|(content, _)| !found.contains(content));
            broken.extend(
                missing
                    .take(5)
                    .filter_map(|(_, urls)| urls.first().map(|url| format!("nothing is stored of {url}"))),
            );
        }
        if stored.len() > most {
            broken.push(format!("{} documents are stored, and {most} is the maximum", stored.len()));
        }
        Self { expected: wanted, lost, duplicates, adds_up: false, broken }
    }

    /// Compares the crawl's counters with their sum, with the ledger's rows, with the documents and the bill.
    pub(super) fn check_counts(&mut self, seen: &CrawlStatus, kept: &Kept) {
        let before = self.broken.len();
        let sum: i64 = seen.counts.by_state().iter().map(|(_, urls)| urls).sum();
        self.equal("discovered", seen.counts.discovered, "the sum of its states", sum);
        self.equal("discovered", seen.counts.discovered, "all rows of the ledger", kept.rows.iter().sum());
        for (state, counted) in counters(&kept.status) {
            let rows = usize::try_from(state.code()).ok().and_then(|state| kept.rows.get(state));
            self.equal(&format!("{state:?}"), counted, "rows in the ledger", rows.copied().unwrap_or(0));
        }
        let stored = kept.status.stored;
        self.equal("stored", stored, "the tenant's documents", kept.documents);
        self.equal("stored", stored, "what the month was billed", kept.billed.months);
        self.equal("stored", stored, "what usage events were billed", kept.billed.events);
        if kept.status.end_reason.as_deref() == Some("exhausted") {
            self.equal("open", kept.status.open(), "what an exhausted crawl has", 0);
        }
        self.adds_up = self.broken.len() == before;
        for url in &kept.torn {
            self.broken.push(format!("{url} has chunks that are not those of one version"));
        }
    }

    fn equal(&mut self, name: &str, value: i64, must: &str, be: i64) {
        if value != be {
            self.broken.push(format!("{name} is {value}, but must be {be}: {must}"));
        }
    }
}

/// The counter of each state.
fn counters(status: &JobStatus) -> [(State, i64); 8] {
    [
        (State::Open, status.open()),
        (State::Stored, status.stored),
        (State::Unchanged, status.unchanged),
        (State::Duplicate, status.duplicate),
        (State::Redirected, status.redirected),
        (State::Superseded, status.superseded),
        (State::Skipped, status.skipped),
        (State::Failed, status.failed),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(number: u8) -> Hash128 {
        Hash128::of(&[number])
    }

    /// Two pages, one of them at two URLs.
    fn site() -> Contents {
        let urls = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect();
        Contents::from([(content(1), urls(&["/a", "/copy"])), (content(2), urls(&["/b"]))])
    }

    fn judge(stored: &[(&str, u8)], max_pages: Option<i64>) -> (usize, usize, bool) {
        let stored: Vec<_> = stored.iter().map(|(url, of)| ((*url).to_owned(), content(*of))).collect();
        let judged = Judgement::of_documents(&site(), &stored, max_pages);
        (judged.lost, judged.duplicates, judged.broken.is_empty())
    }

    #[test]
    fn every_content_once_at_any_of_its_urls_is_right() {
        assert_eq!(judge(&[("/a", 1), ("/b", 2)], None), (0, 0, true));
        assert_eq!(judge(&[("/copy", 1), ("/b", 2)], None), (0, 0, true));
    }

    #[test]
    fn a_missing_content_is_lost_and_a_repeated_or_strange_one_too_many() {
        assert_eq!(judge(&[("/a", 1)], None), (1, 0, false));
        assert_eq!(judge(&[("/a", 1), ("/copy", 1), ("/b", 2)], None), (0, 1, false));
        assert_eq!(judge(&[("/a", 1), ("/b", 2), ("/c", 3)], None), (0, 1, false));
        assert_eq!(judge(&[("/a", 1), ("/b", 1)], None), (1, 1, false), "a body under a wrong URL");
    }

    #[test]
    fn a_maximum_is_filled_and_not_passed() {
        assert_eq!(judge(&[("/b", 2)], Some(1)), (0, 0, true));
        assert_eq!(judge(&[], Some(1)), (1, 0, false));
        assert_eq!(judge(&[("/a", 1), ("/b", 2)], Some(1)), (0, 0, false));
    }

    /// A crawl of three URLs that stored two pages and failed at one.
    fn crawl() -> (CrawlStatus, Kept) {
        let counts = serde_json::json!({
            "discovered": 3, "stored": 2, "unchanged": 0, "duplicate": 0, "redirected": 0, "superseded": 0,
            "skipped": 0, "failed": 1, "waiting": 0,
        });
        let seen = serde_json::json!({
            "id": 1, "url": "http://a.example/", "state": "completed", "running_ms": 1, "counts": counts,
            "chunks": 4, "reasons": [], "priority": 5, "scope": {}, "trace_id": "", "created_at": "",
            "excluded_links": { "other_host": 0, "outside_path": 0, "too_deep": 0 },
        });
        let status = JobStatus {
            job_id: 1,
            start_url: "http://a.example/".to_owned(),
            state: "completed".to_owned(),
            end_reason: Some("exhausted".to_owned()),
            priority: 5,
            scope: serde_json::Value::Null,
            max_pages: None,
            trace_id: String::new(),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            ended_at: None,
            discovered: 3,
            stored: 2,
            unchanged: 0,
            duplicate: 0,
            redirected: 0,
            superseded: 0,
            skipped: 0,
            failed: 1,
            chunks: 4,
            unstored: 0,
            removed: 0,
            excluded_host: 0,
            excluded_path: 0,
            excluded_depth: 0,
            excluded_pattern: 0,
            excluded_trap: 0,
            running_ms: 1,
        };
        let rows = [0, 2, 0, 0, 0, 0, 0, 1];
        let kept =
            Kept { status, rows, billed: Billed { months: 2, events: 2 }, documents: 2, torn: Vec::new() };
        (serde_json::from_value(seen).unwrap(), kept)
    }

    #[test]
    fn counts_must_agree_with_ledger_documents_and_bill() {
        type Spoil = fn(&mut Kept);
        let spoils: [(Spoil, bool); 6] = [
            (|_| (), true),
            (|kept| kept.rows = [1, 2, 0, 0, 0, 0, 0, 0], false),
            (|kept| kept.documents = 3, false),
            (|kept| kept.billed.months = 3, false),
            (|kept| kept.billed.events = 1, false),
            (|kept| kept.status.failed = 0, false),
        ];
        for (number, (spoil, right)) in spoils.into_iter().enumerate() {
            let (seen, mut kept) = crawl();
            spoil(&mut kept);
            let mut judgement = Judgement::default();
            judgement.check_counts(&seen, &kept);
            assert_eq!((judgement.adds_up, judgement.broken.is_empty()), (right, right), "case {number}");
        }
    }
}

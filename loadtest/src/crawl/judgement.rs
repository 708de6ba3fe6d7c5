//! What is in the stores against what must be there.

use std::collections::HashSet;

use rad_core::ids::Hash128;
use rad_core::verdict::State;
use rad_schema::jobs::{JobStatus, Reason};

use crate::crawl::target::Contents;
use crate::fleet::CrawlStatus;

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

    /// Compares the crawl's counters with their sum, with the ledger's rows, and with the documents.
    pub(super) fn check_counts(
        &mut self,
        seen: &CrawlStatus,
        kept: &JobStatus,
        reasons: &[Reason],
        documents: usize,
    ) {
        let sum: i64 = seen.counts.by_state().iter().map(|(_, urls)| urls).sum();
        let rows = |state: State| -> i64 {
            let of_state = reasons.iter().filter(|reason| reason.state == state.code());
            of_state.map(|reason| reason.count).sum()
        };
        let before = self.broken.len();
        self.equal("discovered", seen.counts.discovered, "the sum of its states", sum);
        self.equal("skipped", kept.skipped, "the ledger's skipped rows", rows(State::Skipped));
        self.equal("failed", kept.failed, "the ledger's failed rows", rows(State::Failed));
        let documents = i64::try_from(documents).unwrap_or(i64::MAX);
        self.equal("stored", kept.stored, "the tenant's documents", documents);
        if seen.has_ended() {
            self.equal("waiting", seen.counts.waiting, "what an ended crawl has", 0);
        }
        if kept.end_reason.as_deref() == Some("exhausted") {
            self.equal("open", kept.open(), "what an exhausted crawl has", 0);
        }
        self.adds_up = self.broken.len() == before;
    }

    fn equal(&mut self, name: &str, value: i64, must: &str, be: i64) {
        if value != be {
            self.broken.push(format!("{name} is {value}, but {must} is {be}"));
        }
    }
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
}

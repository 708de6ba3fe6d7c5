//! What a commit adds to a crawl: the sums that its counters, its bill and its events are made of.

use std::collections::BTreeMap;

use rad_core::ids::JobId;
use rad_core::verdict::{State, Verdict};
use uuid::Uuid;

use super::delta::Delta;
use super::outcome::{ChunkDelta, Excluded};

/// What a commit adds to one crawl.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) discovered: i64,
    /// By the number of the state.
    pub(super) ended: [i64; 8],
    /// Skipped and failed URLs by state and verdict.
    pub(super) reasons: BTreeMap<(i16, &'static str), i64>,
    pub(super) chunks: i64,
    /// Of the chunks of stored pages.
    pub(super) tokens: i64,
    /// Pages that wait because a limit had no room for them.
    pub(super) unstored: i64,
    pub(super) documents: Vec<i64>,
    /// Chunks that came and went, each with its document.
    pub(super) added: Vec<(i64, Uuid)>,
    pub(super) removed: Vec<(i64, Uuid)>,
    pub(super) excluded: Excluded,
}

impl Tally {
    pub(super) fn end(&mut self, state: State, verdict: Verdict) {
        self.ended[usize::try_from(state.code()).expect("state numbers are not negative")] += 1;
        if matches!(state, State::Skipped | State::Failed) {
            *self.reasons.entry((state.code(), verdict.as_str())).or_default() += 1;
        }
    }

    /// Adds links of a page that the scope left out.
    pub(super) fn leave_out(&mut self, links: &Excluded) {
        self.excluded.host += links.host;
        self.excluded.path += links.path;
        self.excluded.depth += links.depth;
        self.excluded.pattern += links.pattern;
        self.excluded.trap += links.trap;
        self.excluded.samples.extend(links.samples.iter().take(5).cloned());
    }

    /// Adds a stored document with what it has more or less than its last version.
    pub(super) fn store(&mut self, document: i64, delta: Option<&Delta>) {
        self.documents.push(document);
        if let Some(delta) = delta {
            self.added.extend(delta.added.iter().map(|chunk| (document, *chunk)));
            self.removed.extend(delta.removed.iter().map(|chunk| (document, *chunk)));
        }
    }

    /// How many chunks came, stayed and went.
    pub(super) fn delta(&self) -> ChunkDelta {
        let count = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
        let (added, removed) = (count(self.added.len()), count(self.removed.len()));
        ChunkDelta { added, kept: self.chunks.unsigned_abs() - added, removed }
    }

    /// URLs that ended in a state.
    pub(super) fn of(&self, state: State) -> i64 {
        self.ended[usize::try_from(state.code()).expect("state numbers are not negative")]
    }
}

/// How many chunks of all crawls of the commit came, stayed and went.
pub(super) fn deltas(tallies: &BTreeMap<JobId, Tally>) -> ChunkDelta {
    let mut all = ChunkDelta::default();
    for tally in tallies.values() {
        all.add(tally.delta());
    }
    all
}

//! Links that a crawl is known to have: most links of a page are, and asking Postgres for each costs more than
//! the rest of the commit.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rad_core::ids::{Hash128, JobId};

/// Entries of one half; both halves together take about 40 MB when full.
const HALF: usize = 400_000;

type Half = HashSet<(JobId, Hash128)>;

/// A bounded cache. What falls out is asked of Postgres again, so a wrong answer is never given.
#[derive(Default)]
pub(crate) struct SeenLinks {
    halves: Mutex<(Half, Half)>,
}

impl SeenLinks {
    fn halves(&self) -> MutexGuard<'_, (Half, Half)> {
        // A panic between two inserts leaves a valid cache.
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a commit has put this URL into the crawl's ledger.
    pub(crate) fn contains(&self, job: JobId, url: Hash128) -> bool {
        let halves = self.halves();
        halves.0.contains(&(job, url)) || halves.1.contains(&(job, url))
    }

    /// Remembers URLs that a commit has added or met. Only after it: a commit that fails has added nothing.
    pub(crate) fn remember(&self, urls: impl IntoIterator<Item = (JobId, Hash128)>) {
        let mut halves = self.halves();
        for url in urls {
            if halves.0.len() >= HALF {
                let young = std::mem::take(&mut halves.0);
                halves.1 = young;
            }
            halves.0.insert(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_last_is_known_and_the_cache_stays_bounded() {
        let seen = SeenLinks::default();
        let url = |n: usize| (JobId(1), Hash128(n as u128));
        seen.remember((0..HALF * 3).map(url));
        assert!(seen.contains(JobId(1), Hash128((HALF * 3 - 1) as u128)));
        assert!(!seen.contains(JobId(1), Hash128(0)));
        assert!(!seen.contains(JobId(2), Hash128((HALF * 3 - 1) as u128)));
        let halves = seen.halves();
        assert!(halves.0.len() + halves.1.len() <= 2 * HALF);
    }
}

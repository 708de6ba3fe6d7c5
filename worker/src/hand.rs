//! The leases that this worker holds, so that a stop can hand back what is not finished.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rad_core::ids::{Fence, JobId, TaskId};

/// Leases in hand.
#[derive(Default)]
pub(crate) struct Hand {
    leases: Mutex<HashMap<TaskId, Held>>,
}

#[derive(Clone, Copy)]
struct Held {
    fence: Fence,
    /// Its host's.
    shard: usize,
    job: Option<JobId>,
}

impl Hand {
    fn leases(&self) -> MutexGuard<'_, HashMap<TaskId, Held>> {
        // Inserts and removals leave the map valid whatever happens between them.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self, task: TaskId, fence: Fence, shard: usize) {
        self.leases().insert(task, Held { fence, shard, job: None });
    }

    pub(crate) fn belongs_to(&self, task: TaskId, job: JobId) {
        if let Some(held) = self.leases().get_mut(&task) {
            held.job = Some(job);
        }
    }

    /// Not one that was claimed anew meanwhile.
    pub(crate) fn drop_lease(&self, task: TaskId, fence: Fence) {
        let mut leases = self.leases();
        if leases.get(&task).is_some_and(|held| held.fence == fence) {
            leases.remove(&task);
        }
    }

    /// How many leases, and the crawl of one of them.
    pub(crate) fn summary(&self) -> (usize, Option<JobId>) {
        let leases = self.leases();
        (leases.len(), leases.values().find_map(|held| held.job))
    }

    /// The leases in a shard are lost.
    pub(crate) fn drop_shard(&self, shard: usize) {
        self.leases().retain(|_, held| held.shard != shard);
    }

    /// Everything still in hand, which is then not, with its shard.
    pub(crate) fn empty(&self) -> Vec<(TaskId, Fence, usize)> {
        self.leases().drain().map(|(task, held)| (task, held.fence, held.shard)).collect()
    }
}

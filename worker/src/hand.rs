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
    job: Option<JobId>,
}

impl Hand {
    fn leases(&self) -> MutexGuard<'_, HashMap<TaskId, Held>> {
        // Inserts and removals leave the map valid whatever happens between them.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self, task: TaskId, fence: Fence) {
        self.leases().insert(task, Held { fence, job: None });
    }

    pub(crate) fn belongs_to(&self, task: TaskId, job: JobId) {
        if let Some(held) = self.leases().get_mut(&task) {
            held.job = Some(job);
        }
    }

    pub(crate) fn drop_lease(&self, task: TaskId) {
        self.leases().remove(&task);
    }

    /// How many leases, and the crawl of one of them.
    pub(crate) fn summary(&self) -> (usize, Option<JobId>) {
        let leases = self.leases();
        (leases.len(), leases.values().find_map(|held| held.job))
    }

    /// Everything still in hand, which is then not.
    pub(crate) fn empty(&self) -> Vec<(TaskId, Fence)> {
        self.leases().drain().map(|(task, held)| (task, held.fence)).collect()
    }
}

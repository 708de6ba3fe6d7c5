//! Ending leases: completed after the commit, or handed back.

use std::time::Duration;

use rad_core::ids::{Fence, HostId, TaskId, TenantId};

use super::{Window, WindowError, number, words};
use crate::db::millis;

/// A lease whose effects are committed.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    /// The task.
    pub task: TaskId,
    /// The token it was claimed with.
    pub fence: Fence,
    /// How long its host must rest, where the server asked for it; zero for the usual delay.
    pub pause: Duration,
}

/// What a host allows, known once its robots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostTerms {
    /// Time between two requests.
    pub delay: Duration,
    /// Requests at once over the whole fleet.
    pub max_concurrency: u32,
}

/// A URL that a commit has added to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its host.
    pub host: HostId,
    /// Its number.
    pub task: TaskId,
    /// Its place, in microseconds.
    pub rank: i64,
}

/// Where a task goes that is handed back.
#[derive(Clone, Copy, Debug)]
pub enum Requeue {
    /// To its lane with the rank it had.
    SameRank,
    /// To its lane with this rank, in microseconds.
    At(i64),
    /// Nowhere: the ledger decides whether it comes back.
    Ledger,
}

/// A lease handed back.
#[derive(Clone, Copy, Debug)]
pub struct Nack {
    /// The task.
    pub task: TaskId,
    /// The token it was claimed with.
    pub fence: Fence,
    /// Where it goes.
    pub requeue: Requeue,
    /// How long its host must rest; zero for the usual delay.
    pub pause: Duration,
}

impl Window {
    /// Ends `done`, tells the terms of hosts whose robots are known now, and pushes the URLs the commit added.
    /// Returns how many leases were still ours.
    pub async fn complete(
        &self,
        done: &[Completion],
        hosts: &[(HostId, HostTerms)],
        new: &[NewTask],
    ) -> Result<i64, WindowError> {
        let answer = self
            .call(
                "complete",
                |scripts| &scripts.complete,
                |call| {
                    call.arg(done.len());
                    for item in done {
                        call.arg(item.task.0).arg(item.fence.counter).arg(millis(item.pause));
                    }
                    call.arg(hosts.len());
                    for (host, terms) in hosts {
                        call.arg(host.0).arg(millis(terms.delay)).arg(terms.max_concurrency);
                    }
                    call.arg(new.len());
                    for task in new {
                        call.arg(task.tenant.0).arg(task.host.0).arg(task.task.0).arg(task.rank);
                    }
                },
            )
            .await?;
        number("complete", &answer, &mut words("complete", &answer)?)
    }

    /// Hands leases back. Returns how many were still ours.
    pub async fn nack(&self, items: &[Nack]) -> Result<i64, WindowError> {
        let answer = self
            .call(
                "nack",
                |scripts| &scripts.nack,
                |call| {
                    call.arg(items.len());
                    for item in items {
                        call.arg(item.task.0).arg(item.fence.counter);
                        match item.requeue {
                            Requeue::SameRank => call.arg("-"),
                            Requeue::At(rank) => call.arg(rank),
                            Requeue::Ledger => call.arg("drop"),
                        };
                        call.arg(millis(item.pause));
                    }
                },
            )
            .await?;
        number("nack", &answer, &mut words("nack", &answer)?)
    }
}

//! Joining the fleet, claiming tasks and taking their URL locks.

use std::time::Duration;

use rad_core::ids::{Fence, Hash128, HostId, Incarnation, TaskId, TenantId};
use redis::AsyncCommands;

use super::{LeaseTerms, Window, WindowError, number, words};
use crate::db::millis;

/// A task in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The task.
    pub task: TaskId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its host, which counts one request more in flight.
    pub host: HostId,
    /// The token that every effect must carry.
    pub fence: Fence,
    /// Its place in the lane, in microseconds.
    pub rank: i64,
}

/// The answer to a claim.
#[derive(Debug)]
pub struct Batch {
    /// Tasks in hand, at most as many as were asked for.
    pub tasks: Vec<Claimed>,
    /// When the next host is due, if one is cooling; with `alone`, when to claim again after the hand is empty.
    pub next_due: Option<Duration>,
    /// A task that may kill its worker is in hand, or kept until the hand is empty: claim again when it is. Earlier
    /// claims give nothing.
    pub alone: bool,
}

/// What became of a task's URL lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOutcome {
    /// Ours until the lease ends.
    Taken,
    /// Somebody else fetches the same URL now.
    Held,
    /// The lease is no longer ours.
    Lost,
}

impl Window {
    /// Brings a new incarnation in.
    pub async fn join(&self, worker: Incarnation, terms: LeaseTerms) -> Result<(), WindowError> {
        self.heartbeat(worker, terms, "join").await
    }

    /// Renews every lease of `worker` in one write.
    pub async fn renew(&self, worker: Incarnation, terms: LeaseTerms) -> Result<(), WindowError> {
        self.heartbeat(worker, terms, "renew").await
    }

    async fn heartbeat(&self, worker: Incarnation, terms: LeaseTerms, how: &str) -> Result<(), WindowError> {
        let answer = self
            .call(
                "heartbeat",
                |scripts| &scripts.heartbeat,
                |call| {
                    call.arg(worker.0).arg(millis(terms.ttl)).arg(how);
                },
            )
            .await?;
        words("heartbeat", &answer).map(drop)
    }

    /// Claims up to `most` (at most 32) tasks. Asking again with the same `request` gives the same batch, so a
    /// lost answer loses nothing. A suspect comes alone, and only into an empty hand.
    pub async fn claim(
        &self,
        worker: Incarnation,
        request: u64,
        most: usize,
        terms: LeaseTerms,
    ) -> Result<Batch, WindowError> {
        let answer = self
            .call(
                "claim",
                |scripts| &scripts.claim,
                |call| {
                    call.arg(worker.0).arg(request).arg(most.min(32)).arg(millis(terms.hard_deadline));
                },
            )
            .await?;
        let mut words = words("claim", &answer)?.peekable();
        let wait = number("claim", &answer, &mut words)?;
        let alone = number("claim", &answer, &mut words)? == 1;
        let mut tasks = Vec::with_capacity(most);
        while words.peek().is_some() {
            let mut next = || number("claim", &answer, &mut words);
            tasks.push(Claimed {
                task: TaskId(next()?),
                tenant: TenantId(next()?),
                host: HostId(next()?),
                fence: Fence { generation: self.generation, counter: next()? },
                rank: next()?,
            });
        }
        Ok(Batch { tasks, next_due: u64::try_from(wait).ok().map(Duration::from_millis), alone })
    }

    /// Takes the URL locks of claimed tasks, in their order.
    pub async fn lock(
        &self,
        tasks: &[(TaskId, Fence, Hash128)],
        terms: LeaseTerms,
    ) -> Result<Vec<LockOutcome>, WindowError> {
        let answer = self
            .call(
                "lock",
                |scripts| &scripts.lock,
                |call| {
                    call.arg(millis(terms.hard_deadline));
                    for (task, fence, resource) in tasks {
                        call.arg(task.0).arg(fence.counter).arg(resource.to_string());
                    }
                },
            )
            .await?;
        let outcomes: Vec<_> = words("lock", &answer)?
            .map(|word| match word {
                "1" => LockOutcome::Taken,
                "0" => LockOutcome::Held,
                _ => LockOutcome::Lost,
            })
            .collect();
        if outcomes.len() == tasks.len() {
            Ok(outcomes)
        } else {
            Err(WindowError::Answer { script: "lock", answer })
        }
    }

    /// How many tasks an incarnation holds, dead or alive.
    pub async fn leases_of(&self, worker: Incarnation) -> Result<usize, WindowError> {
        let key = self.keys.held(self.generation, worker.0);
        let held = self.connection.clone().scard(key).await;
        held.map_err(|source| WindowError::Redis { script: "scard", source })
    }

    /// Says goodbye. Leases still held go back at once.
    pub async fn leave(&self, worker: Incarnation) -> Result<(), WindowError> {
        let answer = self
            .call(
                "leave",
                |scripts| &scripts.leave,
                |call| {
                    call.arg(worker.0);
                },
            )
            .await?;
        words("leave", &answer).map(drop)
    }
}

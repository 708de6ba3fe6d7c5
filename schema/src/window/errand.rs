//! Tasks for workers from outside: claimed one at a time, for one tenant, with a lease of their own length.
//!
//! Such a worker has no heartbeat. It is known by its name, whose hash stands in the place of an incarnation, and each
//! of its leases ends by itself.

use std::time::Duration;

use rad_core::ids::{Fence, Hash128, HostId, Incarnation, TaskId, TenantId};

use super::{Claimed, Dispatch, Window, WindowError, number, words};
use crate::db::millis;
use crate::layout::ShardPlace;
use crate::queue::Queue;

/// What a worker from outside asks for.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    /// Whose tasks.
    pub tenant: TenantId,
    /// Who asks.
    pub worker: Incarnation,
    /// Asking again under the same name gives the same task while its lease stands, so a lost answer loses nothing.
    pub request: Option<Hash128>,
    /// From now to the end of the lease.
    pub lease: Duration,
    /// Tasks that the tenant may have claimed at once.
    pub most: u32,
    /// The lanes to take from; none means all.
    pub hosts: &'a [HostId],
}

/// The answer to an errand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The task in hand.
    pub task: Option<Claimed>,
    /// When it is worth asking again without a push in between.
    pub next_due: Option<Duration>,
}

/// The number of the worker that a tenant calls `name`.
pub fn outside_worker(tenant: TenantId, name: &str) -> Incarnation {
    let hash = Hash128::of(format!("{tenant}/{name}").as_bytes()).0;
    // 63 bits: the number is written with digits only.
    Incarnation(i64::try_from(hash >> 65).expect("63 bits fit"))
}

impl Dispatch {
    /// The same shard, for another queue.
    #[must_use]
    pub fn of(&self, queue: Queue) -> Self {
        let mut other = self.clone();
        other.keys = self.keys.of(queue);
        other
    }

    /// The queue that this connection serves.
    pub fn queue(&self) -> Queue {
        self.keys.queue()
    }

    /// The shard that it serves.
    pub fn place(&self) -> &ShardPlace {
        self.keys.place()
    }
}

impl Window {
    /// The queue that this is a window of.
    pub fn queue(&self) -> Queue {
        self.keys.queue()
    }

    /// Claims the most urgent task that fits.
    pub async fn claim_for(&self, errand: Errand<'_>) -> Result<Sent, WindowError> {
        let answer = self
            .call(
                "claim_for",
                |scripts| &scripts.claim_for,
                |call| {
                    let request = errand.request.map_or_else(|| "-".to_owned(), |name| name.to_string());
                    call.arg(errand.tenant.0).arg(errand.worker.0).arg(request);
                    call.arg(millis(errand.lease)).arg(errand.most);
                    for host in errand.hosts {
                        call.arg(host.0);
                    }
                },
            )
            .await?;
        let mut words = words("claim_for", &answer)?.peekable();
        let wait = number("claim_for", &answer, &mut words)?;
        let next_due = u64::try_from(wait).ok().map(Duration::from_millis);
        if words.peek().is_none() {
            return Ok(Sent { task: None, next_due });
        }
        let mut next = || number("claim_for", &answer, &mut words);
        let task = Claimed {
            task: TaskId(next()?),
            tenant: TenantId(next()?),
            host: HostId(next()?),
            fence: Fence { generation: self.generation, counter: next()? },
            rank: next()?,
        };
        Ok(Sent { task: Some(task), next_due })
    }

    /// Moves the end of a lease to `lease` from now. False: it is no longer ours.
    pub async fn extend(&self, task: TaskId, fence: Fence, lease: Duration) -> Result<bool, WindowError> {
        let answer = self
            .call(
                "extend",
                |scripts| &scripts.extend,
                |call| {
                    call.arg(task.0).arg(fence.counter).arg(millis(lease));
                },
            )
            .await?;
        Ok(number("extend", &answer, &mut words("extend", &answer)?)? == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_known_by_its_tenant_and_name() {
        let one = outside_worker(TenantId(1), "crawler-1");
        assert!(one.0 >= 0);
        assert_eq!(one, outside_worker(TenantId(1), "crawler-1"));
        assert_ne!(one, outside_worker(TenantId(2), "crawler-1"));
        assert_ne!(outside_worker(TenantId(1), "1/a"), outside_worker(TenantId(11), "/a"));
    }
}

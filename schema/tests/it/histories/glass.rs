//! The reference model of the window: leases, who lives, what hosts and tenants allow, as far as its calls tell.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::{Fence, HostId, Incarnation, TaskId, TenantId};
use rad_schema::window::{Batch, Claimed, HostTerms};

use crate::Done;

/// Redis counts whole milliseconds.
const TICK: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Alive,
    /// Its heartbeat is over.
    Missed,
    /// It said goodbye.
    Left,
}

#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) fence: Fence,
    pub(crate) worker: Incarnation,
    pub(crate) tenant: TenantId,
    pub(crate) host: HostId,
    /// The URL whose lock it holds.
    pub(crate) locked: Option<String>,
    /// Its hard deadline has passed.
    pub(crate) over: bool,
}

/// What Redis must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Glass {
    /// None: it was wiped, and nobody has opened another.
    pub(crate) generation: Option<i64>,
    pub(crate) leases: BTreeMap<TaskId, Lease>,
    pub(crate) lives: BTreeMap<Incarnation, Life>,
    /// Tasks that the window must take for suspects.
    pub(crate) marked: BTreeSet<TaskId>,
    pub(crate) caps: BTreeMap<TenantId, i32>,
    pub(crate) terms: BTreeMap<HostId, HostTerms>,
    /// No request before.
    free_at: BTreeMap<HostId, Instant>,
    last_fence: i64,
}

impl Glass {
    pub(crate) fn open(generation: i64) -> Self {
        Self { generation: Some(generation), ..Self::default() }
    }

    pub(crate) fn is(&self, generation: i64) -> bool {
        self.generation == Some(generation)
    }

    pub(crate) fn lives(&self, worker: Incarnation) -> bool {
        self.lives.get(&worker) == Some(&Life::Alive)
    }

    pub(crate) fn holds(&self, task: TaskId, fence: Fence) -> bool {
        self.leases.get(&task).is_some_and(|lease| lease.fence == fence)
    }

    fn allowed(&self, host: HostId) -> HostTerms {
        let unknown = HostTerms { delay: Duration::ZERO, max_concurrency: 1 };
        self.terms.get(&host).copied().unwrap_or(unknown)
    }

    fn not_before(&mut self, host: HostId, at: Instant) {
        let free_at = self.free_at.entry(host).or_insert(at);
        *free_at = (*free_at).max(at);
    }

    /// Ends a lease. A host that was contacted rests from `asked`, the moment before the call.
    pub(crate) fn release(&mut self, task: TaskId, fence: Fence, rest: Option<(Instant, Duration)>) -> bool {
        if !self.holds(task, fence) {
            return false;
        }
        let lease = self.leases.remove(&task).expect("it was there a line ago");
        self.marked.remove(&task);
        if let Some((asked, pause)) = rest {
            let terms = self.allowed(lease.host);
            let delay = if terms.max_concurrency > 1 { Duration::ZERO } else { terms.delay };
            self.not_before(lease.host, asked + delay.max(pause));
        }
        true
    }

    /// A claim's answer keeps every rule, and is now in force.
    pub(crate) fn claimed(
        &mut self,
        worker: Incarnation,
        batch: &Batch,
        over: bool,
        (asked, answered): (Instant, Instant),
    ) -> Done {
        let held = self.leases.values().filter(|lease| lease.worker == worker).count();
        for task in &batch.tasks {
            let suspect = self.marked.contains(&task.task);
            let beside = held + batch.tasks.len() - 1;
            ensure!(!suspect || (batch.alone && beside == 0), "suspect {task:?} beside {beside} others");
            self.give(worker, task, over, (asked, answered))?;
        }
        Ok(())
    }

    fn give(
        &mut self,
        worker: Incarnation,
        task: &Claimed,
        over: bool,
        (asked, answered): (Instant, Instant),
    ) -> Done {
        let Claimed { task: id, tenant, host, fence, .. } = *task;
        ensure!(!self.leases.contains_key(&id), "two live leases of one task: {task:?}");
        ensure!(fence.counter > self.last_fence, "fence {fence} after {}", self.last_fence);
        self.last_fence = fence.counter;
        let terms = self.allowed(host);
        let flying = self.leases.values().filter(|lease| lease.host == host).count();
        let most = usize::try_from(terms.max_concurrency)?;
        ensure!(flying < most, "{} requests on host {host}, which allows {most}", flying + 1);
        let running = self.leases.values().filter(|lease| lease.tenant == tenant).count();
        let cap = usize::try_from(self.caps.get(&tenant).copied().unwrap_or(1))?;
        ensure!(running < cap, "{} tasks of tenant {tenant}, whose cap is {cap}", running + 1);
        if let Some(free_at) = self.free_at.get(&host) {
            let early = free_at.saturating_duration_since(answered + TICK);
            ensure!(early.is_zero(), "host {host} is asked {early:?} too early");
        }
        if most > 1 {
            self.not_before(host, asked + terms.delay);
        }
        self.leases.insert(id, Lease { fence, worker, tenant, host, locked: None, over });
        Ok(())
    }
}

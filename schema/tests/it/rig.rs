//! A dispatch window on a Redis of its own, with short words for what the tests do to it.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rad_core::ids::{Fence, HostId, Incarnation, TaskId, TenantId};
use rad_schema::window::{
    Batch, Claimed, Completion, DeadLease, Dispatch, Fate, Fed, HostTerms, Lane, LaneFeed, LeaseTerms, Nack,
    NewTask, Requeue, Window,
};
use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;

use crate::own_redis::TestRedis;

/// Far longer than any test.
pub(crate) const TERMS: LeaseTerms =
    LeaseTerms { ttl: Duration::from_mins(5), hard_deadline: Duration::from_mins(5) };

/// What the reaper took back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Tasks whose worker did not die.
    pub(crate) returned: Vec<i64>,
    /// Tasks whose worker died.
    pub(crate) dead: Vec<i64>,
}

/// The window of generation 1.
pub(crate) struct Rig {
    pub(crate) redis: TestRedis,
    pub(crate) dispatch: Dispatch,
    pub(crate) window: Window,
    pub(crate) raw: MultiplexedConnection,
    request: u64,
}

impl Rig {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let redis = TestRedis::start().await?;
        let dispatch = Dispatch::connect(&redis.url()).await?;
        anyhow::ensure!(dispatch.open(1, &dispatch.run_id().await?).await?, "generation 1 is the first");
        let window = dispatch.window(1);
        let raw = redis.connect().await?;
        Ok(Self { redis, dispatch, window, raw, request: 0 })
    }

    /// The same as a leader opens it: nothing runs of a tenant that has no share.
    pub(crate) async fn divided() -> anyhow::Result<Self> {
        let mut rig = Self::open().await?;
        anyhow::ensure!(rig.dispatch.open_resting(2, &rig.dispatch.run_id().await?).await?, "2 follows 1");
        rig.window = rig.dispatch.window(2);
        rig.window.rest(&[]).await?;
        Ok(rig)
    }

    /// Brings a worker in that lives for the whole test.
    pub(crate) async fn worker(&self, number: i64) -> anyhow::Result<Incarnation> {
        self.window.join(Incarnation(number), TERMS).await?;
        Ok(Incarnation(number))
    }

    /// The next claim of `worker`.
    pub(crate) async fn claim_batch(&mut self, worker: Incarnation, most: usize) -> anyhow::Result<Batch> {
        self.request += 1;
        Ok(self.window.claim(worker, self.request, most, TERMS).await?)
    }

    pub(crate) async fn claim(&mut self, worker: Incarnation, most: usize) -> anyhow::Result<Vec<Claimed>> {
        Ok(self.claim_batch(worker, most).await?.tasks)
    }

    /// A claim that must give exactly one task.
    pub(crate) async fn claim_one(&mut self, worker: Incarnation) -> anyhow::Result<Claimed> {
        let tasks = self.claim(worker, 1).await?;
        tasks.first().copied().context("nothing could be claimed")
    }

    /// Claims until something can be claimed, for what is due in some milliseconds.
    pub(crate) async fn claim_when_due(&mut self, worker: Incarnation) -> anyhow::Result<Claimed> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let batch = self.claim_batch(worker, 1).await?;
            if let Some(task) = batch.tasks.first() {
                return Ok(*task);
            }
            tokio::time::sleep(batch.next_due.unwrap_or(Duration::from_millis(1))).await;
        }
        bail!("nothing became due")
    }

    pub(crate) async fn feed(&self, tenant: i64, host: i64, tasks: &[(i64, i64)]) -> anyhow::Result<Fed> {
        Ok(self.window.feed(&lane_feed(tenant, host, tasks)).await?)
    }

    /// Feeds a lane of a host with known terms.
    pub(crate) async fn feed_with(
        &self,
        (tenant, host): (i64, i64),
        (delay_ms, max_concurrency): (u64, u32),
        tasks: &[(i64, i64)],
    ) -> anyhow::Result<Fed> {
        let feed =
            LaneFeed { terms: Some(terms(delay_ms, max_concurrency)), ..lane_feed(tenant, host, tasks) };
        Ok(self.window.feed(&feed).await?)
    }

    pub(crate) async fn complete(&self, task: &Claimed) -> anyhow::Result<i64> {
        Ok(self.window.complete(&[completion(task)], &[], &[]).await?)
    }

    /// Pushes tasks as a commit that has added them would.
    pub(crate) async fn push(&self, tenant: i64, host: i64, tasks: &[(i64, i64)]) -> anyhow::Result<()> {
        let new: Vec<_> = tasks
            .iter()
            .map(|(task, rank)| NewTask {
                tenant: TenantId(tenant),
                host: HostId(host),
                task: TaskId(*task),
                rank: *rank,
            })
            .collect();
        self.window.complete(&[], &[], &new).await?;
        Ok(())
    }

    pub(crate) async fn nack(&self, task: &Claimed, requeue: Requeue) -> anyhow::Result<i64> {
        let item = Nack { task: task.task, fence: task.fence, requeue, pause: Duration::ZERO };
        Ok(self.window.nack(&[item]).await?)
    }

    /// Reaps until there is nothing more, `at_once` in a step; what the dead held goes where `judge` sends it.
    pub(crate) async fn reap(
        &self,
        at_once: usize,
        judge: impl Fn(&DeadLease) -> Fate,
    ) -> anyhow::Result<Swept> {
        let (mut swept, mut judged) = (Swept::default(), Vec::new());
        loop {
            let step = self.window.reap(&judged, at_once).await?;
            anyhow::ensure!(step.returned.len() + step.dead.len() <= at_once, "{step:?} at once");
            swept.returned.extend(step.returned.iter().map(|task| task.task.0));
            swept.dead.extend(step.dead.iter().map(|lease| lease.task.0));
            judged = step.dead.into_iter().map(|lease| (lease, judge(&lease))).collect();
            if judged.is_empty() && !step.more {
                swept.returned.sort_unstable();
                swept.dead.sort_unstable();
                return Ok(swept);
            }
        }
    }

    /// Kills a worker: its heartbeat is over.
    pub(crate) async fn kill(&self, worker: Incarnation) -> anyhow::Result<()> {
        let over = self.now_us().await? / 1000 - 1;
        let _: i64 = self.ask(&format!("ZADD $/wk XX {over} {worker}")).await?;
        Ok(())
    }

    /// A command of the test's own: its words apart by blanks, the names of keys without their prefix.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &str) -> anyhow::Result<T> {
        let mut words = command.split(' ');
        let mut ask = redis::cmd(words.next().context("an empty command")?);
        for word in words {
            ask.arg(word.replace("$/", "{q0}:g1:").replace("$meta", "{q0}:meta"));
        }
        Ok(ask.query_async(&mut self.raw.clone()).await?)
    }

    /// Microseconds of the server's clock.
    pub(crate) async fn now_us(&self) -> anyhow::Result<i64> {
        let (seconds, micros): (i64, i64) = self.ask("TIME").await?;
        Ok(seconds * 1_000_000 + micros)
    }
}

pub(crate) fn lane(tenant: i64, host: i64) -> Lane {
    Lane { tenant: TenantId(tenant), host: HostId(host) }
}

pub(crate) fn terms(delay_ms: u64, max_concurrency: u32) -> HostTerms {
    HostTerms { delay: Duration::from_millis(delay_ms), max_concurrency }
}

/// A complete lane of a tenant with much room, on a host whose robots are unknown.
pub(crate) fn lane_feed(tenant: i64, host: i64, tasks: &[(i64, i64)]) -> LaneFeed {
    LaneFeed {
        lane: lane(tenant, host),
        weight: 1,
        cap: 1000,
        parked: false,
        terms: None,
        pause: Duration::ZERO,
        left_out: None,
        complete: true,
        tasks: tasks.iter().map(|(task, rank)| (TaskId(*task), *rank)).collect(),
        suspects: Vec::new(),
    }
}

pub(crate) fn completion(task: &Claimed) -> Completion {
    Completion { task: task.task, fence: task.fence, pause: Duration::ZERO }
}

/// The numbers of tasks, in their order.
pub(crate) fn numbers(tasks: &[Claimed]) -> Vec<i64> {
    tasks.iter().map(|task| task.task.0).collect()
}

/// A token that was never given out.
pub(crate) fn wrong(fence: Fence) -> Fence {
    Fence { counter: fence.counter + 1_000, ..fence }
}

//! Tasks of other kinds than crawl: pushed, claimed, ended and watched from outside.
//!
//! Postgres has accepted what is acknowledged here; the window only says who is next. The calls keep the names and
//! fields under which they were published; lease tokens, leases and keys are additions.

mod claim;
mod hold;
mod request;

use rad_core::errors::chain;
use rad_core::ids::{TaskId, TenantId};
use rad_core::metrics::TASK_QUEUE;
use rad_core::metrics::tasks::PUSHED;
use rad_schema::queue::Queue;
use rad_schema::tasks::{PushError, TaskFilter, TaskRow, TaskState, TypeCounts};
use rad_schema::window::{NewTask, Window, WindowError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fault::Faults;
use super::page::{Limit, Page};
use super::{Service, ServiceError};
use crate::feed::tasks::LANE_TERMS;

pub(crate) use claim::Claim;
pub(super) use request::{WORKER, is_name};

/// A tenant's tasks in numbers. Of ended ones, those that can still be read.
#[derive(Debug, Serialize)]
pub(crate) struct QueueStats {
    queued: i64,
    claimed: i64,
    completed: i64,
    failed: i64,
    /// Seconds since the push of the oldest that is queued.
    oldest_queued_seconds: Option<f64>,
    types: Vec<TypeCounts>,
}

impl Service {
    /// `push_task({task_type, resource?, priority?, params?, max_attempts?, idempotency_key?})`. False beside it: the
    /// key had been seen with the same request, and this is the task of then.
    pub(crate) async fn push_task(
        &self,
        tenant: TenantId,
        wanted: Map<String, Value>,
        key_beside: Option<String>,
    ) -> Result<(TaskRow, bool), ServiceError> {
        let new = request::push(wanted, key_beside)?;
        let pushed = self.db.push_task(tenant, &new).await.map_err(|error| match error {
            PushError::TooManyTypes => Faults::one(
                "task_type",
                format!("task_type: {error}, and this would be another"),
                "use one of those there are, and put what differs into params",
            )
            .into(),
            PushError::Store(error) => ServiceError::Store(error),
        })?;
        if !pushed.same_request {
            return Err(ServiceError::IdempotencyMismatch { what: format!("task {}", pushed.task) });
        }
        if let Some(waits) = pushed.new {
            metrics::counter!(PUSHED, "queue" => TASK_QUEUE, "source" => "api").increment(1);
            self.load(&[waits]).await;
        }
        Ok((self.task(tenant, pushed.task).await?, pushed.new.is_some()))
    }

    /// Puts queued tasks into the window. Nothing is lost when it fails: the leader's reconciler finds the lane.
    async fn load(&self, tasks: &[NewTask]) {
        let lanes: Vec<_> = tasks.iter().map(|task| (task.host, LANE_TERMS)).collect();
        let loaded = match self.tasks_window().await {
            Ok(window) => window.complete(&[], &lanes, tasks).await.map_err(ServiceError::Window),
            Err(error) => Err(error),
        };
        if let Err(error) = loaded {
            tracing::debug!(error = chain(&error), "task not loaded at once");
        }
    }

    pub(crate) async fn task(&self, tenant: TenantId, task: TaskId) -> Result<TaskRow, ServiceError> {
        self.db.task(tenant, task).await?.ok_or_else(|| missing(task))
    }

    /// Tasks older than `before`, newest first.
    pub(crate) async fn tasks(
        &self,
        tenant: TenantId,
        before: TaskId,
        filter: &TaskFilter,
        limit: Limit,
    ) -> Result<Page<TaskRow>, ServiceError> {
        let rows = self.db.tasks(tenant, before, filter, limit.and_one()).await?;
        Ok(Page::cut(rows, limit, |task| task.task_id))
    }

    /// `get_queue_stats()`.
    pub(crate) async fn queue_stats(&self, tenant: TenantId) -> Result<QueueStats, ServiceError> {
        let (types, oldest_ms) = self.db.task_counts(tenant).await?;
        let sum = |count: fn(&TypeCounts) -> i64| types.iter().map(count).sum();
        Ok(QueueStats {
            queued: sum(|of| of.queued),
            claimed: sum(|of| of.claimed),
            completed: sum(|of| of.completed),
            failed: sum(|of| of.failed),
            oldest_queued_seconds: oldest_ms.map(seconds),
            types,
        })
    }

    /// The window of tasks that Postgres names; every call fails with `Stale` where Redis has another.
    pub(super) async fn tasks_window(&self) -> Result<Window, ServiceError> {
        let shard = self.db.shard_of(Queue::Tasks).await?.ok_or(WindowError::Stale)?;
        Ok(self.shards.tasks().window(shard.generation))
    }
}

/// Reads a parameter of a listing of tasks into its filter.
pub(crate) fn narrow(filter: &mut TaskFilter, name: &str, value: &str) -> Result<(), Faults> {
    if name == "type" {
        filter.task_type = Some(request::known_type(value)?);
        return Ok(());
    }
    let state = TaskState::ALL.into_iter().find(|state| state.name() == value).ok_or_else(|| {
        let names = TaskState::ALL.map(TaskState::name).join(", ");
        Faults::one("state", format!("state: there is no state {value:?}"), format!("give one of {names}"))
    })?;
    filter.state = Some(state);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "an age in milliseconds is far below 2^53")]
fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / 1000.0
}

fn missing(task: TaskId) -> ServiceError {
    ServiceError::NotFound { what: format!("task {task}") }
}

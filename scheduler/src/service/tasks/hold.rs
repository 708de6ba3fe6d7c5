//! What the holder of a task does with it: completing, failing, keeping it.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::ids::{Fence, HostId, TaskId, TenantId};
use rad_core::metrics::TASK_QUEUE;
use rad_core::metrics::tasks::FINISHED;
use rad_schema::tasks::{Held, Holder, Outcome, TaskRow, TaskState};
use rad_schema::window::{Completion, NewTask, Window};
use serde_json::{Map, Value};

use super::super::{Service, ServiceError};
use super::request::{self, HolderRequest};
use super::{Claim, missing};
use crate::feed::tasks::LANE_TERMS;

impl Service {
    /// `complete_task({task_id, result?, lease_token?, worker_id?})`.
    pub(crate) async fn complete_task(
        &self,
        tenant: TenantId,
        task: TaskId,
        wanted: Map<String, Value>,
    ) -> Result<TaskRow, ServiceError> {
        let (holder, result) = request::complete(wanted)?;
        self.end(tenant, task, &holder, Outcome::Complete(result)).await
    }

    /// `fail_task({task_id, error, retry_in_seconds?, lease_token?, worker_id?})`. Without a time to retry in it has
    /// failed for good.
    pub(crate) async fn fail_task(
        &self,
        tenant: TenantId,
        task: TaskId,
        wanted: Map<String, Value>,
    ) -> Result<TaskRow, ServiceError> {
        let (holder, error, retry_in) = request::fail(wanted)?;
        self.end(tenant, task, &holder, Outcome::Fail(error, retry_in)).await
    }

    /// `renew_task({task_id, lease_seconds?, lease_token?, worker_id?})`: more time, from now.
    pub(crate) async fn renew_task(
        &self,
        tenant: TenantId,
        task: TaskId,
        wanted: Map<String, Value>,
    ) -> Result<Claim, ServiceError> {
        let (holder, lease) = request::renew(wanted)?;
        let held = self.db.hold_task(tenant, task, holder.as_holder(), &Outcome::Renew(lease)).await?;
        let (row, fence, ..) = done(held, task)?;
        if let Some(fence) = fence
            && let Some(window) = self.same_window(fence).await
            && let Err(error) = window.extend(task, fence, lease).await
        {
            // The window gives the task back too early then, and whoever claims it is told that it is held.
            tracing::debug!(error = chain(&error), "lease not renewed in the window");
        }
        Ok(Claim::from(*row))
    }

    async fn end(
        &self,
        tenant: TenantId,
        task: TaskId,
        holder: &HolderRequest,
        outcome: Outcome,
    ) -> Result<TaskRow, ServiceError> {
        let held = self.db.hold_task(tenant, task, holder.as_holder(), &outcome).await?;
        let (row, fence, lane, rank) = done(held, task)?;
        if let Some(fence) = fence {
            count(row.state, &outcome);
            let again = NewTask { tenant, host: lane, task, rank };
            let again = (row.state == TaskState::Queued).then_some(again);
            self.let_go(task, fence, again).await;
        }
        Ok(*row)
    }

    /// Ends the lease in the window, and queues the task again if it is to be retried. What fails here the lease's end
    /// and the reconciler do.
    async fn let_go(&self, task: TaskId, fence: Fence, again: Option<NewTask>) {
        let Some(window) = self.same_window(fence).await else {
            return self.load(again.as_slice()).await;
        };
        let done = [Completion { task, fence, pause: Duration::ZERO }];
        let lanes: Vec<_> = again.iter().map(|task| (task.host, LANE_TERMS)).collect();
        if let Err(error) = window.complete(&done, &lanes, again.as_slice()).await {
            tracing::debug!(error = chain(&error), "lease not ended in the window");
        }
    }

    /// The window, if it is the one that gave this token out. In another the number may be of somebody else's lease.
    async fn same_window(&self, fence: Fence) -> Option<Window> {
        let window = self.tasks_window().await.ok()?;
        (window.generation() == fence.generation).then_some(window)
    }
}

impl HolderRequest {
    fn as_holder(&self) -> Holder<'_> {
        Holder { fence: self.token, worker: self.worker.as_deref() }
    }
}

/// The task; with the token of its claim, its lane and rank when it was changed just now.
fn done(held: Held, task: TaskId) -> Result<(Box<TaskRow>, Option<Fence>, HostId, i64), ServiceError> {
    match held {
        Held::Done { task, fence, lane, rank } => Ok((task, Some(fence), lane, rank)),
        Held::Again(task) => Ok((task, None, HostId(0), 0)),
        Held::Lost => Err(ServiceError::LeaseLost { task }),
        Held::Unknown => Err(missing(task)),
    }
}

fn count(state: TaskState, outcome: &Outcome) {
    let ended = match (state, outcome) {
        (TaskState::Completed, _) => "ok",
        // It was to be tried again, but that had been its last attempt.
        (TaskState::Failed, Outcome::Fail(_, Some(_))) => "dead",
        (TaskState::Failed, _) => "failed",
        _ => return,
    };
    counter!(FINISHED, "queue" => TASK_QUEUE, "outcome" => ended).increment(1);
}

//! Claiming a task for a worker from outside, and waiting for one.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::ids::{Fence, HostId, TenantId};
use rad_core::metrics::TASK_QUEUE;
use rad_core::metrics::tasks::CLAIMED;
use rad_schema::tasks::{Taken, TaskRow};
use rad_schema::window::{Claimed, Errand, Nack, Requeue, Window, WindowError, outside_worker};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::super::{Service, ServiceError};
use super::request::{self, ClaimRequest};
use crate::feed::tasks::MOST_CLAIMED;

/// A rebuild of the window takes less; until then a claim is not refused.
const REOPENS: Duration = Duration::from_secs(3);
/// Between two looks at a window that is being rebuilt.
const REOPENING_PAUSE: Duration = Duration::from_millis(100);
/// Tasks that one look passes over because they had ended or are held: what is left is for the next look.
const PASSED_OVER: usize = 64;

/// A task in hand.
#[derive(Debug, Serialize)]
pub(crate) struct Claim {
    task_id: i64,
    task_type: String,
    resource: Option<String>,
    priority: i16,
    params: Value,
    /// 1 for the first.
    attempt: i16,
    max_attempts: i16,
    worker_id: Option<String>,
    /// Proves that the task is ours; whoever claims it next has a later one.
    lease_token: String,
    /// When the lease ends, unless it is renewed.
    expires_at: Option<String>,
}

/// What one look brought.
enum Look {
    Task(Box<TaskRow>),
    /// Nothing now; something may be due after this time.
    Nothing(Option<Duration>),
}

impl From<TaskRow> for Claim {
    fn from(row: TaskRow) -> Self {
        let fence = Fence { generation: row.generation, counter: row.fence };
        Self {
            task_id: row.task_id,
            task_type: row.task_type,
            resource: row.resource,
            priority: row.priority,
            params: row.params,
            attempt: row.attempts,
            max_attempts: row.max_attempts,
            worker_id: row.worker_id,
            lease_token: fence.to_string(),
            expires_at: row.lease_until,
        }
    }
}

impl Service {
    /// `claim_task({worker_id, task_types?, wait_seconds?, lease_seconds?, request_id?})`: the tenant's most urgent
    /// task of these kinds; none when there is none in time.
    pub(crate) async fn claim_task(
        &self,
        tenant: TenantId,
        wanted: Map<String, Value>,
    ) -> Result<Option<Claim>, ServiceError> {
        let wanted = request::claim(tenant, wanted)?;
        let asked = Instant::now();
        loop {
            // Before the look: what is pushed in between rings.
            let mut listener = self.bell.listen();
            let pause = match self.look(tenant, &wanted).await {
                Ok(Look::Task(row)) => {
                    counter!(CLAIMED, "queue" => TASK_QUEUE).increment(1);
                    return Ok(Some(Claim::from(*row)));
                }
                Ok(Look::Nothing(_)) if asked.elapsed() >= wanted.wait || self.bell.is_silent() => {
                    return Ok(None);
                }
                Ok(Look::Nothing(due)) => {
                    due.unwrap_or(wanted.wait).min(wanted.wait.saturating_sub(asked.elapsed()))
                }
                Err(ServiceError::Window(WindowError::Stale))
                    if asked.elapsed() < REOPENS.max(wanted.wait) =>
                {
                    REOPENING_PAUSE
                }
                Err(error) => return Err(error),
            };
            listener.heard(pause).await;
        }
    }

    /// Looks once for a task that can be taken into hand.
    async fn look(&self, tenant: TenantId, wanted: &ClaimRequest) -> Result<Look, ServiceError> {
        let hosts = match &wanted.types {
            Some(types) => self.db.task_lanes_of(tenant, types).await?,
            None => Vec::new(),
        };
        if wanted.types.is_some() && hosts.is_empty() {
            return Ok(Look::Nothing(None));
        }
        let window = self.tasks_window().await?;
        for _ in 0..PASSED_OVER {
            let sent = window.claim_for(errand(tenant, wanted, &hosts)).await?;
            match (sent.task, sent.next_due) {
                (Some(claimed), _) => {
                    if let Some(row) = self.take(&window, claimed, wanted).await? {
                        return Ok(Look::Task(row));
                    }
                }
                (None, Some(Duration::ZERO)) => {}
                (None, due) => return Ok(Look::Nothing(due)),
            }
        }
        Ok(Look::Nothing(Some(Duration::ZERO)))
    }

    /// Takes a claimed task into hand. What is not to be had goes where it belongs.
    async fn take(
        &self,
        window: &Window,
        claimed: Claimed,
        wanted: &ClaimRequest,
    ) -> Result<Option<Box<TaskRow>>, ServiceError> {
        let taken = self
            .db
            .take_task(claimed.tenant, claimed.task, claimed.fence, &wanted.worker, wanted.lease)
            .await;
        let requeue = match taken {
            Ok(Taken::Task(row)) => return Ok(Some(row)),
            Ok(Taken::Held(until)) => Requeue::At(until),
            Ok(Taken::Gone) => Requeue::Ledger,
            // With a name for its request the caller gets the same task when it asks again.
            Err(error) if wanted.request.is_some() => return Err(error.into()),
            Err(error) => {
                hand_back(window, claimed, Requeue::SameRank).await;
                return Err(error.into());
            }
        };
        hand_back(window, claimed, requeue).await;
        Ok(None)
    }
}

fn errand<'a>(tenant: TenantId, wanted: &ClaimRequest, hosts: &'a [HostId]) -> Errand<'a> {
    Errand {
        tenant,
        worker: outside_worker(tenant, &wanted.worker),
        request: wanted.request,
        lease: wanted.lease,
        most: MOST_CLAIMED,
        hosts,
    }
}

/// A lease that can't be handed back now ends by itself.
async fn hand_back(window: &Window, claimed: Claimed, requeue: Requeue) {
    let nack = Nack { task: claimed.task, fence: claimed.fence, requeue, pause: Duration::ZERO };
    if let Err(error) = window.nack(&[nack]).await {
        tracing::debug!(error = chain(&error), "claimed task not handed back");
    }
}

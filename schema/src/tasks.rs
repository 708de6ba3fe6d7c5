//! Tasks of other kinds than crawl: their ledger, and the leases of workers from outside.
//!
//! A task is queued, claimed, completed or failed. Who works on it is not part of the fleet, so its lease stands in
//! Postgres: a wipe of Redis takes no task from anybody's hands.

mod claim;
mod feed;
mod read;

use rad_core::ids::{HostId, TaskId, TenantId};
use serde_json::Value;
use sqlx::{Postgres, Transaction};
use thiserror::Error;

pub use claim::{Held, Holder, Outcome, Taken};
pub use feed::{Lapsed, TaskHead};
pub use read::{TaskFilter, TaskRow, TaskState, TypeCounts};

use crate::db::{Db, DbError};
use crate::window::NewTask;

/// Kinds of task that a tenant may have: each is a lane that may want feeding.
const MAX_TYPES: i64 = 1_000;

/// A task to queue.
#[derive(Clone, Debug)]
pub struct NewErrand {
    /// What kind of task it is; the name of its lane.
    pub task_type: String,
    /// What it is about, such as a URL.
    pub resource: Option<String>,
    /// 1 to 10, 10 the most urgent; inside the tenant only.
    pub priority: i16,
    /// What the worker needs to know.
    pub params: Value,
    /// Claims after which it has failed for good.
    pub max_attempts: i16,
    /// A repeated push with this key gives the first task again.
    pub idempotency_key: Option<String>,
}

/// The result of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The task.
    pub task: TaskId,
    /// Where it waits; none when it had been pushed before under the same idempotency key.
    pub new: Option<NewTask>,
    /// False: the key had been used for a push of something else.
    pub same_request: bool,
}

/// A push that had no effect.
#[derive(Debug, Error)]
pub enum PushError {
    /// The tenant has as many kinds of task as it may have.
    #[error("a tenant has at most {MAX_TYPES} kinds of task")]
    TooManyTypes,
    /// Postgres did not answer as it should.
    #[error(transparent)]
    Store(#[from] DbError),
}

impl Db {
    /// Queues a task. It is accepted when this returns; the window follows.
    pub async fn push_task(&self, tenant: TenantId, new: &NewErrand) -> Result<Pushed, PushError> {
        let mut tx = self.tenant(tenant).await?;
        let kind = type_of(&mut tx, tenant, &new.task_type).await?;
        let inserted = sqlx::query_as::<_, (i64, i64)>(include_str!("../queries/tasks/insert.sql"))
            .bind(tenant.0)
            .bind(kind.0)
            .bind(new.priority)
            .bind(new.max_attempts)
            .bind(new.idempotency_key.as_deref())
            .bind(new.resource.as_deref())
            .bind(&new.params)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("queue a task"))?;
        let Some((task, rank)) = inserted else { return Ok(known(&mut tx, tenant, kind, new).await?) };
        // Last: everybody who pushes or ends a task of this kind waits for this row.
        sqlx::query(include_str!("../queries/tasks/count_queued.sql"))
            .bind(tenant.0)
            .bind(kind.0)
            .execute(&mut *tx)
            .await
            .map_err(DbError::doing("count a queued task"))?;
        tx.commit().await.map_err(DbError::doing("commit a pushed task"))?;
        let task = TaskId(task);
        let waits = NewTask { tenant, host: kind, task, rank };
        Ok(Pushed { task, new: Some(waits), same_request: true })
    }

    /// The lanes of these kinds of task; kinds that the tenant has never pushed have none.
    pub async fn task_lanes_of(&self, tenant: TenantId, types: &[String]) -> Result<Vec<HostId>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let numbers = sqlx::query_scalar::<_, i64>(include_str!("../queries/tasks/types_of.sql"))
            .bind(tenant.0)
            .bind(types)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("look kinds of task up"))?;
        Ok(numbers.into_iter().map(HostId).collect())
    }
}

/// The number of a kind of task, given out where it has none.
async fn type_of(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    name: &str,
) -> Result<HostId, PushError> {
    if let Some(known) = look_up(tx, tenant, name).await? {
        return Ok(known);
    }
    let added = sqlx::query_scalar::<_, i64>(include_str!("../queries/tasks/add_type.sql"))
        .bind(tenant.0)
        .bind(name)
        .bind(MAX_TYPES)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::doing("add a kind of task"))?;
    match added {
        Some(added) => Ok(HostId(added)),
        // Another push may have added it meanwhile.
        None => look_up(tx, tenant, name).await?.ok_or(PushError::TooManyTypes),
    }
}

async fn look_up(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    name: &str,
) -> Result<Option<HostId>, DbError> {
    let number = sqlx::query_scalar::<_, i64>(include_str!("../queries/tasks/type_of.sql"))
        .bind(tenant.0)
        .bind(name)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::doing("look a kind of task up"))?;
    Ok(number.map(HostId))
}

/// The task that was pushed under the same idempotency key.
async fn known(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    kind: HostId,
    new: &NewErrand,
) -> Result<Pushed, DbError> {
    let (task, same_request) = sqlx::query_as::<_, (i64, bool)>(include_str!("../queries/tasks/by_key.sql"))
        .bind(tenant.0)
        .bind(new.idempotency_key.as_deref())
        .bind(kind.0)
        .bind(new.priority)
        .bind(new.max_attempts)
        .bind(new.resource.as_deref())
        .bind(&new.params)
        .fetch_one(&mut **tx)
        .await
        .map_err(DbError::doing("find the task of the idempotency key"))?;
    Ok(Pushed { task: TaskId(task), new: None, same_request })
}

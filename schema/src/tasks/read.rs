//! Tasks as they are shown, and how many there are.

use rad_core::ids::{TaskId, TenantId};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, Postgres, Transaction};

use crate::db::{Db, DbError};

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TaskState {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Claimed,
    /// It is done.
    Completed,
    /// It was given up.
    Failed,
}

impl TaskState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Claimed, Self::Completed, Self::Failed];

    /// Its number in the ledger.
    pub(crate) fn number(self) -> i16 {
        match self {
            Self::Queued => 0,
            Self::Claimed => 1,
            Self::Completed => 2,
            Self::Failed => 3,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// A task. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, FromRow, Serialize)]
pub struct TaskRow {
    /// Its number.
    pub task_id: i64,
    /// Its kind.
    pub task_type: String,
    /// What it is about.
    pub resource: Option<String>,
    /// 1 to 10, 10 the most urgent.
    pub priority: i16,
    /// What it was pushed with.
    pub params: Value,
    /// How it stands.
    pub state: TaskState,
    /// Claims so far.
    pub attempts: i16,
    /// Claims that there may be.
    pub max_attempts: i16,
    /// Who claimed it last.
    pub worker_id: Option<String>,
    /// What it came to.
    pub result: Option<Value>,
    /// Why its last attempt failed.
    pub error: Option<String>,
    /// Generation of the last claim's token.
    #[serde(skip)]
    pub generation: i64,
    /// Counter of the last claim's token.
    #[serde(skip)]
    pub fence: i64,
    /// When it was pushed.
    pub created_at: String,
    /// When it was claimed last.
    pub claimed_at: Option<String>,
    /// When the present claim ends.
    pub lease_until: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// Until when it can be read after its end.
    pub expires_at: Option<String>,
}

/// How many tasks of a kind stand how. Of ended ones, those that can still be read.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize)]
pub struct TypeCounts {
    /// The kind.
    #[sqlx(rename = "name")]
    pub task_type: String,
    /// Waiting.
    pub queued: i64,
    /// In hand.
    pub claimed: i64,
    /// Done.
    pub completed: i64,
    /// Given up.
    pub failed: i64,
}

/// Which tasks a listing has.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// In this state only.
    pub state: Option<TaskState>,
    /// Of this kind only.
    pub task_type: Option<String>,
}

impl Db {
    /// A task; none when the tenant has no such task.
    pub async fn task(&self, tenant: TenantId, task: TaskId) -> Result<Option<TaskRow>, DbError> {
        read(&mut self.tenant(tenant).await?, tenant, task).await
    }

    /// Up to `most` tasks before `before`, newest first.
    pub async fn tasks(
        &self,
        tenant: TenantId,
        before: TaskId,
        filter: &TaskFilter,
        most: i64,
    ) -> Result<Vec<TaskRow>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../../queries/tasks/list.sql"))
            .bind(tenant.0)
            .bind(before.0)
            .bind(filter.state.map(TaskState::number))
            .bind(filter.task_type.as_deref())
            .bind(most)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("list tasks"))
    }

    /// Counts of a tenant's tasks by kind, and milliseconds since the push of the oldest that is queued.
    pub async fn task_counts(&self, tenant: TenantId) -> Result<(Vec<TypeCounts>, Option<i64>), DbError> {
        let mut tx = self.tenant(tenant).await?;
        let counts = sqlx::query_as(include_str!("../../queries/tasks/counts.sql"))
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("count tasks"))?;
        let oldest = sqlx::query_scalar(include_str!("../../queries/tasks/oldest.sql"))
            .bind(tenant.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("find the oldest task"))?;
        Ok((counts, oldest))
    }
}

/// A task as this transaction sees it.
pub(super) async fn read(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    task: TaskId,
) -> Result<Option<TaskRow>, DbError> {
    sqlx::query_as(include_str!("../../queries/tasks/read.sql"))
        .bind(tenant.0)
        .bind(task.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::doing("read a task"))
}

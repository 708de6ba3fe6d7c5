//! Who holds a task: taking it into hand, keeping it, ending it.

use std::time::Duration;

use rad_core::ids::{Fence, HostId, TaskId, TenantId};
use serde_json::Value;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::{FromRow, Postgres, Transaction};

use super::read::{TaskRow, read};
use crate::db::{Db, DbError};

/// What became of a claimed task that was to be taken into hand.
#[derive(Debug)]
pub enum Taken {
    /// It is in hand.
    Task(Box<TaskRow>),
    /// Somebody's lease still runs: until this rank (microseconds) it is not to be had.
    Held(i64),
    /// It has ended, or will in a moment: drop it.
    Gone,
}

/// Who says that a task is theirs. What is given must be right; with nothing given, the present claim is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holder<'a> {
    /// Token of the claim.
    pub fence: Option<Fence>,
    /// Name of the worker that claimed it.
    pub worker: Option<&'a str>,
}

/// What a holder wants of its task.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is done, with this result.
    Complete(Value),
    /// It failed. With a pause it is tried again after it, unless that was the last attempt.
    Fail(String, Option<Duration>),
    /// More time, from now.
    Renew(Duration),
}

/// What became of a holder's wish.
#[derive(Debug)]
pub enum Held {
    /// It was done.
    Done {
        /// The task after it.
        task: Box<TaskRow>,
        /// Token of the claim that it was done under.
        fence: Fence,
        /// Its lane.
        lane: HostId,
        /// Its place in the lane, in microseconds.
        rank: i64,
    },
    /// This holder has done the same before, and the answer was lost.
    Again(Box<TaskRow>),
    /// The task is not, or no longer, this holder's.
    Lost,
    /// The tenant has no such task.
    Unknown,
}

#[derive(FromRow)]
struct Changed {
    type_id: i64,
    rank: i64,
    generation: i64,
    fence: i64,
}

#[derive(FromRow)]
struct Standing {
    state: i16,
    held: Option<bool>,
    ours: Option<bool>,
    lease_until_us: Option<i64>,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

impl Db {
    /// Takes a task into hand that `worker` has claimed in the window. Doing it again with the same token gives the
    /// same task.
    pub async fn take_task(
        &self,
        tenant: TenantId,
        task: TaskId,
        fence: Fence,
        worker: &str,
        lease: Duration,
    ) -> Result<Taken, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let taken = sqlx::query_scalar::<_, i64>(include_str!("../../queries/tasks/take.sql"))
            .bind(tenant.0)
            .bind(task.0)
            .bind(fence.generation)
            .bind(fence.counter)
            .bind(worker)
            .bind(micros(lease))
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("take a task into hand"))?;
        let holder = Holder { fence: Some(fence), worker: Some(worker) };
        if taken.is_none() {
            match standing(&mut tx, tenant, task, holder).await? {
                Some(Standing { state: 1, held: Some(true), ours: Some(true), .. }) => {}
                Some(Standing { held: Some(true), lease_until_us: Some(until), .. }) => {
                    return Ok(Taken::Held(until));
                }
                _ => return Ok(Taken::Gone),
            }
        }
        let row = read(&mut tx, tenant, task).await?;
        tx.commit().await.map_err(DbError::doing("commit a claim"))?;
        Ok(row.map_or(Taken::Gone, |row| Taken::Task(Box::new(row))))
    }

    /// Does what a holder wants of its task, if it is the holder.
    pub async fn hold_task(
        &self,
        tenant: TenantId,
        task: TaskId,
        holder: Holder<'_>,
        outcome: &Outcome,
    ) -> Result<Held, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let Some(changed) = change(&mut tx, tenant, task, holder, outcome).await? else {
            return refused(&mut tx, tenant, task, holder, outcome).await;
        };
        let row = read(&mut tx, tenant, task).await?;
        tx.commit().await.map_err(DbError::doing("commit a task's change"))?;
        let Some(row) = row else { return Ok(Held::Unknown) };
        let fence = Fence { generation: changed.generation, counter: changed.fence };
        Ok(Held::Done { task: Box::new(row), fence, lane: HostId(changed.type_id), rank: changed.rank })
    }
}

/// A statement whose first five parameters say whose task is meant.
fn of_holder<'q, T: for<'r> FromRow<'r, PgRow>>(
    statement: &'static str,
    tenant: TenantId,
    task: TaskId,
    holder: Holder<'q>,
) -> QueryAs<'q, Postgres, T, PgArguments> {
    sqlx::query_as(statement)
        .bind(tenant.0)
        .bind(task.0)
        .bind(holder.fence.map(|fence| fence.generation))
        .bind(holder.fence.map(|fence| fence.counter))
        .bind(holder.worker)
}

async fn change(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    task: TaskId,
    holder: Holder<'_>,
    outcome: &Outcome,
) -> Result<Option<Changed>, DbError> {
    let statement = match outcome {
        Outcome::Complete(_) => include_str!("../../queries/tasks/complete.sql"),
        Outcome::Fail(..) => include_str!("../../queries/tasks/fail.sql"),
        Outcome::Renew(_) => include_str!("../../queries/tasks/renew.sql"),
    };
    let query = of_holder::<Changed>(statement, tenant, task, holder);
    let query = match outcome {
        Outcome::Complete(result) => query.bind(result),
        Outcome::Fail(error, pause) => query.bind(error).bind(pause.map(micros)),
        Outcome::Renew(lease) => query.bind(micros(*lease)),
    };
    query.fetch_optional(&mut **tx).await.map_err(DbError::doing("change a claimed task"))
}

async fn standing(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    task: TaskId,
    holder: Holder<'_>,
) -> Result<Option<Standing>, DbError> {
    of_holder(include_str!("../../queries/tasks/standing.sql"), tenant, task, holder)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::doing("see how a task stands"))
}

/// Why a holder's wish was not done.
async fn refused(
    tx: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    task: TaskId,
    holder: Holder<'_>,
    outcome: &Outcome,
) -> Result<Held, DbError> {
    let Some(found) = standing(tx, tenant, task, holder).await? else { return Ok(Held::Unknown) };
    let again = match outcome {
        Outcome::Complete(_) => found.state == 2,
        Outcome::Fail(..) => found.state == 3,
        Outcome::Renew(_) => false,
    };
    if !(again && found.ours == Some(true)) {
        return Ok(Held::Lost);
    }
    let row = read(tx, tenant, task).await?;
    Ok(row.map_or(Held::Unknown, |row| Held::Again(Box::new(row))))
}

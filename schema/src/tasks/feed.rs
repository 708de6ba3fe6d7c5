//! What the leader reads of the tasks of all tenants, and ends for them.

use std::collections::HashMap;

use rad_core::ids::{HostId, TaskId, TenantId};
use sqlx::FromRow;

use crate::db::{Db, DbError};
use crate::window::{Lane, NewTask, WINDOW};

/// The queued head of a lane.
#[derive(Clone, Debug)]
pub struct TaskHead {
    /// The lane.
    pub lane: Lane,
    /// Tasks with their ranks, in dispatch order.
    pub tasks: Vec<(TaskId, i64)>,
    /// There are no more than these.
    pub complete: bool,
}

/// Leases that ran out.
#[derive(Debug, Default)]
pub struct Lapsed {
    /// Tasks that are queued again.
    pub back: Vec<NewTask>,
    /// How many failed because that was their last attempt.
    pub dead: u64,
}

impl Db {
    /// Up to `most` lanes with queued tasks after a cursor, in the order of their numbers.
    pub async fn task_lanes(&self, after: (TenantId, HostId), most: i32) -> Result<Vec<Lane>, DbError> {
        let rows = sqlx::query_as::<_, (i64, i64)>(include_str!("../../queries/tasks/lanes.sql"))
            .bind(after.0.0)
            .bind(after.1.0)
            .bind(most)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list lanes with queued tasks"))?;
        Ok(rows
            .into_iter()
            .map(|(tenant, kind)| Lane { tenant: TenantId(tenant), host: HostId(kind) })
            .collect())
    }

    /// The queued head of each lane, in the order of `lanes`.
    pub async fn task_heads(&self, lanes: &[Lane]) -> Result<Vec<TaskHead>, DbError> {
        // What is leased and not yet taken stands first in the ledger's order too.
        let depth = 2 * WINDOW;
        let (tenants, kinds): (Vec<_>, Vec<_>) =
            lanes.iter().map(|lane| (lane.tenant.0, lane.host.0)).unzip();
        let rows = sqlx::query_as::<_, (i64, i64, i64, i64)>(include_str!("../../queries/tasks/feed.sql"))
            .bind(tenants)
            .bind(kinds)
            .bind(i32::try_from(depth).unwrap_or(i32::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("read the heads of task lanes"))?;
        let mut heads: Vec<_> =
            lanes.iter().map(|lane| TaskHead { lane: *lane, tasks: Vec::new(), complete: true }).collect();
        let index: HashMap<_, _> = lanes.iter().enumerate().map(|(at, lane)| (*lane, at)).collect();
        for (tenant, kind, task, rank) in rows {
            let head = &mut heads[index[&Lane { tenant: TenantId(tenant), host: HostId(kind) }]];
            head.tasks.push((TaskId(task), rank));
            head.complete = head.tasks.len() < depth;
        }
        Ok(heads)
    }

    /// Ends up to `most` leases that have run out.
    pub async fn lapse_tasks(&self, most: i32) -> Result<Lapsed, DbError> {
        #[derive(FromRow)]
        struct Row {
            tenant_id: i64,
            type_id: i64,
            task_id: i64,
            rank: i64,
            state: i16,
        }
        let rows = sqlx::query_as::<_, Row>(include_str!("../../queries/tasks/lapse.sql"))
            .bind(most)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("end leases that have run out"))?;
        let mut lapsed = Lapsed::default();
        for row in rows {
            let (tenant, host) = (TenantId(row.tenant_id), HostId(row.type_id));
            match row.state {
                0 => lapsed.back.push(NewTask { tenant, host, task: TaskId(row.task_id), rank: row.rank }),
                _ => lapsed.dead += 1,
            }
        }
        Ok(lapsed)
    }

    /// Removes up to `most` ended tasks whose time to be read is over. Returns how many.
    pub async fn expire_tasks(&self, most: i32) -> Result<i64, DbError> {
        sqlx::query_scalar::<_, i64>(include_str!("../../queries/tasks/expire.sql"))
            .bind(most)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("remove ended tasks"))
    }
}

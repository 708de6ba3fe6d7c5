//! Walking over all that is open in a queue's ledger, a stretch at a time.

use rad_core::ids::{HostId, JobId, TenantId};
use rad_schema::db::{Db, DbError};
use rad_schema::queue::Queue;
use rad_schema::window::{Lane, Window};

/// A part of the ledger whose lanes are looked at together.
#[derive(Clone, Debug)]
pub(super) enum Section {
    /// A running crawl.
    Crawl(TenantId, JobId),
    /// Kinds of task.
    Lanes(Vec<Lane>),
}

/// Where a walk is: after this tenant and its crawl or kind of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(TenantId, i64);

impl Place {
    pub(super) const START: Self = Self(TenantId(0), 0);
}

/// The sections after `place`, with up to `most` crawls or kinds of task, and where the walk is then; the start when
/// it is over.
pub(super) async fn step(
    db: &Db,
    queue: Queue,
    place: Place,
    most: i32,
) -> Result<(Vec<Section>, Place), DbError> {
    let Place(tenant, last) = place;
    match queue {
        Queue::Crawl => {
            let jobs = db.running_jobs((tenant, JobId(last)), most).await?;
            let end = jobs.last().map_or(Place::START, |(tenant, job)| Place(*tenant, job.0));
            Ok((jobs.into_iter().map(|(tenant, job)| Section::Crawl(tenant, job)).collect(), end))
        }
        Queue::Tasks => {
            let lanes = db.task_lanes((tenant, HostId(last)), most).await?;
            let end = lanes.last().map_or(Place::START, |lane| Place(lane.tenant, lane.host.0));
            Ok((if lanes.is_empty() { Vec::new() } else { vec![Section::Lanes(lanes)] }, end))
        }
    }
}

impl Section {
    /// The lanes with open rows in the shard of `window`.
    pub(super) async fn lanes(self, db: &Db, window: &Window) -> Result<Vec<Lane>, DbError> {
        let mut lanes = match self {
            Self::Crawl(tenant, job) => db.lanes(tenant, job).await?,
            Self::Lanes(lanes) => lanes,
        };
        lanes.retain(|lane| window.holds(lane.host));
        Ok(lanes)
    }

    /// Whose crawl it is; none where it is of several tenants.
    pub(super) fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Crawl(tenant, _) => Some(*tenant),
            Self::Lanes(_) => None,
        }
    }

    /// Its crawl, for the log.
    pub(super) fn job(&self) -> Option<i64> {
        match self {
            Self::Crawl(_, job) => Some(job.0),
            Self::Lanes(_) => None,
        }
    }
}

//! What waits in a window under test, and filling it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rad_core::ids::{HostId, TaskId, TenantId};
use rad_schema::window::{HostTerms, Lane, LaneFeed, Window};
use tokio::task::JoinSet;

use super::QueueError;

/// Numbers as in a ledger that has grown for years: small ones take fewer bytes in Redis.
const FIRST_TASK: i64 = 10_000_000_000;
const FIRST_TENANT: i64 = 1_000;
const FIRST_HOST: i64 = 1_000_000;
const PART: i64 = 1_000_000;

/// A tenant's default.
const CAP: i32 = 256;

/// Feeds at once; the window's script is what takes the time.
const FEEDERS: usize = 16;

/// Every tenth host takes two requests at once.
const WIDE_EVERY: usize = 10;

/// Lanes of equal length, in which every URL is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Lane `n` is on host `n % hosts`: those beyond share hosts with another tenant.
    pub(super) lanes: usize,
    pub(super) hosts: usize,
    pub(super) tenants: usize,
    pub(super) per_lane: usize,
    /// Of each host.
    pub(super) delay: Duration,
    /// The ledger has more than the window, in every n-th lane; 0 for none.
    pub(super) more_every: usize,
    /// Of each tenant.
    pub(super) weight: i32,
    /// Layouts of different parts share no tenant, host or task.
    pub(super) part: i64,
    /// Microseconds.
    pub(super) now: i64,
}

impl Layout {
    /// One lane per host.
    pub(super) fn of(lanes: usize, tenants: usize, per_lane: usize) -> Self {
        let delay = Duration::ZERO;
        Self {
            lanes,
            hosts: lanes,
            tenants,
            per_lane,
            delay,
            more_every: 0,
            weight: 1,
            part: 0,
            now: now_us(),
        }
    }

    pub(super) fn tasks(&self) -> usize {
        self.lanes * self.per_lane
    }

    pub(super) fn lane(&self, index: usize) -> Lane {
        let (host, round) = (index % self.hosts, index / self.hosts);
        Lane {
            tenant: TenantId(FIRST_TENANT + PART * self.part + number((host + round) % self.tenants)),
            host: HostId(FIRST_HOST + PART * self.part + number(host)),
        }
    }

    /// URLs are found in turns over all lanes, so their ranks are mixed.
    fn tasks_of(&self, index: usize) -> Vec<(TaskId, i64)> {
        let first_rank = self.now - 3_600_000_000;
        (0..self.per_lane)
            .map(|place| number(place * self.lanes + index))
            .map(|found| (TaskId(FIRST_TASK + 1_000 * PART * self.part + found), first_rank + found))
            .collect()
    }

    pub(super) fn feed(&self, index: usize) -> LaneFeed {
        LaneFeed {
            lane: self.lane(index),
            weight: self.weight,
            cap: CAP,
            parked: false,
            terms: Some(HostTerms {
                delay: self.delay,
                max_concurrency: if (index % self.hosts).is_multiple_of(WIDE_EVERY) { 2 } else { 1 },
            }),
            pause: Duration::ZERO,
            left_out: None,
            complete: self.more_every == 0 || !index.is_multiple_of(self.more_every),
            tasks: self.tasks_of(index),
            suspects: Vec::new(),
        }
    }

    /// Feeds every lane. Returns the tasks that were added.
    pub(super) async fn fill(self, windows: &[Window]) -> Result<usize, QueueError> {
        fill(windows, self.lanes, move |index| self.feed(index)).await
    }
}

/// Feeds `lanes` lanes over all connections.
pub(super) async fn fill(
    windows: &[Window],
    lanes: usize,
    feed: impl Fn(usize) -> LaneFeed + Clone + Send + 'static,
) -> Result<usize, QueueError> {
    let mut feeders = JoinSet::new();
    for (feeder, window) in windows.iter().cycle().take(FEEDERS).cloned().enumerate() {
        let feed = feed.clone();
        feeders.spawn(async move {
            let mut added = 0;
            for index in (feeder..lanes).step_by(FEEDERS) {
                added += window.feed(&feed(index)).await?.added;
            }
            Ok::<_, QueueError>(usize::try_from(added).unwrap_or(0))
        });
    }
    let mut added = 0;
    for filled in feeders.join_all().await {
        added += filled?;
    }
    Ok(added)
}

/// This machine's clock, which is Redis' too.
pub(super) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn lanes_beyond_the_hosts_share_them_with_other_tenants() {
        let layout = Layout { lanes: 110, ..Layout::of(100, 7, 3) };
        let lanes: HashSet<_> = (0..110).map(|index| layout.lane(index)).collect();
        assert_eq!(lanes.len(), 110);
        assert_eq!(layout.lane(100).host, layout.lane(0).host);
        assert_ne!(layout.lane(100).tenant, layout.lane(0).tenant);
    }

    #[test]
    fn every_task_is_in_one_lane_and_due() {
        let layout = Layout::of(10, 2, 4);
        let tasks: Vec<_> = (0..10).flat_map(|index| layout.feed(index).tasks).collect();
        let different: HashSet<_> = tasks.iter().map(|(task, _)| *task).collect();
        assert_eq!((tasks.len(), different.len()), (40, 40));
        assert!(tasks.iter().all(|(_, rank)| *rank < layout.now));
        assert!((0..10).all(|index| layout.feed(index).tasks.is_sorted_by_key(|(_, rank)| *rank)));
    }
}

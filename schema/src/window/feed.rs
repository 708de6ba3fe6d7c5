//! Topping lanes up from the ledger.

use std::time::Duration;

use rad_core::ids::{HostId, TaskId, TenantId};
use redis::AsyncCommands;

use super::{HostTerms, Lane, WINDOW, Window, WindowError, number, words};
use crate::db::millis;

/// Hosts told in one call: some milliseconds of the server.
const RESTS_A_CALL: usize = 1_000;

/// What the ledger says of one lane.
#[derive(Clone, Debug)]
pub struct LaneFeed {
    /// The lane.
    pub lane: Lane,
    /// The tenant's share relative to others.
    pub weight: i32,
    /// Tasks of the tenant at once, or [`LaneFeed::CAP_AS_IT_STANDS`].
    pub cap: i32,
    /// The tenant has used up its month: the lane stays out of the window.
    pub parked: bool,
    /// What the host allows; none while its robots are unknown.
    pub terms: Option<HostTerms>,
    /// The host may not be contacted before this has passed.
    pub pause: Duration,
    /// [`Window::left_out`] of the lane, read before the ledger was.
    pub left_out: Option<i64>,
    /// The ledger has no more open rows than these.
    pub complete: bool,
    /// Tasks and ranks (microseconds) in dispatch order.
    pub tasks: Vec<(TaskId, i64)>,
    /// Those among the tasks that are claimed alone, because workers died with them in hand.
    pub suspects: Vec<TaskId>,
}

impl LaneFeed {
    /// For queues whose tenants have shares of their own, see [`Window::shares`]: nothing runs before one is set.
    pub const CAP_AS_IT_STANDS: i32 = 0;
}

/// The effect of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Tasks that were neither in the lane nor leased.
    pub added: i64,
    /// The lane held nothing before.
    pub was_empty: bool,
}

impl Window {
    /// Lanes that asked for a refill, longest wait first.
    pub async fn refills(&self, most: isize) -> Result<Vec<Lane>, WindowError> {
        let names: Vec<String> = self
            .connection
            .clone()
            .zrange(self.keys.refill(self.generation), 0, most - 1)
            .await
            .map_err(|source| WindowError::Redis { script: "refills", source })?;
        names
            .iter()
            .map(|name| {
                let parsed = name.split_once(':').and_then(|(tenant, host)| {
                    Some(Lane { tenant: TenantId(tenant.parse().ok()?), host: HostId(host.parse().ok()?) })
                });
                parsed.ok_or_else(|| WindowError::Answer { script: "refills", answer: name.clone() })
            })
            .collect()
    }

    /// Per lane, a number that changes whenever a task is left to the ledger because the window is full; none
    /// while the window has all. To be read before the ledger: a change in between means that the ledger has
    /// rows which the read did not see.
    pub async fn left_out(&self, lanes: &[Lane]) -> Result<Vec<Option<i64>>, WindowError> {
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<_> = lanes.iter().map(|lane| format!("{}:{}", lane.tenant, lane.host)).collect();
        redis::cmd("HMGET")
            .arg(self.keys.more(self.generation))
            .arg(names)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(|source| WindowError::Redis { script: "left_out", source })
    }

    /// Loads a lane. What is there already, or leased, is passed over.
    pub async fn feed(&self, feed: &LaneFeed) -> Result<Fed, WindowError> {
        let answer = self
            .call(
                "feed",
                |scripts| &scripts.feed,
                |call| {
                    call.arg(feed.lane.tenant.0).arg(feed.lane.host.0).arg(feed.weight);
                    match feed.cap {
                        LaneFeed::CAP_AS_IT_STANDS => call.arg("-"),
                        cap => call.arg(cap),
                    };
                    call.arg(i32::from(feed.parked));
                    match feed.terms {
                        Some(terms) => call.arg(millis(terms.delay)).arg(terms.max_concurrency),
                        None => call.arg(-1).arg(0),
                    };
                    call.arg(millis(feed.pause));
                    match feed.left_out {
                        Some(count) => call.arg(count),
                        None => call.arg("-"),
                    };
                    call.arg(i32::from(feed.complete));
                    call.arg(feed.suspects.len());
                    for task in &feed.suspects {
                        call.arg(task.0);
                    }
                    for (task, rank) in feed.tasks.iter().take(4 * WINDOW) {
                        call.arg(task.0).arg(*rank);
                    }
                },
            )
            .await?;
        let mut words = words("feed", &answer)?;
        let added = number("feed", &answer, &mut words)?;
        Ok(Fed { added, was_empty: number("feed", &answer, &mut words)? == 1 })
    }

    /// Makes hosts rest that workers of an older generation may be in contact with; then pushes come in. To be called
    /// before anything is fed into a window that was opened by [`super::Dispatch::open_resting`].
    pub async fn rest(&self, hosts: &[(HostId, Duration)]) -> Result<(), WindowError> {
        let mut rest = hosts;
        loop {
            let (part, left) = rest.split_at(rest.len().min(RESTS_A_CALL));
            let answer = self
                .call(
                    "rest",
                    |scripts| &scripts.rest,
                    |call| {
                        call.arg(i32::from(left.is_empty()));
                        for (host, pause) in part {
                            call.arg(host.0).arg(millis(*pause));
                        }
                    },
                )
                .await?;
            words("rest", &answer)?;
            if left.is_empty() {
                return Ok(());
            }
            rest = left;
        }
    }

    /// Stops serving a tenant that has used up its month.
    pub async fn park(&self, tenant: TenantId) -> Result<(), WindowError> {
        loop {
            let answer = self
                .call(
                    "park",
                    |scripts| &scripts.park,
                    |call| {
                        call.arg(tenant.0).arg(500);
                    },
                )
                .await?;
            if number("park", &answer, &mut words("park", &answer)?)? == 0 {
                return Ok(());
            }
        }
    }
}

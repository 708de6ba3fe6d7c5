//! What was in work when a window was lost, as far as the ledger shows it: until its leases have passed it may go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rad_core::ids::{HostId, TenantId};
use rad_schema::window::Lane;

/// Tasks of the windows before, counted while the lanes are read for the new one. Clones share the counts.
#[derive(Clone, Default)]
pub(crate) struct OldWork {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Default)]
struct Counts {
    lanes: BTreeMap<Lane, i64>,
    /// All lanes of tenants below have been read; none when all have.
    below: Option<TenantId>,
    all: bool,
}

impl OldWork {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Every change leaves the counts valid.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reading of a lane showed so many.
    pub(crate) fn saw(&self, lane: Lane, tasks: usize) {
        if tasks > 0 {
            let tasks = i64::try_from(tasks).unwrap_or(i64::MAX);
            // Claimed again they are no longer counted, and yet the first who had them may still be at it.
            let mut counts = self.counts();
            let known = counts.lanes.entry(lane).or_default();
            *known = tasks.max(*known);
        }
    }

    /// All lanes of the tenants before this one have been read.
    pub(crate) fn reached(&self, tenant: TenantId) {
        let mut counts = self.counts();
        counts.below = counts.below.max(Some(tenant));
    }

    /// All lanes have been read.
    pub(crate) fn finish(&self) {
        self.counts().all = true;
    }

    /// Whether all lanes of the tenant have been read.
    pub(crate) fn is_counted(&self, tenant: TenantId) -> bool {
        let counts = self.counts();
        counts.all || counts.below.is_some_and(|below| tenant < below)
    }

    /// Tasks of the tenant that may still be in work.
    pub(crate) fn of(&self, tenant: TenantId) -> i64 {
        let lane = |host| Lane { tenant, host };
        let counts = self.counts();
        counts.lanes.range(lane(HostId(i64::MIN))..=lane(HostId(i64::MAX))).map(|(_, tasks)| tasks).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_counted_when_its_lanes_have_been_read() {
        let (work, lane) =
            (OldWork::default(), |tenant, host| Lane { tenant: TenantId(tenant), host: HostId(host) });
        work.saw(lane(2, 1), 3);
        work.saw(lane(2, 9), 4);
        work.saw(lane(2, 9), 1);
        work.saw(lane(3, 1), 5);
        assert_eq!((work.of(TenantId(2)), work.of(TenantId(4))), (7, 0));
        assert!(!work.is_counted(TenantId(1)));
        work.reached(TenantId(3));
        assert!(work.is_counted(TenantId(2)) && !work.is_counted(TenantId(3)));
        work.reached(TenantId(2));
        assert!(work.is_counted(TenantId(2)));
        work.finish();
        assert!(work.is_counted(TenantId(9)));
    }
}

//! Tells the leader which tenants to look at: those whose cap is another than before, or that it has not seen.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rad_core::ids::TenantId;
use tokio::sync::Notify;

/// Caps that feeds have read. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Caps {
    known: Arc<Mutex<HashMap<TenantId, Cap>>>,
    bell: Arc<Notify>,
}

struct Cap {
    at_once: i32,
    told: bool,
}

impl Caps {
    fn known(&self) -> MutexGuard<'_, HashMap<TenantId, Cap>> {
        // Every change leaves the map valid.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feed has read that the tenant may have so many tasks at once.
    pub(crate) fn saw(&self, tenant: TenantId, at_once: i32) {
        let changed = match self.known().entry(tenant) {
            Entry::Occupied(known) if known.get().at_once == at_once => false,
            entry => {
                entry.insert_entry(Cap { at_once, told: false });
                true
            }
        };
        if changed {
            self.bell.notify_one();
        }
    }

    /// All tenants are to be looked at when they are seen again: a window is new, or the leader.
    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    /// Tenants to look at.
    pub(crate) fn take_changed(&self) -> Vec<TenantId> {
        let mut known = self.known();
        let untold = known.iter_mut().filter(|(_, cap)| !cap.told);
        untold
            .map(|(tenant, cap)| {
                cap.told = true;
                *tenant
            })
            .collect()
    }

    /// Waits for a tenant to look at.
    pub(crate) async fn changed(&self) {
        self.bell.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_is_told_once_for_each_cap() {
        let (caps, one, other) = (Caps::default(), TenantId(1), TenantId(2));
        caps.saw(one, 5);
        caps.changed().await;
        caps.saw(one, 5);
        assert_eq!(caps.take_changed(), [one]);
        caps.saw(one, 5);
        assert_eq!(caps.take_changed(), []);
        caps.saw(one, 4);
        caps.saw(other, 4);
        let mut changed = caps.take_changed();
        changed.sort_unstable();
        assert_eq!(changed, [one, other]);
        caps.forget();
        caps.saw(one, 4);
        assert_eq!(caps.take_changed(), [one]);
    }
}

//! Holds requests back until a test lets them go.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

/// The holds in force on a server.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    holds: Arc<RwLock<Vec<Arc<Hold>>>>,
}

struct Hold {
    prefix: String,
    waiting: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

/// Holds every request to a path that starts with a prefix, until it is released or dropped.
#[must_use = "the requests are let go when the guard is dropped"]
pub struct HoldGuard {
    gate: Gate,
    hold: Arc<Hold>,
}

impl HoldGuard {
    /// Waits until `count` requests wait at this hold at the same time.
    pub async fn wait_held(&self, count: usize) {
        let mut waiting = self.hold.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting >= count).await.expect("the sender lives in self");
    }

    /// Lets the waiting requests go; later ones don't wait.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for HoldGuard {
    fn drop(&mut self) {
        let others = |hold: &Arc<Hold>| !Arc::ptr_eq(hold, &self.hold);
        self.gate.write(|holds| holds.retain(others));
        self.hold.released.send_replace(true);
    }
}

/// A request that waits; leaves the count with its drop, also if the client hangs up.
struct Waiting<'a>(&'a Hold);

impl<'a> Waiting<'a> {
    fn at(hold: &'a Hold) -> Self {
        hold.waiting.send_modify(|waiting| *waiting += 1);
        Self(hold)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

impl Gate {
    pub(crate) fn hold(&self, prefix: &str) -> HoldGuard {
        let hold = Arc::new(Hold {
            prefix: prefix.to_owned(),
            waiting: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        self.write(|holds| holds.push(Arc::clone(&hold)));
        HoldGuard { gate: self.clone(), hold }
    }

    /// Waits until no hold keeps `path`.
    pub(crate) async fn pass(&self, path: &str) {
        while let Some(hold) = self.keeps(path) {
            let mut released = hold.released.subscribe();
            let _waiting = Waiting::at(&hold);
            released.wait_for(|released| *released).await.expect("the sender lives in the hold");
        }
    }

    /// Releases every hold. Their guards have nothing left to do.
    pub(crate) fn open(&self) {
        self.write(|holds| {
            for hold in holds.drain(..) {
                hold.released.send_replace(true);
            }
        });
    }

    fn keeps(&self, path: &str) -> Option<Arc<Hold>> {
        let holds = self.holds.read().unwrap_or_else(PoisonError::into_inner);
        holds.iter().find(|hold| path.starts_with(&hold.prefix)).cloned()
    }

    fn write(&self, change: impl FnOnce(&mut Vec<Arc<Hold>>)) {
        change(&mut self.holds.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_matching_paths_wait_and_only_until_the_release() {
        let gate = Gate::default();
        let guard = gate.hold("/slow");
        gate.pass("/fast").await;
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/slow/1").await }
        });
        guard.wait_held(1).await;
        assert!(!waiting.is_finished());
        guard.release();
        waiting.await.unwrap();
        gate.pass("/slow/2").await;
    }

    #[tokio::test]
    async fn a_request_under_two_holds_waits_for_both() {
        let gate = Gate::default();
        let (outer, inner) = (gate.hold("/"), gate.hold("/a"));
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/a").await }
        });
        outer.wait_held(1).await;
        outer.release();
        inner.wait_held(1).await;
        assert!(!waiting.is_finished());
        inner.release();
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_no_longer_waits() {
        let gate = Gate::default();
        let guard = gate.hold("/");
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/a").await }
        });
        guard.wait_held(1).await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(*guard.hold.waiting.borrow(), 0);
    }
}

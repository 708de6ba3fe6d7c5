//! Holds requests back until a test lets them go.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Longest wait for requests: a busy machine needs some seconds, and a crawl that ended earlier sends none.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The holds in force on a server.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    holds: Arc<RwLock<Vec<Arc<Hold>>>>,
}

struct Hold {
    prefix: String,
    /// Requests with numbers up to this pass.
    after: u64,
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
    /// Waits until `count` requests wait at this hold at the same time. Panics when that takes longer than
    /// two minutes.
    pub async fn wait_held(&self, count: usize) {
        self.held_within(count, PATIENCE).await;
    }

    /// Requests that wait at this hold now.
    pub fn held(&self) -> usize {
        *self.hold.waiting.borrow()
    }

    async fn held_within(&self, count: usize, within: Duration) {
        let mut waiting = self.hold.waiting.subscribe();
        let Ok(held) = timeout(within, waiting.wait_for(|waiting| *waiting >= count)).await else {
            let (held, prefix) = (*self.hold.waiting.borrow(), &self.hold.prefix);
            panic!("only {held} of {count} requests to {prefix} are held after {within:?}");
        };
        held.expect("the sender lives in self");
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
    pub(crate) fn hold(&self, prefix: &str, after: u64) -> HoldGuard {
        let hold = Arc::new(Hold {
            prefix: prefix.to_owned(),
            after,
            waiting: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        self.write(|holds| holds.push(Arc::clone(&hold)));
        HoldGuard { gate: self.clone(), hold }
    }

    /// Waits until no hold keeps the request `number`, to `path`.
    pub(crate) async fn pass(&self, path: &str, number: u64) {
        while let Some(hold) = self.keeps(path, number) {
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

    fn keeps(&self, path: &str, number: u64) -> Option<Arc<Hold>> {
        let holds = self.holds.read().unwrap_or_else(PoisonError::into_inner);
        holds.iter().find(|hold| number > hold.after && path.starts_with(&hold.prefix)).cloned()
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
        let guard = gate.hold("/slow", 0);
        gate.pass("/fast", 1).await;
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/slow/1", 1).await }
        });
        guard.wait_held(1).await;
        assert!(!waiting.is_finished());
        guard.release();
        waiting.await.unwrap();
        gate.pass("/slow/2", 1).await;
    }

    #[tokio::test]
    async fn a_request_under_two_holds_waits_for_both() {
        let gate = Gate::default();
        let (outer, inner) = (gate.hold("/", 0), gate.hold("/a", 0));
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/a", 1).await }
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
        let guard = gate.hold("/", 0);
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/a", 1).await }
        });
        guard.wait_held(1).await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(*guard.hold.waiting.borrow(), 0);
    }

    #[tokio::test]
    async fn the_first_requests_pass_a_hold_that_begins_later() {
        let gate = Gate::default();
        let guard = gate.hold("/", 2);
        gate.pass("/a", 2).await;
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass("/b", 3).await }
        });
        guard.wait_held(1).await;
        guard.release();
        waiting.await.unwrap();
    }

    #[tokio::test]
    #[should_panic(expected = "only 0 of 1 requests to /a are held")]
    async fn requests_that_never_come_are_not_waited_for_without_end() {
        Gate::default().hold("/a", 0).held_within(1, Duration::from_millis(1)).await;
    }
}

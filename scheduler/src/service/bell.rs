//! Wakes those who wait for a task, without anybody asking in a loop.
//!
//! The window puts a token into a list when something can be claimed. One connection of the process takes it, while
//! anybody here waits, and wakes all of them: each looks for itself. Another process may get the token, so whoever
//! waits looks again after a moment too.

use std::sync::Arc;
use std::time::Duration;

use rad_schema::window::{Dispatch, Waiter};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Longest time that one connection blocks, and from a lost connection to the next.
const LISTENS: Duration = Duration::from_secs(5);
const RESTS: Duration = Duration::from_millis(250);
/// A token that another process took costs at most this.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);

/// Where one waits for work of a queue.
#[derive(Clone)]
pub(crate) struct Bell {
    rings: watch::Sender<()>,
    wanted: Arc<Notify>,
    stop: CancellationToken,
}

/// Somebody who waits. Rings from its making on are heard.
pub(crate) struct Listener {
    rings: watch::Receiver<()>,
    stop: CancellationToken,
}

impl Bell {
    /// A bell that rings for the queue of `dispatch` until `stop`.
    pub(crate) fn hang(dispatch: Dispatch, stop: CancellationToken) -> Self {
        let (rings, _) = watch::channel(());
        let bell = Self { rings, wanted: Arc::default(), stop };
        tokio::spawn(ring(bell.clone(), dispatch));
        bell
    }

    /// The process is ending: it pays no more to wait here.
    pub(crate) fn is_silent(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub(crate) fn listen(&self) -> Listener {
        let listener = Listener { rings: self.rings.subscribe(), stop: self.stop.clone() };
        self.wanted.notify_one();
        listener
    }
}

impl Listener {
    /// Waits for a ring, for the end of the process, or until it is worth looking without one.
    pub(crate) async fn heard(&mut self, at_most: Duration) {
        tokio::select! {
            _ = self.rings.changed() => {}
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(at_most.min(LOOKS_AGAIN)) => {}
        }
    }
}

async fn ring(bell: Bell, dispatch: Dispatch) {
    let mut waiter = None;
    loop {
        let waits = bell.rings.receiver_count() > 0;
        tokio::select! {
            () = bell.stop.cancelled() => return,
            () = bell.wanted.notified(), if !waits => {}
            still = token(&bell, &dispatch, waiter.take()), if waits => waiter = still,
        }
    }
}

/// Waits for a token; gives the connection back while it is good.
async fn token(bell: &Bell, dispatch: &Dispatch, waiter: Option<Waiter>) -> Option<Waiter> {
    let waiter = match waiter {
        Some(waiter) => Ok(waiter),
        None => dispatch.waiter().await,
    };
    if let Ok(mut waiter) = waiter
        && let Ok(rang) = waiter.for_work(LISTENS).await
    {
        if rang {
            bell.rings.send_replace(());
        }
        return Some(waiter);
    }
    tokio::time::sleep(RESTS).await;
    None
}

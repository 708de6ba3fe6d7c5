//! A worker's places in the shards. One may be lost and taken again while the work of the others goes on.
//!
//! Leases, locks and host clocks of a page all lie in its host's shard, so what becomes of a shard concerns its own pages
//! only. The session ends when the last seat is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rad_core::ids::HostId;
use rad_schema::keys::shard_of;
use rad_schema::layout::ShardPlace;
use rad_schema::window::{Dispatch, Window};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A time in a shard, from joining its window until its leases there are lost.
pub(crate) struct Life {
    pub(crate) window: Window,
    /// The leases are lost, or the session is over: give up what is in hand of this shard.
    pub(crate) lost: CancellationToken,
    /// The leases are lost. Until then they are kept alive, also while the session ends.
    over: CancellationToken,
}

/// A place in one shard.
pub(crate) struct Seat {
    pub(crate) dispatch: Dispatch,
    state: Mutex<State>,
    /// Told when a claim has failed: the next heartbeat should not wait.
    pub(crate) doubted: Notify,
}

#[derive(Default)]
struct State {
    life: Option<Arc<Life>>,
    /// A claim has failed, and no heartbeat has gone well since.
    doubtful: bool,
}

/// The places in all shards, in their order.
pub(crate) struct Seats {
    all: Vec<Seat>,
}

impl Life {
    /// A life that begins, in a session with this abort.
    pub(crate) fn new(window: Window, abort: &CancellationToken) -> Arc<Self> {
        Arc::new(Self { window, lost: abort.child_token(), over: CancellationToken::new() })
    }

    /// The leases are no longer ours.
    pub(crate) fn lose(&self) {
        self.over.cancel();
        self.lost.cancel();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Waits until the leases are lost.
    pub(crate) async fn ends(&self) {
        self.over.cancelled().await;
    }

    /// The number of its shard.
    pub(crate) fn shard(&self) -> usize {
        self.window.place().index as usize
    }
}

impl Seat {
    pub(crate) fn new(dispatch: Dispatch) -> Self {
        Self { dispatch, state: Mutex::default(), doubted: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Both fields are valid in any combination.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        self.state().life.clone()
    }

    /// The life, unless a claim would likely hang.
    pub(crate) fn fit_life(&self) -> Option<Arc<Life>> {
        let state = self.state();
        state.life.clone().filter(|life| !state.doubtful && !life.lost.is_cancelled())
    }

    pub(crate) fn take(&self, life: Arc<Life>) {
        *self.state() = State { life: Some(life), doubtful: false };
    }

    pub(crate) fn leave(&self) {
        self.state().life = None;
    }

    pub(crate) fn doubt(&self) {
        self.state().doubtful = true;
        self.doubted.notify_one();
    }

    pub(crate) fn is_doubtful(&self) -> bool {
        self.state().doubtful
    }

    /// A heartbeat went well; true when that was in doubt.
    pub(crate) fn trust(&self) -> bool {
        std::mem::take(&mut self.state().doubtful)
    }
}

impl Seats {
    pub(crate) fn new(all: Vec<Seat>) -> Self {
        Self { all }
    }

    pub(crate) fn all(&self) -> &[Seat] {
        &self.all
    }

    /// The lives in all shards that are joined now.
    pub(crate) fn lives(&self) -> Vec<Arc<Life>> {
        self.all.iter().filter_map(Seat::life).collect()
    }

    /// The life in the shard of a host.
    pub(crate) fn of_host(&self, host: HostId) -> Option<Arc<Life>> {
        let count = u32::try_from(self.all.len()).expect("at most 128 shards");
        self.all.get(shard_of(host, count) as usize)?.life()
    }

    /// Whether the shards are these.
    pub(crate) fn are(&self, places: &[ShardPlace]) -> bool {
        self.all.iter().map(|seat| seat.dispatch.place()).eq(places)
    }
}

//! Tops lanes up before they run dry: woken by the scripts that see low water, not by polling.

use std::time::Duration;

use rad_core::errors::chain;
use rad_schema::db::Db;
use rad_schema::window::{Dispatch, Waiter};
use tokio_util::sync::CancellationToken;

use super::{Current, next, timed};
use crate::feed::{FeedError, OpenWindow, feed_lanes};

/// A lost signal costs at most this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
const LANES_A_STEP: isize = 256;

pub(super) async fn run(db: Db, dispatch: Dispatch, current: Current, stop: CancellationToken) {
    let mut waiter = None;
    while !stop.is_cancelled() {
        let open = current.borrow().clone();
        if let Some(open) = open {
            match timed("feed", dispatch.queue().name(), drain(&db, &open)).await {
                Ok(()) => {}
                Err(error) if error.is_stale() => {}
                Err(error) => {
                    tracing::warn!(error = chain(&error), "lanes not fed");
                    next(&stop, LONGEST_WAIT).await;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            still = wait(&dispatch, waiter.take()) => waiter = still,
        }
    }
}

/// Feeds lanes until none asks.
async fn drain(db: &Db, open: &OpenWindow) -> Result<(), FeedError> {
    loop {
        let lanes = open.window.refills(LANES_A_STEP).await?;
        if lanes.is_empty() {
            return Ok(());
        }
        feed_lanes(db, open, &lanes).await?;
    }
}

/// Waits for a signal; gives the connection back while it works.
async fn wait(dispatch: &Dispatch, waiter: Option<Waiter>) -> Option<Waiter> {
    let waiter = match waiter {
        Some(waiter) => Ok(waiter),
        None => dispatch.waiter().await,
    };
    if let Ok(mut waiter) = waiter
        && waiter.for_refill(LONGEST_WAIT).await.is_ok()
    {
        return Some(waiter);
    }
    tokio::time::sleep(LONGEST_WAIT / 4).await;
    None
}

//! Background work of the leader: each task is an idempotent activation with a period, in a file of its own.

mod feeder;
mod finish;
mod generation;
mod leader;
mod reap;
mod reconcile;
mod trim;

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::feed::OpenWindow;

pub(crate) use leader::lead;

/// The current window, told by the generation task; none while it is being opened.
type Current = watch::Receiver<Option<OpenWindow>>;

/// Waits for the next activation; false when the task must stop.
async fn next(stop: &CancellationToken, period: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(period) => true,
    }
}

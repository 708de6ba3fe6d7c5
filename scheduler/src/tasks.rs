//! Background work of the leader: each task is an idempotent activation with a period, in a file of its own.

mod feeder;
mod finish;
mod gauges;
mod generation;
mod judge;
mod lapse;
mod leader;
mod reap;
mod reconcile;
mod retire;
mod shares;
mod skew;
mod trim;
mod walk;

use std::time::{Duration, Instant};

use metrics::histogram;
use rad_core::metrics::control::TICK_DURATION;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::feed::OpenWindow;

pub(crate) use leader::{LEADERSHIP, Realm, lead};

/// The current window, told by the generation task; none while it is being opened.
type Current = watch::Receiver<Option<OpenWindow>>;

/// Waits for the next activation; false when the task must stop.
async fn next(stop: &CancellationToken, period: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(period) => true,
    }
}

/// One activation of a task for a queue, measured.
async fn timed<T>(task: &'static str, queue: &'static str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    histogram!(TICK_DURATION, "task" => task, "queue" => queue).record(begun.elapsed());
    done
}

/// A count as the value of a gauge.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, exact up to 2^53")]
fn as_gauge(count: i64) -> f64 {
    count as f64
}

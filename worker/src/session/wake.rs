//! Waits for work without polling: one blocking read for each shard, and only while slots are free.

use std::sync::Arc;
use std::time::Duration;

use rad_core::errors::chain;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Session;

/// A lost signal costs at most this; it is also how long a read stays open after it is no longer needed.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Reads signals of a shard whenever `idle` asks for one, and passes them on to the claims.
pub(super) async fn listen(session: Arc<Session>, shard: usize, idle: Arc<Notify>, stop: CancellationToken) {
    let dispatch = &session.seats.all()[shard].dispatch;
    let mut waiter = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = idle.notified() => {}
        }
        let reading = async {
            if waiter.is_none() {
                waiter = dispatch.waiter().await.ok();
            }
            match &mut waiter {
                Some(connected) => connected.for_work(LONGEST_WAIT).await.ok(),
                None => None,
            }
        };
        let signal = tokio::select! {
            () = stop.cancelled() => return,
            signal = reading => signal,
        };
        match signal {
            Some(true) if session.slots.available_permits() > 0 => session.kick.notify_one(),
            // The slots have filled up since: the signal is for another worker.
            Some(true) => {
                if let Err(error) = dispatch.wake().await {
                    tracing::debug!(error = chain(&error), "signal not passed on");
                }
            }
            Some(false) => {}
            None => {
                waiter = None;
                tokio::time::sleep(LONGEST_WAIT / 20).await;
            }
        }
    }
}

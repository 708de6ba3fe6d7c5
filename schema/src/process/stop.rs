//! The end of a process: what it waits for, and for how long.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::db::Db;

/// Connections that a statement still uses are not waited for any longer.
const CLOSES: Duration = Duration::from_secs(2);

/// Returns when `time` has passed since `shutdown`.
pub async fn after(shutdown: &CancellationToken, time: Duration) {
    shutdown.cancelled().await;
    sleep(time).await;
}

/// Closes the connections to Postgres, as the last thing that a process does with its stores.
pub async fn close(db: &Db) {
    if timeout(CLOSES, db.close()).await.is_err() {
        tracing::debug!("connections to Postgres were still in use");
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn time_counts_from_the_signal_and_not_before_it() {
        let shutdown = CancellationToken::new();
        let mut waiting = pin!(after(&shutdown, Duration::ZERO));
        let waits = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await;
        assert!(waits, "nobody has asked it to stop");
        shutdown.cancel();
        waiting.await;
    }
}

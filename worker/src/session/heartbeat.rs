//! Keeps the incarnation alive, and aborts its work before anybody may believe it dead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_schema::window::WindowError;
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::engine::meters;

/// Part of the lease that is left for aborting: fetches end at once, a commit in flight is fenced.
const MARGIN: f64 = 0.2;

/// Beats until the session is over.
pub(super) async fn beat(session: Arc<Session>, shutdown: CancellationToken) {
    let ttl = session.terms.ttl;
    let period = ttl / 3;
    let last_good = ttl.mul_f64(1.0 - MARGIN);
    let mut renewed = Instant::now();
    loop {
        // A deadline rather than a pause: a beat that hangs must not keep the next decision waiting.
        let deadline = (renewed + last_good).saturating_duration_since(Instant::now());
        tokio::time::sleep(period.min(deadline)).await;
        // Measured from before the call: Redis counts from some moment after it.
        let sent = Instant::now();
        let left = (renewed + last_good).saturating_duration_since(sent);
        match tokio::time::timeout(left.max(Duration::from_millis(1)), beat_once(&session)).await {
            Ok(Ok(())) => {
                renewed = sent;
                meters::alive();
            }
            Ok(Err(WindowError::Stale | WindowError::Gone)) => return lose(&session, "the lease is gone"),
            Ok(Err(error)) => tracing::warn!(error = chain(&error), "heartbeat failed"),
            Err(_) => tracing::warn!("heartbeat not answered"),
        }
        if renewed.elapsed() >= last_good {
            return lose(&session, "Redis can't be reached");
        }
        report(&session, &shutdown).await;
    }
}

async fn beat_once(session: &Session) -> Result<(), WindowError> {
    session.window.renew(session.worker, session.terms).await
}

fn lose(session: &Session, why: &str) {
    tracing::warn!(incarnation = session.worker.0, why, "leases lost, giving up what is in hand");
    session.abort.cancel();
}

/// For people who ask Postgres. Bounded: a slow Postgres must not cost the lease.
async fn report(session: &Session, shutdown: &CancellationToken) {
    let (busy, job) = session.hand.summary();
    let state = if shutdown.is_cancelled() { "draining" } else { "alive" };
    let report = session.engine.db.report_worker(session.worker, state, busy, job);
    if tokio::time::timeout(session.terms.ttl / 6, report).await.is_err() {
        tracing::debug!("state not reported to Postgres in time");
    }
}

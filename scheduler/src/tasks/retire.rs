//! Closes the windows of an earlier division into shards, and removes what they leave in Redis.

use std::time::Duration;

use rad_core::errors::chain;
use rad_schema::db::Db;
use rad_schema::layout::PlacedShard;
use rad_schema::queue::Queue;
use rad_schema::window::{Shards, WindowError};
use tokio_util::sync::CancellationToken;

use super::next;

/// Between two steps of the sweep, and two tries.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for servers before the new windows are opened. What is claimed from an old window meanwhile is found in
/// the ledger like all that was in work, and its workers give up when they hear of it.
const FIRST: Duration = Duration::from_secs(1);

/// Closes all at once, as far as they answer in time.
pub(super) async fn close(shards: &Shards, gone: &[PlacedShard]) {
    let all = async {
        for placed in gone {
            if let Err(error) = shards.at(Queue::Crawl, &placed.place).close(placed.shard.generation).await {
                tracing::debug!(error = chain(&error), "window of an earlier division not closed yet");
            }
        }
    };
    if tokio::time::timeout(FIRST, all).await.is_err() {
        tracing::debug!("windows of an earlier division not closed yet: no answer");
    }
}

/// Removes one after the other until none is left or `stop`.
pub(super) async fn run(db: Db, shards: Shards, gone: Vec<PlacedShard>, stop: CancellationToken) {
    for placed in gone {
        loop {
            match remove(&db, &shards, &placed, &stop).await {
                Ok(()) => break,
                Err(error) => tracing::debug!(error, "shard of an earlier division not removed yet"),
            }
            if !next(&stop, PAUSE).await {
                return;
            }
        }
    }
    // The leader's tasks end together.
    stop.cancelled().await;
}

async fn remove(
    db: &Db,
    shards: &Shards,
    gone: &PlacedShard,
    stop: &CancellationToken,
) -> Result<(), String> {
    let dispatch = shards.at(Queue::Crawl, &gone.place);
    let failed = |error: WindowError| chain(&error);
    dispatch.close(gone.shard.generation).await.map_err(failed)?;
    let mut cursor = 0;
    loop {
        cursor = dispatch.sweep(gone.shard.generation + 1, cursor).await.map_err(failed)?;
        if cursor == 0 {
            break;
        }
        if !next(stop, PAUSE).await {
            return Ok(());
        }
    }
    db.forget_shard(Queue::Crawl, gone).await.map_err(|error| chain(&error))?;
    tracing::info!(place = ?gone.place, "shard of an earlier division removed");
    Ok(())
}

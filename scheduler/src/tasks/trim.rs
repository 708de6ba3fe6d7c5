//! Removes outbox rows that nobody fetched for a week.

use std::time::Duration;

use metrics::counter;
use rad_core::errors::chain;
use rad_core::metrics::CRAWL_QUEUE;
use rad_core::metrics::control::RETENTION_DELETED;
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

use super::{next, timed};

const PERIOD: Duration = Duration::from_mins(1);
const ROWS_A_STEP: i32 = 5_000;

pub(super) async fn run(db: Db, stop: CancellationToken) {
    while next(&stop, PERIOD).await {
        let mut removed = i64::from(ROWS_A_STEP);
        while removed == i64::from(ROWS_A_STEP) && !stop.is_cancelled() {
            removed = timed("trim", CRAWL_QUEUE, trim(&db)).await;
        }
    }
}

/// One step; nothing when it failed.
async fn trim(db: &Db) -> i64 {
    match db.trim_outbox(ROWS_A_STEP).await {
        Ok(removed) => {
            counter!(RETENTION_DELETED, "table" => "outbox").increment(removed.unsigned_abs());
            removed
        }
        Err(error) => {
            tracing::warn!(error = chain(&error), "outbox not trimmed");
            0
        }
    }
}

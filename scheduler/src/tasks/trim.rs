//! Removes outbox rows that nobody fetched for a week.

use std::time::Duration;

use rad_core::errors::chain;
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

use super::next;

const PERIOD: Duration = Duration::from_mins(1);
const ROWS_A_STEP: i32 = 5_000;

pub(super) async fn run(db: Db, stop: CancellationToken) {
    while next(&stop, PERIOD).await {
        let mut removed = i64::from(ROWS_A_STEP);
        while removed == i64::from(ROWS_A_STEP) && !stop.is_cancelled() {
            removed = trim(&db).await;
        }
    }
}

/// One step; nothing when it failed.
async fn trim(db: &Db) -> i64 {
    match db.trim_outbox(ROWS_A_STEP).await {
        Ok(removed) => removed,
        Err(error) => {
            tracing::warn!(error = chain(&error), "outbox not trimmed");
            0
        }
    }
}

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
        match db.trim_outbox(ROWS_A_STEP).await {
            Ok(removed) => tracing::debug!(removed, "outbox trimmed"),
            Err(error) => tracing::warn!(error = chain(&error), "outbox not trimmed"),
        }
    }
}

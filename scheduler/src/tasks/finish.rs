//! Ends crawls that have nothing open or are full. Workers do so too when their commit was the last one.

use std::time::Duration;

use rad_core::errors::chain;
use rad_core::metrics::CRAWL_QUEUE;
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

use super::{next, timed};

const PERIOD: Duration = Duration::from_millis(500);

pub(super) async fn run(db: Db, stop: CancellationToken) {
    while next(&stop, PERIOD).await {
        match timed("finish", CRAWL_QUEUE, db.finish_jobs()).await {
            Ok(ended) => {
                for (tenant, job) in ended {
                    tracing::info!(tenant = tenant.0, job = job.0, "crawl completed");
                }
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "crawls not ended");
            }
        }
    }
}

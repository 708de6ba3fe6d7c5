//! Removes documents that completed crawls show to be gone.

use std::time::Duration;

use rad_core::errors::chain;
use rad_core::metrics::CRAWL_QUEUE;
use rad_schema::db::Db;
use tokio_util::sync::CancellationToken;

use super::{next, timed};

const PERIOD: Duration = Duration::from_secs(2);
const CRAWLS_A_STEP: i32 = 20;

pub(super) async fn run(db: Db, stop: CancellationToken) {
    while next(&stop, PERIOD).await {
        timed("judge", CRAWL_QUEUE, judge(&db, &stop)).await;
    }
}

/// Judges the oldest crawls. One that can't be judged now comes again with the next activation.
async fn judge(db: &Db, stop: &CancellationToken) {
    let crawls = match db.unjudged_jobs(CRAWLS_A_STEP).await {
        Ok(crawls) => crawls,
        Err(error) => return tracing::warn!(error = chain(&error), "no crawls to judge"),
    };
    for (tenant, job) in crawls {
        if stop.is_cancelled() {
            return;
        }
        match db.judge_job(tenant, job).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(tenant = tenant.0, job = job.0, removed, "documents removed"),
            Err(error) => {
                tracing::warn!(tenant = tenant.0, job = job.0, error = chain(&error), "crawl not judged");
            }
        }
    }
}

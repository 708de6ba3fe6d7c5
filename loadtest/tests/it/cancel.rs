//! A cancelled crawl stays cancelled while commits are in flight.

use anyhow::{Result, ensure};

use crate::proof::{adds_up, crawl, reader, rig, spec};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_after_a_cancel_that_met_fetches_in_flight() -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(51, 300), 3).await?;
    let held = web.hold_after(40, "/");
    let started = crawl(&fleet, &web).await?;
    held.wait_held(4).await;
    let cancelled = fleet.api().cancel(started.id).await?;
    ensure!(cancelled.state == "cancelled", "the crawl is {}", cancelled.state);
    ensure!(cancelled.counts.waiting == 0, "a cancelled crawl waits for nothing");
    let refused = fleet.api().retry(started.id, None).await;
    ensure!(
        refused.is_err_and(|error| error.code() == Some("crawl_cancelled")),
        "a cancelled crawl was retried"
    );
    held.release();
    // Every page in flight comes to its end before the workers do.
    for worker in 0..3 {
        fleet.terminate_worker(worker);
    }
    for worker in 0..3 {
        let status = fleet.wait_worker(worker, crate::proof::WITHIN).await;
        ensure!(status.is_some_and(|status| status.success()), "worker {worker} ended with {status:?}");
    }
    let after = fleet.api().crawl(started.id).await?;
    ensure!(after.state == "cancelled", "the crawl is {}", after.state);
    ensure!(after.counts == cancelled.counts, "{:?} became {:?}", cancelled.counts, after.counts);
    let db = reader(&fleet).await?;
    let stored = i64::try_from(db.document_contents(fleet.tenant()).await?.len())?;
    ensure!(stored == after.counts.stored, "{stored} documents, {} counted", after.counts.stored);
    adds_up(&db, fleet.tenant(), &after).await?;
    fleet.stop().await?;
    Ok(())
}

//! Redis is wiped, or restarted without its data, in the middle of a crawl.

use anyhow::{Context, Result, ensure};
use rad_loadtest::fleet::Fleet;

use crate::proof::{WITHIN, crawl, proved, rig, spec};

/// Crawls until fetches hang in the server, lets `harm` happen, and demands the same final set.
async fn survives(seed: u64, harm: impl AsyncFnOnce(&mut Fleet) -> Result<()>) -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(seed, 250), 3).await?;
    let held = web.hold_after(40, "/");
    let started = crawl(&fleet, &web).await?;
    held.wait_held(4).await;
    held.release();
    let before = fleet.api().crawl(started.id).await?;
    ensure!(!before.has_ended(), "the crawl was over too soon");
    harm(&mut fleet).await?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

async fn flush(fleet: &Fleet) -> Result<()> {
    rad_schema::window::Dispatch::connect(&fleet.redis_url()).await?.wipe().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_of_redis_loses_nothing() -> Result<()> {
    survives(31, async |fleet| flush(fleet).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_wipes_in_a_row_lose_nothing() -> Result<()> {
    survives(32, async |fleet| {
        flush(fleet).await?;
        flush(fleet).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_redis_without_its_data_loses_nothing() -> Result<()> {
    survives(33, async |fleet| {
        let stores = fleet.stores_mut().context("the fleet has private stores")?;
        Ok(stores.restart_redis(false).await?)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immediate_restart_of_postgres_loses_nothing() -> Result<()> {
    survives(34, async |fleet| {
        let stores = fleet.stores_mut().context("the fleet has private stores")?;
        Ok(stores.restart_postgres().await?)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_together_with_a_killed_worker_loses_nothing() -> Result<()> {
    survives(35, async |fleet| {
        fleet.kill_worker(1).await;
        flush(fleet).await?;
        fleet.start_worker("crawler-2", &[])?;
        Ok(())
    })
    .await
}

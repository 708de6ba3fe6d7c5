//! Processes of two versions, which don't understand each other's dispatch window.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rad_loadtest::fleet::Fleet;
use rad_schema::window::PROTOCOL;

use crate::child::{Child, until};
use crate::held::{meta, tell, window};
use crate::proof::{WITHIN, crawl, proved, reader, rig, spec};

/// As if a leader of the next version had opened the window.
async fn make_foreign(fleet: &Fleet) -> Result<()> {
    tell(fleet, &format!("HSET {} protocol {}", meta(), PROTOCOL + 1)).await.map(drop)
}

async fn generation(fleet: &Fleet) -> Result<i64> {
    Ok(reader(fleet).await?.shard().await?.context("no window was opened yet")?.generation)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_rebuilds_a_window_of_another_protocol_in_the_middle_of_a_crawl() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(81, 250), 3).await?;
    let gate = web.hold_after(40, "/");
    let started = crawl(&fleet, &web).await?;
    gate.wait_held(4).await;
    let before = generation(&fleet).await?;
    make_foreign(&fleet).await?;
    until("another generation", WITHIN, async || Ok(generation(&fleet).await? > before)).await?;
    gate.release();
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_leaves_a_window_of_another_protocol_alone_until_a_leader_of_its_own_comes() -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(82, 80), 0).await?;
    let started = crawl(&fleet, &web).await?;
    let loaded = window(&fleet).await?;
    until("the first page is loaded", WITHIN, async || Ok(loaded.stats().await?.offered > 0)).await?;
    fleet.kill_scheduler(0).await;
    make_foreign(&fleet).await?;
    let worker = Child::worker(&fleet, "crawler-1", &[])?;
    worker.says("version skew", Duration::from_mins(1)).await?;
    let log = worker.log();
    ensure!(log.contains(&format!("\"window_protocol\":{}", PROTOCOL + 1)), "its log:\n{log}");
    ensure!(!log.contains("joined the fleet") && web.arrivals() == 0, "it has claimed:\n{log}");
    fleet.restart_scheduler(0).await?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

//! A worker is killed at each labelled point of a page's life; another finishes, and nothing is lost or doubled.

use anyhow::{Result, ensure};

use crate::proof::{WITHIN, crawl, proved, rig, spec};

/// One worker that kills itself at the third passage of `label`, then one that doesn't.
async fn survives(label: &str, seed: u64) -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(seed, 120), 0).await?;
    let crash = [("RAD_CRASH_AT".to_owned(), format!("{label}:3"))];
    let doomed = fleet.start_worker("crawler-1", &crash)?;
    let started = crawl(&fleet, &web).await?;
    let killed = fleet.wait_worker(doomed, WITHIN).await;
    ensure!(killed.is_some_and(|status| !status.success()), "the worker never came to {label}");
    let before = fleet.api().crawl(started.id).await?;
    ensure!(!before.has_ended(), "the crawl ended before {label} was passed three times");
    fleet.start_worker("crawler-1", &[])?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

macro_rules! killed_at {
    ($($name:ident: $label:literal, $seed:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() -> Result<()> {
            survives($label, $seed).await
        })*
    };
}

killed_at! {
    a_worker_killed_after_its_claim_loses_nothing: "claimed", 11;
    a_worker_killed_after_hydrating_loses_nothing: "hydrated", 12;
    a_worker_killed_with_urls_locked_loses_nothing: "locked", 13;
    a_worker_killed_after_a_fetch_loses_nothing: "fetched", 14;
    a_worker_killed_after_extracting_loses_nothing: "extracted", 15;
    a_worker_killed_before_its_commit_loses_nothing: "before_commit", 16;
    a_worker_killed_after_its_commit_doubles_nothing: "after_commit", 17;
    a_worker_killed_after_completing_loses_nothing: "completed", 18;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_among_three_in_the_middle_loses_nothing() -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(19, 300), 3).await?;
    // By then its robots are known and many pages are fetched at once. It is killed while its fetches hang in the
    // server, not at some moment.
    let held = web.hold_after(40, "/");
    let started = crawl(&fleet, &web).await?;
    held.wait_held(8).await;
    fleet.kill_worker(0).await;
    held.release();
    fleet.start_worker("crawler-1", &[])?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_scheduler_is_replaced_by_its_replica() -> Result<()> {
    use rad_loadtest::fleet::{Fleet, FleetOptions};
    use rad_loadtest::web::{Server, Site};

    let web = Server::start(Site::new(spec(21, 300)), "127.0.0.1:0".parse()?).await?;
    let folder = tempfile::tempdir()?;
    let options = FleetOptions { schedulers: 2, workers: 2, ..FleetOptions::for_test(folder.path()) };
    let mut fleet = Fleet::start(options).await?;
    let started = crawl(&fleet, &web).await?;
    web.wait_arrivals(40).await;
    fleet.kill_scheduler(0).await;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

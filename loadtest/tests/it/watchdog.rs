//! A worker that is stuck ends itself, and the others do its work.

use anyhow::{Result, ensure};
use nix::sys::signal::Signal;
use rad_loadtest::fleet::{Fleet, FleetOptions};

use crate::child::Child;
use crate::proof::{WITHIN, crawl, proved, rig, spec};

/// One worker of three is stuck after it has hung at `label`; it says `what` and goes.
async fn ends_itself(seed: u64, label: &str, more: &[(&str, &str)], what: &str) -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(seed, 200), 0).await?;
    let hang = format!("{label}:3");
    let env = [[("RAD_HANG_AT", hang.as_str())].as_slice(), more].concat();
    let mut stuck = Child::worker(&fleet, "crawler-1", &env)?;
    let started = crawl(&fleet, &web).await?;
    stuck.says("this thread hangs, as planned", WITHIN).await?;
    for name in ["crawler-2", "crawler-3"] {
        fleet.start_worker(name, &[])?;
    }
    let status = stuck.ends(WITHIN).await?;
    ensure!(status.code() == Some(70), "ended with {status}");
    let log = stuck.log();
    ensure!(log.contains("stuck: this process ends itself") && log.contains(what), "its log:\n{log}");
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

const SOON: &[(&str, &str)] = &[("RAD_WATCHDOG_PAGE_SECONDS", "2")];

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_page_that_never_yields_exits_and_loses_nothing() -> Result<()> {
    ends_itself(71, "fetched", SOON, "a page keeps a thread").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_parser_that_never_ends_exits_and_loses_nothing() -> Result<()> {
    ends_itself(72, "extracting", SOON, "a parser keeps a thread").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stuck_before_a_commit_exits_and_loses_nothing() -> Result<()> {
    ends_itself(73, "before_commit", SOON, "a commit keeps a thread").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stuck_in_its_claims_exits_and_loses_nothing() -> Result<()> {
    ends_itself(74, "hydrated", SOON, "a claim keeps a thread").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_runtime_stands_still_exits_and_loses_nothing() -> Result<()> {
    // With one thread, one page that hangs is enough.
    let env =
        [("TOKIO_WORKER_THREADS", "1"), ("RAD_WATCHDOG_SECONDS", "3"), ("RAD_WATCHDOG_PAGE_SECONDS", "3600")];
    ends_itself(75, "fetched", &env, "the runtime runs no tasks").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_parser_that_never_ends_still_drains_when_it_is_asked_to() -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(76, 200), 0).await?;
    let mut stuck = Child::worker(&fleet, "crawler-1", &[("RAD_HANG_AT", "extracting:3")])?;
    let started = crawl(&fleet, &web).await?;
    stuck.says("this thread hangs, as planned", WITHIN).await?;
    stuck.signal(Signal::SIGTERM)?;
    let status = stuck.ends(WITHIN).await?;
    ensure!(status.success(), "ended with {status}:\n{}", stuck.log());
    fleet.start_worker("crawler-2", &[])?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_page_keeps_a_thread_of_the_runtime_still_ends_when_it_is_asked_to() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions { workers: 0, ..FleetOptions::for_test(folder.path()) }).await?;
    let web =
        rad_loadtest::web::Server::start(rad_loadtest::web::Site::new(spec(77, 50)), "127.0.0.1:0".parse()?)
            .await?;
    let mut stuck = Child::worker(&fleet, "crawler-1", &[("RAD_HANG_AT", "fetched:3")])?;
    crawl(&fleet, &web).await?;
    stuck.says("this thread hangs, as planned", WITHIN).await?;
    stuck.signal(Signal::SIGTERM)?;
    let status = stuck.ends(WITHIN).await?;
    ensure!(status.success(), "ended with {status}:\n{}", stuck.log());
    ensure!(stuck.log().contains("left behind"), "it says so:\n{}", stuck.log());
    fleet.stop().await?;
    Ok(())
}

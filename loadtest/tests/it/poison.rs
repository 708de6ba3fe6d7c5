//! A page that kills every worker that reads it: it ends after three deaths with its history, its neighbours are
//! stored, and a command gives it another life.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use rad_core::ids::Incarnation;
use rad_loadtest::client::CrawlStatus;
use rad_loadtest::fleet::Fleet;
use rad_loadtest::web::Server;
use tokio::time::Instant;

use crate::proof::{WITHIN, adds_up, crawl, proved, reader, rig, spec};

/// Three workers that die of the page at `path`, and are started again whenever they do, until the crawl ends.
/// Returns it, and how often a worker died.
async fn ends_with_deaths(fleet: &mut Fleet, web: &Server, path: &str) -> Result<(CrawlStatus, usize)> {
    let deadly = [("RAD_CRASH_ON".to_owned(), path.to_owned())];
    let mut alive = Vec::new();
    for name in ["crawler-1", "crawler-2", "crawler-3"] {
        alive.push((name, fleet.start_worker(name, &deadly)?));
    }
    let started = crawl(fleet, web).await?;
    let (mut deaths, deadline) = (0, Instant::now() + WITHIN);
    loop {
        ensure!(Instant::now() < deadline, "the crawl does not end; {deaths} workers died");
        for (name, worker) in &mut alive {
            if !fleet.worker_alive(*worker) {
                deaths += 1;
                *worker = fleet.start_worker(name, &deadly)?;
            }
        }
        let now = fleet.api().crawl(started.id).await?;
        if now.has_ended() {
            return Ok((now, deaths));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A page that no other page is a copy of and that nobody is redirected to.
fn unique_page(web: &Server) -> Result<String> {
    let expected = web.site().expected();
    let targets: BTreeSet<_> = expected.redirects.values().collect();
    let pages = expected.stored.values().filter(|paths| paths.len() == 1).flatten();
    pages
        .filter(|path| path.as_str() != "/" && !targets.contains(path))
        .nth(20)
        .cloned()
        .context("the site has such pages")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_kills_its_workers_ends_after_three_and_lives_again_by_command() -> Result<()> {
    let (_folder, web, mut fleet) = rig(spec(91, 150), 0).await?;
    let path = unique_page(&web)?;
    let (ended, killed) = ends_with_deaths(&mut fleet, &web, &path).await?;
    ensure!(killed == 3, "{killed} workers died");
    ensure!(ended.state == "completed", "the crawl ended {}", ended.state);

    let db = reader(&fleet).await?;
    adds_up(&db, fleet.tenant(), &ended).await?;
    let whole = web.site().expected().stored.len();
    let stored = db.document_contents(fleet.tenant()).await?.len();
    ensure!(stored + 1 == whole, "{stored} of {whole} contents are stored, not all but one");
    let errors = fleet.api().crawl_errors(ended.id, 1_000).await?;
    let dead: Vec<_> = errors.iter().filter(|error| error.verdict == "poison").collect();
    let [dead] = dead[..] else { anyhow::bail!("not one page was given up: {dead:?}") };
    ensure!(dead.url.ends_with(&path), "{} was given up instead of {path}", dead.url);
    let lives: BTreeSet<_> = dead.deaths.iter().map(|death| death.incarnation).collect();
    ensure!(lives.len() == 3, "its history is {:?}", dead.deaths);
    let evidence = dead.evidence.as_deref().unwrap_or_default();
    for death in &dead.deaths {
        ensure!(evidence.contains(&death.worker_id), "{evidence:?} does not name {}", death.worker_id);
    }
    let third = dead.deaths.last().context("it has three deaths")?.incarnation;
    let beside = db.died_with(fleet.tenant(), Incarnation(third)).await?;
    ensure!(beside == 1, "the third worker died with {beside} pages in hand");

    for worker in 0..fleet.workers() {
        if fleet.worker_alive(worker) {
            fleet.kill_worker(worker).await;
        }
    }
    fleet.start_worker("crawler-9", &[])?;
    let retried = fleet.api().retry(ended.id, Some("poison")).await?;
    ensure!(retried.reopened == 1 && retried.crawl.state == "running", "{retried:?}");
    let ended = fleet.wait_crawl(ended.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    ensure!(ended.reasons.iter().all(|reason| reason.verdict != "poison"), "{:?}", ended.reasons);
    fleet.stop().await?;
    Ok(())
}

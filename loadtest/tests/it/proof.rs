//! What every test demands of the stores in the end, read from the rows themselves.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rad_core::ids::{Hash128, JobId, TenantId};
use rad_core::verdict::State;
use rad_loadtest::client::{CrawlStatus, StartRequest};
use rad_loadtest::fleet::{Fleet, FleetOptions};
use rad_loadtest::web::{RobotsKnob, RobotsRule, Server, Site, SiteSpec};
use rad_schema::db::Db;

/// Longest time that a crawl of a test may take on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_mins(3);

/// A site with everything that makes "once" hard: duplicates, redirects, dead links, private pages.
pub(crate) fn spec(seed: u64, pages: u32) -> SiteSpec {
    SiteSpec {
        seed,
        pages,
        body_bytes: 6 * 1024,
        duplicates_percent: 10,
        redirects_percent: 8,
        broken_percent: 4,
        robots: RobotsKnob { rule: RobotsRule::DisallowPrivate { percent: 5 }, crawl_delay: None },
        ..SiteSpec::default()
    }
}

/// A site of `spec` and a fleet that may crawl it.
pub(crate) async fn rig(spec: SiteSpec, workers: usize) -> Result<(tempfile::TempDir, Server, Fleet)> {
    eprintln!("seed {}", spec.seed);
    let web = Server::start(Site::new(spec), "127.0.0.1:0".parse()?).await?;
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions { workers, ..FleetOptions::for_test(folder.path()) }).await?;
    Ok((folder, web, fleet))
}

/// Starts a crawl of the whole site.
pub(crate) async fn crawl(fleet: &Fleet, web: &Server) -> Result<CrawlStatus> {
    Ok(fleet.api().start(&StartRequest::new(web.url())).await?)
}

/// A reader of the stores under the processes' own role.
pub(crate) async fn reader(fleet: &Fleet) -> Result<Db> {
    Ok(Db::connect(&fleet.database_url(), 2, "proof").await?)
}

/// The site's every content is stored once, and all counts are those of the rows.
pub(crate) async fn proved(fleet: &Fleet, web: &Server, crawl: &CrawlStatus) -> Result<()> {
    ensure!(crawl.state == "completed", "the crawl ended {}", crawl.state);
    let db = reader(fleet).await?;
    let tenant = fleet.tenant();
    let expected: HashSet<Hash128> = web.site().expected().stored.keys().copied().collect();
    let stored = db.document_contents(tenant).await?;
    let contents: HashSet<Hash128> = stored.iter().map(|(_, content)| *content).collect();
    ensure!(stored.len() == contents.len(), "{} contents twice", stored.len() - contents.len());
    let lost = expected.difference(&contents).count();
    ensure!(lost == 0, "{lost} of {} contents lost", expected.len());
    ensure!(contents.len() == expected.len(), "something strange is stored");
    let private: Vec<_> = web.hits().into_keys().filter(|path| path.starts_with("/private/")).collect();
    ensure!(private.is_empty(), "robots.txt was not obeyed: {private:?}");
    adds_up(&db, tenant, crawl).await?;
    let billed = db.billed(tenant).await?;
    let pages = i64::try_from(stored.len())?;
    ensure!(billed.months == pages && billed.events == pages, "{pages} pages stored, billed {billed:?}");
    Ok(())
}

/// The counters are those of the ledger's rows, their sum is `discovered`, and no document is torn.
pub(crate) async fn adds_up(db: &Db, tenant: TenantId, crawl: &CrawlStatus) -> Result<()> {
    let rows = db.ledger_rows(tenant, JobId(crawl.id)).await?;
    let kept = db.job_status(tenant, JobId(crawl.id)).await?.context("the crawl is gone")?;
    let counters = [
        (State::Open, kept.open()),
        (State::Stored, kept.stored),
        (State::Unchanged, kept.unchanged),
        (State::Duplicate, kept.duplicate),
        (State::Redirected, kept.redirected),
        (State::Superseded, kept.superseded),
        (State::Skipped, kept.skipped),
        (State::Failed, kept.failed),
    ];
    for (state, counter) in counters {
        let counted = rows[usize::try_from(state.code())?];
        ensure!(counter == counted, "{state:?}: the counter says {counter}, the rows {counted}");
    }
    let seen: i64 = crawl.counts.by_state().iter().map(|(_, urls)| urls).sum();
    ensure!(crawl.counts.discovered == seen, "discovered {} but states sum {seen}", crawl.counts.discovered);
    let torn: BTreeSet<_> = db.torn_documents(tenant).await?.into_iter().collect();
    ensure!(torn.is_empty(), "documents with chunks of two versions: {torn:?}");
    Ok(())
}

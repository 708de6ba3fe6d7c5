//! A limit is a limit, with any number of workers.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use rad_loadtest::client::{CrawlStatus, StartRequest, TenantChange};
use rad_loadtest::fleet::{Fleet, FleetOptions, TenantApi};
use rad_loadtest::web::{Server, Site, SiteSpec};

use crate::proof::{WITHIN, adds_up, reader, rig, spec};

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_of_at_most_50_pages_stores_exactly_50_with_three_workers() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(41, 400), 3).await?;
    let request = StartRequest { max_pages: Some(50), ..StartRequest::new(web.url()) };
    let started = fleet.api().start(&request).await?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    ensure!(ended.end_reason.as_deref() == Some("page_limit"), "ended by {:?}", ended.end_reason);
    ensure!(ended.counts.stored == 50, "{} pages stored", ended.counts.stored);
    ensure!(ended.counts.waiting == 0, "an ended crawl waits for nothing");
    let db = reader(&fleet).await?;
    ensure!(db.document_contents(fleet.tenant()).await?.len() == 50, "documents");
    ensure!(db.billed(fleet.tenant()).await?.months == 50, "billed");
    adds_up(&db, fleet.tenant(), &ended).await?;
    fleet.stop().await?;
    Ok(())
}

/// Two sites, a fleet, and a tenant with crawls of both.
struct TwoCrawls {
    first: Server,
    second: Server,
    fleet: Fleet,
    api: TenantApi,
    crawls: [CrawlStatus; 2],
    _folder: tempfile::TempDir,
}

impl TwoCrawls {
    /// `limit` is set before the crawls start.
    async fn limited(limit: &TenantChange) -> Result<Self> {
        let first = Server::start(Site::new(spec(42, 200)), "127.0.0.1:0".parse()?).await?;
        let second = Server::start(Site::new(spec(43, 200)), "127.0.0.1:0".parse()?).await?;
        let folder = tempfile::tempdir()?;
        let fleet = Fleet::start(FleetOptions::for_test(folder.path())).await?;
        let api = fleet.create_tenant("small", None).await?;
        fleet.operator().change_tenant("small", limit).await?;
        let crawls = [
            api.start(&StartRequest::new(first.url())).await?,
            api.start(&StartRequest::new(second.url())).await?,
        ];
        Ok(Self { first, second, fleet, api, crawls, _folder: folder })
    }

    fn arrivals(&self) -> u64 {
        self.first.arrivals() + self.second.arrivals()
    }

    /// Waits until both crawls are paused by `limit` and nothing is fetched any more; returns what they store.
    /// `holds` is asked all the time.
    async fn paused(&self, limit: &str, holds: impl AsyncFn() -> Result<()>) -> Result<usize> {
        let (db, mut arrivals) = (reader(&self.fleet).await?, 0);
        loop {
            holds().await?;
            let mut paused = 0;
            for crawl in &self.crawls {
                let status = self.api.crawl(crawl.id).await?;
                ensure!(!status.has_ended(), "a crawl that waits for its quota has not ended");
                let by = status.pause.as_ref().map(|pause| (pause.verdict.as_str(), pause.limit.as_str()));
                paused += usize::from(status.state == "paused" && by == Some(("quota", limit)));
            }
            let now = self.arrivals();
            if paused == 2 && now == arrivals {
                break;
            }
            arrivals = now;
            // Longer than a pass of the reconciler: what it wakes would arrive meanwhile.
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        for crawl in &self.crawls {
            let status = self.api.crawl(crawl.id).await?;
            ensure!(status.counts.waiting > 0, "its URLs wait");
            adds_up(&db, self.api.tenant(), &status).await?;
        }
        Ok(db.document_contents(self.api.tenant()).await?.len())
    }

    /// Waits for the end of both crawls: nothing of the sites may be missing, though what did not fit was rolled
    /// back with its links.
    async fn completed(self) -> Result<()> {
        let db = reader(&self.fleet).await?;
        for crawl in &self.crawls {
            let ended = self.api.wait_crawl(crawl.id, WITHIN, |_| ()).await?;
            ensure!(ended.state == "completed", "ended {}", ended.state);
            adds_up(&db, self.api.tenant(), &ended).await?;
        }
        let sites = [&self.first, &self.second];
        let expected: HashSet<_> =
            sites.into_iter().flat_map(|web| web.site().expected().stored.into_keys()).collect();
        let stored = db.document_contents(self.api.tenant()).await?;
        let stored: HashSet<_> = stored.into_iter().map(|(_, content)| content).collect();
        ensure!(stored == expected, "{} contents stored of {}", stored.len(), expected.len());
        let billed = db.billed(self.api.tenant()).await?.months;
        ensure!(billed == i64::try_from(expected.len())?, "billed {billed}");
        self.fleet.stop().await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_50_pages_a_month_stores_exactly_50_in_two_crawls_and_the_rest_when_the_limit_is_raised()
-> Result<()> {
    let month = |pages| TenantChange { monthly_pages: Some(pages), ..TenantChange::default() };
    let both = TwoCrawls::limited(&month(Some(50))).await?;
    let db = reader(&both.fleet).await?;
    let never_more = async || -> Result<()> {
        let stored = db.document_contents(both.api.tenant()).await?.len();
        ensure!(stored <= 50, "{stored} pages stored, 50 are the limit");
        Ok(())
    };
    let stored = both.paused("monthly_pages", never_more).await?;
    ensure!(stored == 50, "{stored} pages stored");
    ensure!(db.billed(both.api.tenant()).await?.months == 50, "billed");
    eprintln!("50 pages stored, {} requests", both.arrivals());
    both.fleet.operator().change_tenant("small", &month(None)).await?;
    both.completed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_never_keeps_more_bytes_than_its_storage_and_goes_on_when_it_is_raised() -> Result<()> {
    const ROOM: i64 = 600_000;
    let storage = |bytes| TenantChange { storage_bytes: Some(bytes), ..TenantChange::default() };
    let both = TwoCrawls::limited(&storage(Some(ROOM))).await?;
    let db = reader(&both.fleet).await?;
    let never_more = async || -> Result<()> {
        let kept = db.kept_bytes(both.api.tenant()).await?;
        ensure!(kept.rows <= ROOM && kept.counted <= ROOM, "{kept:?} of {ROOM}");
        Ok(())
    };
    let stored = both.paused("storage_bytes", never_more).await?;
    ensure!(stored > 0, "nothing fitted");
    let kept = db.kept_bytes(both.api.tenant()).await?;
    ensure!(kept.rows == kept.counted, "{kept:?}");
    both.fleet.operator().change_tenant("small", &storage(None)).await?;
    both.completed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_three_crawlers_never_has_four_requests_on_the_way() -> Result<()> {
    let slow = SiteSpec { latency: Duration::from_millis(20), ..spec(44, 60) };
    let (_folder, web, fleet) = rig(slow, 3).await?;
    let api = fleet.create_tenant("small", None).await?;
    let three = TenantChange { max_crawlers: Some(3), ..TenantChange::default() };
    fleet.operator().change_tenant("small", &three).await?;
    let started = api.start(&StartRequest::new(web.url())).await?;
    let ended = api.wait_crawl(started.id, WITHIN, |_| ()).await?;
    ensure!(ended.state == "completed", "ended {}", ended.state);
    ensure!(web.max_in_flight() == 3, "{} requests at once", web.max_in_flight());
    fleet.stop().await?;
    Ok(())
}

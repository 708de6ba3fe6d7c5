//! A tenant's tasks at once are exact over all shards, and through a wipe.

use std::time::Duration;

use anyhow::{Result, ensure};
use rad_loadtest::client::{CrawlStatus, StartRequest, TenantChange};
use rad_loadtest::fleet::{Fleet, FleetOptions, TenantApi};
use rad_loadtest::web::{HoldGuard, Server, Site, SiteSpec};

use crate::own_cluster::until;
use crate::proof::{WITHIN, spec};

/// Pages that three workers can have in work.
const SLOTS: i64 = 3 * 64;

/// Four slow sites on hosts of their own, and a tenant that may have few requests on the way.
struct Capped {
    webs: Vec<Server>,
    fleet: Fleet,
    api: TenantApi,
    _folder: tempfile::TempDir,
}

impl Capped {
    async fn start(seed: u64, pages: u32, shards: u32, crawlers: i32) -> Result<Self> {
        let mut webs: Vec<Server> = Vec::new();
        for number in 0..4 {
            let latency = Duration::from_millis(15);
            let site = Site::new(SiteSpec { latency, ..spec(seed + 1_000 * number, pages) });
            let any = "127.0.0.1:0".parse()?;
            let web = match webs.first() {
                Some(first) => first.start_beside(site, any).await?,
                None => Server::start(site, any).await?,
            };
            webs.push(web);
        }
        let folder = tempfile::tempdir()?;
        let options = FleetOptions { shards: Some(shards), ..FleetOptions::for_test(folder.path()) };
        let fleet = Fleet::start(options).await?;
        let api = fleet.create_tenant("small", None).await?;
        let limit = TenantChange { max_crawlers: Some(crawlers), ..TenantChange::default() };
        fleet.operator().change_tenant("small", &limit).await?;
        Ok(Self { webs, fleet, api, _folder: folder })
    }

    async fn crawl(&self) -> Result<Vec<CrawlStatus>> {
        let mut crawls = Vec::new();
        for web in &self.webs {
            crawls.push(self.api.start(&StartRequest::new(web.url())).await?);
        }
        Ok(crawls)
    }

    async fn completed(&self, crawls: &[CrawlStatus]) -> Result<()> {
        for crawl in crawls {
            let ended = self.api.wait_crawl(crawl.id, WITHIN, |_| ()).await?;
            ensure!(ended.state == "completed", "ended {}", ended.state);
        }
        Ok(())
    }

    fn arrivals(&self) -> u64 {
        self.webs.iter().map(Server::arrivals).sum()
    }

    fn most(&self) -> u32 {
        self.webs[0].max_in_flight_together()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_three_crawlers_never_has_four_requests_on_the_way_to_two_shards() -> Result<()> {
    let rig = Capped::start(81, 40, 2, 3).await?;
    let crawls = rig.crawl().await?;
    rig.completed(&crawls).await?;
    ensure!(rig.most() == 3, "{} requests at once", rig.most());
    rig.fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_crawler_of_a_tenant_gets_to_all_shards_in_turn() -> Result<()> {
    let rig = Capped::start(82, 100, 3, 1).await?;
    let crawls = rig.crawl().await?;
    for web in &rig.webs {
        web.wait_arrivals(10).await;
    }
    for crawl in &crawls {
        let seen = rig.api.crawl(crawl.id).await?;
        ensure!(!seen.has_ended(), "one crawl has ended before another had its turn");
    }
    rig.completed(&crawls).await?;
    ensure!(rig.most() == 1, "{} requests at once", rig.most());
    rig.fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_three_crawlers_has_no_more_right_after_a_wipe() -> Result<()> {
    for shards in [1, 2] {
        let rig = Capped::start(83 + u64::from(shards), 60, shards, 3).await?;
        let held: Vec<_> = rig.webs.iter().map(|web| web.hold_after(20, "/")).collect();
        let crawls = rig.crawl().await?;
        let all = async || Ok(held.iter().map(HoldGuard::held).sum::<usize>() == 3);
        until("all that the tenant may have is held", all).await?;
        let before = rig.arrivals();
        rad_schema::window::Dispatch::connect(&rig.fleet.redis_url()).await?.wipe().await?;
        // What hangs in the servers goes on until its workers hear of the wipe; a new request would come on top.
        until("the new window is worked on", async || Ok(rig.arrivals() > before)).await?;
        drop(held);
        rig.completed(&crawls).await?;
        ensure!(rig.most() <= 3, "{} requests at once with {shards} shards", rig.most());
        rig.fleet.stop().await?;
    }
    Ok(())
}

/// Waits until all crawls are paused by `limit` and nothing is on the way any more; what they fetched in vain.
async fn paused(rig: &Capped, crawls: &[CrawlStatus], limit: &str) -> Result<i64> {
    let mut in_vain = 0;
    let all = async || {
        let mut paused = 0;
        in_vain = 0;
        for crawl in crawls {
            let seen = rig.api.crawl(crawl.id).await?;
            paused += usize::from(seen.pause.is_some_and(|pause| pause.limit == limit));
            in_vain += seen.fetched_not_stored;
        }
        let busy: i32 = rig.fleet.api().workers().await?.iter().map(|worker| worker.busy).sum();
        Ok(paused == crawls.len() && busy == 0)
    };
    until("the crawls are paused", all).await?;
    Ok(in_vain)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_in_vain_at_a_monthly_limit_was_on_the_way_when_it_was_reached() -> Result<()> {
    let rig = Capped::start(91, 60, 2, 256).await?;
    let month = |pages| TenantChange { monthly_pages: Some(pages), ..TenantChange::default() };
    rig.fleet.operator().change_tenant("small", &month(Some(40))).await?;
    let crawls = rig.crawl().await?;
    let in_vain = paused(&rig, &crawls, "monthly_pages").await?;
    let tenant = rig.fleet.operator().tenant("small").await?;
    ensure!(tenant.pages_this_month == 40, "{tenant:?}");
    eprintln!("{in_vain} pages fetched in vain, {} requests at once", rig.most());
    ensure!(in_vain <= SLOTS, "{in_vain} in vain");
    rig.fleet.operator().change_tenant("small", &month(None)).await?;
    rig.completed(&crawls).await?;
    rig.fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_never_stores_more_tokens_than_its_month_has_and_goes_on_when_it_is_raised() -> Result<()> {
    const MONTH: i64 = 60_000;
    let rig = Capped::start(92, 60, 2, 256).await?;
    let month = |tokens| TenantChange { monthly_tokens: Some(tokens), ..TenantChange::default() };
    rig.fleet.operator().change_tenant("small", &month(Some(MONTH))).await?;
    let crawls = rig.crawl().await?;
    let in_vain = paused(&rig, &crawls, "monthly_tokens").await?;
    let tenant = rig.fleet.operator().tenant("small").await?;
    ensure!((1..=MONTH).contains(&tenant.tokens_this_month), "{tenant:?}");
    ensure!(in_vain <= SLOTS, "{in_vain} in vain");
    rig.fleet.operator().change_tenant("small", &month(None)).await?;
    rig.completed(&crawls).await?;
    let tenant = rig.fleet.operator().tenant("small").await?;
    ensure!(tenant.tokens_this_month > MONTH, "the rest was stored: {tenant:?}");
    rig.fleet.stop().await?;
    Ok(())
}

//! Several shards: crawls of several hosts through kills, wipes and another division, and what must be left in the end.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use rad_loadtest::client::{CrawlStatus, StartRequest};
use rad_loadtest::fleet::{Fleet, FleetOptions};
use rad_loadtest::web::{HoldGuard, Server, Site};
use rad_schema::db::Db;
use rad_schema::queue::Queue;

use crate::own_cluster::until;
use crate::proof::{WITHIN, adds_up, reader, spec};

/// Hosts are numbered one after another: so many fall into each of three shards.
const SITES: u32 = 6;

/// Sites on hosts of their own, and a fleet.
pub(crate) struct Rig {
    pub(crate) webs: Vec<Server>,
    pub(crate) fleet: Fleet,
    _folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) async fn start(seed: u64, pages: u32, shards: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let options = FleetOptions { shards: Some(shards), ..FleetOptions::for_test(folder.path()) };
        Self::with(seed, pages, options, folder).await
    }

    pub(crate) async fn with(
        seed: u64,
        pages: u32,
        options: FleetOptions,
        folder: tempfile::TempDir,
    ) -> Result<Self> {
        eprintln!("seed {seed}");
        let mut webs: Vec<Server> = Vec::new();
        for number in 0..u64::from(SITES) {
            let site = Site::new(spec(seed + 1_000 * number, pages));
            let any = "127.0.0.1:0".parse()?;
            let web = match webs.first() {
                Some(first) => first.start_beside(site, any).await?,
                None => Server::start(site, any).await?,
            };
            webs.push(web);
        }
        Ok(Self { webs, fleet: Fleet::start(options).await?, _folder: folder })
    }

    pub(crate) async fn crawl(&self) -> Result<Vec<CrawlStatus>> {
        let mut crawls = Vec::new();
        for web in &self.webs {
            crawls.push(self.fleet.api().start(&StartRequest::new(web.url())).await?);
        }
        Ok(crawls)
    }

    /// Holds every site after some requests, so that something is on the way in all shards.
    pub(crate) fn hold(&self) -> Vec<HoldGuard> {
        self.webs.iter().map(|web| web.hold_after(10, "/")).collect()
    }

    pub(crate) async fn in_the_middle(&self, held: Vec<HoldGuard>) {
        for guard in &held {
            guard.wait_held(1).await;
        }
        held.into_iter().for_each(HoldGuard::release);
    }

    /// Everything of all sites is stored once, and all counts are those of the rows.
    pub(crate) async fn proved(self, crawls: &[CrawlStatus]) -> Result<()> {
        let db = reader(&self.fleet).await?;
        for crawl in crawls {
            let ended = self.fleet.wait_crawl(crawl.id, WITHIN, |_| ()).await?;
            ensure!(ended.state == "completed", "ended {}", ended.state);
            adds_up(&db, self.fleet.tenant(), &ended).await?;
        }
        let expected: HashSet<_> =
            self.webs.iter().flat_map(|web| web.site().expected().stored.into_keys()).collect();
        let stored = db.document_contents(self.fleet.tenant()).await?;
        let contents: HashSet<_> = stored.iter().map(|(_, content)| *content).collect();
        ensure!(stored.len() == contents.len(), "{} contents twice", stored.len() - contents.len());
        ensure!(contents == expected, "{} contents stored of {}", contents.len(), expected.len());
        let billed = db.billed(self.fleet.tenant()).await?;
        let pages = i64::try_from(stored.len())?;
        ensure!(billed.months == pages && billed.events == pages, "{pages} pages stored, billed {billed:?}");
        self.fleet.stop().await?;
        Ok(())
    }
}

/// The generations of the shards in use.
async fn generations(db: &Db) -> Result<Vec<i64>> {
    let layout = db.layout(Queue::Crawl).await?;
    Ok(layout.shards.iter().map(|placed| placed.shard.generation).collect())
}

/// Divides the window, and waits until a leader has done so; the generations then.
async fn divided(fleet: &mut Fleet, db: &Db, shards: u32) -> Result<Vec<i64>> {
    fleet.divide(shards).await?;
    let done = async || Ok(generations(db).await?.len() == shards as usize);
    until("a leader divides the window", done).await?;
    generations(db).await
}

async fn wipe(fleet: &Fleet) -> Result<()> {
    rad_schema::window::Dispatch::connect(&fleet.redis_url()).await?.wipe().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_shards_on_one_redis_crawl_what_one_does() -> Result<()> {
    let rig = Rig::start(71, 40, 3).await?;
    let crawls = rig.crawl().await?;
    ensure!(generations(&reader(&rig.fleet).await?).await?.len() == 3, "three shards were asked for");
    rig.proved(&crawls).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_and_a_wipe_lose_nothing_in_any_of_three_shards() -> Result<()> {
    let mut rig = Rig::start(72, 60, 3).await?;
    let held = rig.hold();
    let crawls = rig.crawl().await?;
    rig.in_the_middle(held).await;
    rig.fleet.kill_worker(1).await;
    rig.fleet.start_worker("crawler-9", &[])?;
    wipe(&rig.fleet).await?;
    rig.proved(&crawls).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_number_of_shards_in_the_middle_of_crawls_loses_and_doubles_nothing() -> Result<()> {
    let mut rig = Rig::start(73, 60, 2).await?;
    let held = rig.hold();
    let crawls = rig.crawl().await?;
    rig.in_the_middle(held).await;
    let db = reader(&rig.fleet).await?;
    let before = generations(&db).await?;
    let after = divided(&mut rig.fleet, &db, 3).await?;
    ensure!(after.iter().min() > before.iter().max(), "new ones lie above all old: {before:?} {after:?}");
    let back = divided(&mut rig.fleet, &db, 1).await?;
    ensure!(back.iter().min() > after.iter().max(), "new ones lie above all old: {after:?} {back:?}");
    rig.proved(&crawls).await
}

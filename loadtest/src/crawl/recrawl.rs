//! The same site crawled once more, with nothing changed.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use rad_core::ids::JobId;
use rad_schema::db::Db;
use serde::Serialize;

use super::CONNECTIONS;
use super::target::Target;
use crate::client::{CrawlStatus, StartRequest};
use crate::fleet::Fleet;

/// What the second crawl cost.
#[derive(Clone, Debug, Serialize)]
pub struct Recrawl {
    /// From the start call to the crawl's end.
    pub seconds: f64,
    /// The first crawl's seconds divided by these.
    pub times_faster: f64,
    /// URLs that it met.
    pub discovered: i64,
    /// Pages that were the same as before.
    pub unchanged: i64,
    /// Those of them that the server did not send again.
    pub not_modified: i64,
    /// Pages that it stored.
    pub stored: i64,
    /// Pages that it was billed for.
    pub billed: i64,
    /// Documents that it removed.
    pub removed: i64,
}

impl Recrawl {
    /// Crawls the site again after `first`, which took `seconds`.
    pub(super) async fn of(
        fleet: &mut Fleet,
        target: &Target,
        first: &CrawlStatus,
        seconds: f64,
        within: Duration,
    ) -> anyhow::Result<Self> {
        let db = Db::connect(&fleet.database_url(), CONNECTIONS, "rad-loadtest").await?;
        let before = db.billed(fleet.tenant()).await?;
        let request = StartRequest { max_pages: first.max_pages, ..StartRequest::new(target.url()) };
        let began = Instant::now();
        let started = fleet.api().start(&request).await.context("starting the second crawl")?;
        let status = fleet.wait_crawl(started.id, within, |_| ()).await.context("waiting for it")?;
        let took = began.elapsed().as_secs_f64();
        let not_modified = db.not_modified(fleet.tenant(), JobId(status.id)).await?;
        let after = db.billed(fleet.tenant()).await?;
        db.close().await;
        Ok(Self {
            seconds: took,
            times_faster: seconds / took,
            discovered: status.counts.discovered,
            unchanged: status.counts.unchanged,
            not_modified,
            stored: status.counts.stored,
            billed: after.months - before.months,
            removed: status.removed,
        })
    }

    /// What is wrong with it, in words, if the site did not change since `first`.
    pub(super) fn faults(&self, first: &CrawlStatus) -> Vec<String> {
        let pages = first.counts.stored + first.counts.unchanged;
        let rules = [
            (self.discovered == first.counts.discovered, "the second crawl met other URLs than the first"),
            (
                self.stored == 0 && self.billed == 0,
                "the second crawl stored or billed pages that had not changed",
            ),
            (
                self.not_modified * 100 >= pages * 95,
                "the second crawl was sent more than 5 % of the pages again",
            ),
            (self.removed == 0, "the second crawl removed documents"),
        ];
        rules.iter().filter(|(holds, _)| !holds).map(|(_, fault)| (*fault).to_owned()).collect()
    }
}

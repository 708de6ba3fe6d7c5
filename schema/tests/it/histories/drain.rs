//! The end of a history: faults and limits stop, and then everything must come to its end by itself.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::ledger::Crawl;
use super::world::History;
use crate::Done;

/// So many rounds without anything claimed, and this time, mean that it is stuck: rounds alone are short on an idle
/// machine, time alone is short on a busy one.
const ROUNDS: u32 = 150;
const PATIENCE: Duration = Duration::from_secs(2);

impl History {
    pub(crate) async fn drain(&mut self) -> Done {
        self.calm = true;
        self.lift_limits().await?;
        self.leader = super::leader::Leader::default();
        while !self.ghosts.is_empty() {
            self.expire_ghost().await?;
        }
        while !self.workers.is_empty() {
            self.leave(0).await?;
        }
        self.rebuild().await?;
        self.bury().await.context("what the dead held")?;
        self.check().await?;
        // Once is enough: from now on no call gets lost, so what has work is known to whoever asks for it.
        self.reconcile(true).await?;
        for _ in 0..2 {
            self.hire().await?;
        }
        self.work_off().await?;
        self.check().await?;
        ensure!(self.glass.leases.is_empty(), "{:?}", self.glass.leases);
        let open = self.ledger.crawls.values().find(|crawl| crawl.takes_effects());
        ensure!(open.is_none(), "{open:?}");
        Ok(())
    }

    /// Reaps until nobody but the living holds a lease.
    async fn bury(&mut self) -> Done {
        let window = self.leader.window.clone().context("the window is open")?;
        let mut judged = Vec::new();
        for _ in 0..1_000 {
            let named = self.reap_with(&window, &judged).await?;
            judged = self.judge(&named).await?;
            if judged.is_empty() && self.glass.leases.is_empty() {
                return Ok(());
            }
        }
        bail!("left: {:?}", self.glass.leases)
    }

    /// Two workers and a feeder that is asked, until every crawl has ended.
    async fn work_off(&mut self) -> Done {
        let (mut claimed, mut round, mut since) = (0, 0, Instant::now());
        loop {
            if self.ledger.can_finish() {
                self.finish().await?;
            }
            if !self.ledger.crawls.values().any(Crawl::takes_effects) {
                break;
            }
            if self.tally.of("claimed") > claimed {
                (claimed, round, since) = (self.tally.of("claimed"), 0, Instant::now());
            }
            round += 1;
            if round > ROUNDS && since.elapsed() > PATIENCE {
                let (open, window) = (self.ledger.lanes(), self.stores.dump().await?);
                bail!("open still: {open:?}, and the window is\n{window}");
            }
            let window = self.leader.window.clone().context("the window is open")?;
            let asked = window.refills(100).await?;
            let feeds = self.read(&window, &asked).await?;
            self.feed(&window, &feeds).await?;
            for at in 0..self.workers.len() {
                self.go_on(at).await?;
                while !self.workers[at].hand.is_empty() {
                    self.go_on(at).await?;
                }
                self.complete(at).await?;
            }
            // Hosts rest for some milliseconds.
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        for at in 0..self.workers.len() {
            ensure!(self.workers[at].hand.is_empty(), "{:?} is in hand", self.workers[at].hand);
        }
        Ok(())
    }
}

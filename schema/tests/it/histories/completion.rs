//! The last call for a page: its lease ends, its host rests, and what its commit has found is pushed.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::HostId;
use rad_schema::commit::Applied;
use rad_schema::window::{Claimed, Completion, HostTerms, Requeue};

use super::leader::answered;
use super::sabotage::Sabotage;
use super::worker::Phase;
use super::world::History;
use crate::Done;

impl History {
    /// Tells the window what became of all that is committed.
    pub(super) async fn complete(&mut self, at: usize) -> Done {
        self.steal().await?;
        let (mut done, mut waits, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for held in &self.workers[at].hand {
            match held.phase {
                Phase::Committed(Applied::Waits { rank }) => waits.push((held.claim, rank)),
                Phase::Committed(Applied::Quota) => refused.push(held.claim),
                Phase::Committed(_) => done.push(held.claim),
                _ => {}
            }
        }
        for claim in &refused {
            self.park(at, claim).await?;
        }
        self.end_leases(at, &done).await?;
        for (claim, rank) in waits {
            self.hand_back(at, &[claim], Requeue::At(rank)).await?;
        }
        self.hand_back(at, &refused, Requeue::SameRank).await
    }

    async fn park(&mut self, at: usize, claim: &Claimed) -> Done {
        let window = self.workers[at].window.clone();
        let current = self.glass.is(window.generation());
        answered(window.park(claim.tenant).await, current)?;
        self.tally.add("parked");
        Ok(())
    }

    async fn end_leases(&mut self, at: usize, done: &[Claimed]) -> Done {
        let pause = Duration::from_millis(self.dice.roll(3));
        let items: Vec<_> =
            done.iter().map(|claim| Completion { task: claim.task, fence: claim.fence, pause }).collect();
        let terms = self.terms_of(done);
        let worker = &mut self.workers[at];
        worker.hand.retain(|held| !done.contains(&held.claim));
        let (new, window) = (std::mem::take(&mut worker.new), worker.window.clone());
        let told: Vec<_> = terms.iter().map(|(host, terms)| (*host, self.hurried(*terms))).collect();
        let (asked, current) = (Instant::now(), self.glass.is(window.generation()));
        let Some(ours) = answered(window.complete(&items, &told, &new).await, current)? else {
            self.tally.add("stale calls: complete");
            return Ok(());
        };
        self.glass.terms.extend(terms);
        let ends = |claim: &&Claimed| self.glass.release(claim.task, claim.fence, Some((asked, pause)));
        let expected = done.iter().filter(ends).count();
        ensure!(ours == i64::try_from(expected)?, "{ours} completed, not {expected}");
        self.tally.add_many("completed", expected);
        if self.loses(10) {
            self.tally.add("answers lost: complete");
            ensure!(window.complete(&items, &told, &new).await? == 0, "completed twice");
        }
        Ok(())
    }

    /// What is known of the hosts of `done`.
    fn terms_of(&self, done: &[Claimed]) -> Vec<(HostId, HostTerms)> {
        let mut hosts: Vec<_> = done.iter().map(|claim| claim.host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let robots = &self.ledger.robots;
        hosts.into_iter().filter_map(|host| Some((host, *robots.get(&host)?))).collect()
    }

    fn hurried(&self, terms: HostTerms) -> HostTerms {
        if self.is_sabotaged(Sabotage::HurriedHost) {
            return HostTerms { delay: Duration::ZERO, ..terms };
        }
        terms
    }

    /// Ends somebody's lease behind everybody's back.
    async fn steal(&mut self) -> Done {
        let Some(generation) = self.glass.generation.filter(|_| self.is_sabotaged(Sabotage::StolenLease))
        else {
            return Ok(());
        };
        if let Some((task, lease)) = self.glass.leases.first_key_value() {
            let item = Completion { task: *task, fence: lease.fence, pause: Duration::ZERO };
            self.stores.dispatch.window(generation).complete(&[item], &[], &[]).await?;
        }
        Ok(())
    }
}

//! The statements on the ledger, each one atomic: row locks hold from the first write of a row to the end of its
//! transaction, so two of them on one row come one after the other.

use super::state::{Broken, Fence, Lease, MAX_DEATHS, Postgres, RowState, URLS, bit};
use crate::guard::{Guard, Guards};

/// The answer to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Stored; true when the second URL is new by it.
    Stored(bool),
    /// Open still, for another attempt; true when this one was counted now.
    Waits(bool),
    NotOurs,
}

impl Postgres {
    /// `dispatch_raise_generation`: one caller wins.
    pub(crate) fn raise(&mut self, old: u8, run: u8) -> Option<u8> {
        if self.generation != old {
            return None;
        }
        (self.generation, self.run) = (old + 1, run);
        Some(self.generation)
    }

    /// `dispatch_hydrate`: true when the row is returned.
    pub(crate) fn hydrate(&mut self, url: usize, fence: Fence, guards: Guards, broken: &mut Broken) -> bool {
        let row = &mut self.rows[url];
        let open = row.state == RowState::Open;
        if (guards.hold(Guard::HydrateGeneration) && fence.generation < self.generation)
            || (guards.hold(Guard::HydrateOpen) && !open)
            || (guards.hold(Guard::HydrateFence) && row.fence >= fence)
        {
            return false;
        }
        broken.fence_fell |= fence <= row.fence;
        (row.fence, row.in_hand) = (fence, true);
        true
    }

    /// The commit of a page: its row, its link, the counters and the bill, in one transaction.
    pub(crate) fn store(&mut self, url: usize, fence: Fence, guards: Guards, broken: &mut Broken) -> Applied {
        if !self.is_ours(url, fence, guards) {
            return Applied::NotOurs;
        }
        let row = &mut self.rows[url];
        broken.stale_commit |= row.fence != fence;
        (row.state, row.died) = (RowState::Stored, 0);
        row.effects = (row.effects + 1).min(2);
        self.stored += 1;
        self.billed += 1;
        let link = &mut self.rows[URLS - 1];
        let new = url == 0 && link.state == RowState::Unknown;
        if new {
            link.state = RowState::Open;
        }
        Applied::Stored(new)
    }

    /// The commit of a failed attempt: the row stays open, its attempts are counted.
    pub(crate) fn wait(&mut self, url: usize, fence: Fence, guards: Guards, broken: &mut Broken) -> Applied {
        if !self.is_ours(url, fence, guards) {
            return Applied::NotOurs;
        }
        let row = &mut self.rows[url];
        broken.stale_commit |= row.fence != fence;
        let in_hand = std::mem::take(&mut row.in_hand);
        Applied::Waits(in_hand || !guards.hold(Guard::CountOnce))
    }

    /// The condition of `crawl_urls/end.sql`.
    fn is_ours(&self, url: usize, fence: Fence, guards: Guards) -> bool {
        let row = &self.rows[url];
        (!guards.hold(Guard::CommitOpen) || row.state == RowState::Open)
            && (!guards.hold(Guard::CommitFence) || row.fence == fence)
    }

    /// `dispatch_count_deaths`: an incarnation's death once, however often it is told.
    pub(crate) fn count_death(&mut self, url: usize, lease: Lease, guards: Guards, broken: &mut Broken) {
        let row = &mut self.rows[url];
        let open = row.state == RowState::Open;
        let known = row.died & bit(lease.incarnation) != 0;
        if (guards.hold(Guard::DeathsOpen) && !open) || (guards.hold(Guard::DeathOnce) && known) {
            return;
        }
        broken.died_twice |= known;
        row.died |= bit(lease.incarnation);
        row.deaths = (row.deaths + 1).min(MAX_DEATHS);
        if row.deaths == MAX_DEATHS {
            (row.state, row.died) = (RowState::Failed, 0);
            self.failed += 1;
        }
    }

    pub(crate) fn is_open(&self, url: usize) -> bool {
        self.rows[url].state == RowState::Open
    }

    /// `dispatch_feed`: the open rows.
    pub(crate) fn open_rows(&self) -> [bool; URLS] {
        self.rows.map(|row| row.state == RowState::Open)
    }
}

//! Rebuilding the window, and what befalls Redis.

use super::state::{Keys, Row, State, TTL};
use super::step::Rules;
use crate::guard::Guard;

impl State {
    /// `keep_open`: the steps between the look and `init` are in the other model.
    pub(crate) fn open(&mut self, rules: Rules) -> Option<()> {
        let guards = rules.guards;
        if self.opened == self.generation && self.same_server && self.generation != 0 {
            return None;
        }
        self.generation += 1;
        // Keys of the generation before stay until they are swept; nobody reads them.
        let kept = !guards.hold(Guard::ClaimGeneration) && self.opened != 0;
        let keys = std::mem::take(&mut self.keys);
        self.old = if kept { keys.forgotten() } else { Keys::default() };
        self.opened = self.generation;
        self.same_server = true;
        self.quiet = TTL;
        // `rest_hosts`: before any lane is fed, whoever has the rows in flight.
        if self.rows.iter().any(|row| self.may_be_in_flight(*row)) && guards.hold(Guard::RestAfterRebuild) {
            self.keys.rest = TTL + rules.delay;
        }
        Some(())
    }

    fn may_be_in_flight(&self, row: Row) -> bool {
        !row.ended && row.generation != 0 && row.generation < self.generation
    }

    /// `feed_lanes` and `feed.lua` for the lane of `url`, whenever the refill or the reconciler comes to it.
    pub(crate) fn feed(&mut self, url: usize, rules: Rules) -> Option<()> {
        if self.opened != self.generation || self.opened == 0 || !self.same_server {
            return None;
        }
        let lane = if rules.one_lane { self.rows.as_slice() } else { &self.rows[url..=url] };
        let may_be_in_flight = lane.iter().any(|row| self.may_be_in_flight(*row));
        let pause = if may_be_in_flight && self.quiet > 0 {
            self.quiet + rules.delay
        } else if self.quiet > 0 {
            rules.delay
        } else {
            0
        };
        if rules.guards.hold(Guard::RestAfterRebuild) {
            self.keys.rest = self.keys.rest.max(pause);
        }
        if !self.rows[url].ended && self.keys.leases[url].is_none() {
            self.keys.lane[url] = true;
        }
        Some(())
    }

    pub(crate) fn wipe(&mut self) -> Option<()> {
        self.losses = self.losses.checked_sub(1)?;
        (self.opened, self.keys, self.old) = (0, Keys::default(), Keys::default());
        Some(())
    }

    pub(crate) fn restart(&mut self) -> Option<()> {
        self.losses = self.losses.checked_sub(1)?;
        self.same_server = false;
        Some(())
    }
}

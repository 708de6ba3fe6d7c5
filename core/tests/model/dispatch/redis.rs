//! The scripts of the window, each one atomic.

use super::state::{Lease, Member, Pulse, Redis, Task, URLS, Window};
use crate::guard::{Guard, Guards};

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The window is of another generation, or the incarnation is dead.
    Lost,
    Nothing,
    /// True when it is the answer to an earlier request.
    Task(Task, bool),
}

impl Redis {
    /// `stale()` of the prelude.
    pub(crate) fn is_stale(&self, generation: u8) -> bool {
        self.window.generation != generation
    }

    /// `moved()` of the prelude.
    pub(crate) fn has_moved(&self, generation: u8, guards: Guards) -> bool {
        self.is_stale(generation) || (guards.hold(Guard::ClaimRun) && self.window.run != self.run)
    }

    fn member(&mut self, incarnation: u8) -> &mut Member {
        &mut self.window.members[usize::from(incarnation - 1)]
    }

    /// `init.lua`: true when it opens the generation.
    pub(crate) fn open(&mut self, generation: u8, run: u8, sweeps: bool) -> bool {
        if generation <= self.window.generation || run != self.run {
            return false;
        }
        let garbage = sweeps && self.window != Window::default();
        self.window = Window { generation, run, garbage, ..Window::default() };
        true
    }

    /// `heartbeat.lua` with 'join'.
    pub(crate) fn join(&mut self, incarnation: u8) {
        self.member(incarnation).pulse = Pulse::Alive;
    }

    /// `claim.lua` for one task, on a host that allows `most` at once.
    pub(crate) fn claim(
        &mut self,
        (incarnation, generation): (u8, u8),
        most: usize,
        guards: Guards,
    ) -> Claimed {
        if self.has_moved(generation, guards) {
            return Claimed::Lost;
        }
        let member = *self.member(incarnation);
        if guards.hold(Guard::ClaimAlive) && member.pulse != Pulse::Alive {
            return Claimed::Lost;
        }
        if let Some(task) = member.reply
            && guards.hold(Guard::ClaimReplay)
        {
            return Claimed::Task(task, true);
        }
        let in_flight = self.window.leases.iter().flatten().count();
        let Some(url) = self.window.lane.iter().position(|waits| *waits).filter(|_| in_flight < most) else {
            return Claimed::Nothing;
        };
        self.window.counter += 1;
        let task = Task { url, counter: self.window.counter };
        self.window.lane[url] = false;
        self.window.leases[url] = Some(Lease { counter: task.counter, incarnation });
        self.member(incarnation).reply = Some(task);
        Claimed::Task(task, false)
    }

    /// The answer to a claim has come.
    pub(crate) fn answered(&mut self, incarnation: u8) {
        self.member(incarnation).reply = None;
        if let Some(saved) = &mut self.saved {
            saved.0.members[usize::from(incarnation - 1)].reply = None;
        }
    }

    /// `release` of the prelude: ends a lease if its counter still holds it.
    fn release(&mut self, task: Task, guards: Guards) -> bool {
        let Some(lease) = self.window.leases[task.url] else { return false };
        if guards.hold(Guard::ReleaseOwner) && lease.counter != task.counter {
            return false;
        }
        self.window.leases[task.url] = None;
        true
    }

    /// `enqueue` of the prelude.
    fn enqueue(&mut self, url: usize, guards: Guards) {
        if self.window.leases[url].is_none() || !guards.hold(Guard::EnqueueLeased) {
            self.window.lane[url] = true;
        }
    }

    /// `complete.lua`, with the new URL if there is one.
    pub(crate) fn complete(&mut self, generation: u8, task: Task, new: Option<usize>, guards: Guards) {
        if self.is_stale(generation) {
            // Keys carry their generation: without its comparison it writes into a window that nobody reads.
            self.window.garbage |= !guards.hold(Guard::CompleteGeneration) && new.is_some();
            return;
        }
        self.release(task, guards);
        if let Some(url) = new {
            self.enqueue(url, guards);
        }
    }

    /// `nack.lua`: back to the lane, or to the ledger alone.
    pub(crate) fn nack(&mut self, generation: u8, task: Task, to_lane: bool, guards: Guards) {
        // What the dead held is the reaper's.
        let living = self.window.leases[task.url].is_some_and(|lease| {
            self.window.members[usize::from(lease.incarnation - 1)].pulse == Pulse::Alive
        });
        if !self.is_stale(generation) && living && self.release(task, guards) && to_lane {
            self.enqueue(task.url, guards);
        }
    }

    /// `leave.lua`.
    pub(crate) fn leave(&mut self, generation: u8, incarnation: u8) {
        if self.is_stale(generation) {
            return;
        }
        let holds = self.holds(incarnation);
        let member = self.member(incarnation);
        if !holds {
            *member = Member::default();
        } else if member.pulse != Pulse::Absent {
            member.pulse = Pulse::Left;
        }
    }

    fn holds(&self, incarnation: u8) -> bool {
        self.window.leases.iter().flatten().any(|lease| lease.incarnation == incarnation)
    }

    /// `reap.lua`: ends the lease of a death that was counted; its task goes back unless it has ended.
    pub(crate) fn bury(&mut self, url: usize, lease: Lease, open: bool, guards: Guards) {
        if self.release(Task { url, counter: lease.counter }, guards) && open {
            self.enqueue(url, guards);
        }
    }

    /// `reap.lua`: takes back what was left at a goodbye, and names what the dead hold.
    pub(crate) fn reap(&mut self, guards: Guards) -> [Option<Lease>; URLS] {
        let mut dead = [None; URLS];
        for (url, named) in dead.iter_mut().enumerate() {
            let Some(lease) = self.window.leases[url] else { continue };
            match self.member(lease.incarnation).pulse {
                Pulse::Left => self.take_back(url, guards),
                Pulse::Alive if guards.hold(Guard::ReapExpired) => {}
                _ => *named = Some(lease),
            }
        }
        for incarnation in (1..).take(self.window.members.len()) {
            let holds = self.holds(incarnation);
            let member = self.member(incarnation);
            if matches!(member.pulse, Pulse::Expired | Pulse::Left) && !holds {
                *member = Member::default();
            }
        }
        dead
    }

    /// `reap.lua`, as far as it concerns a lease past its hard deadline. What the dead hold is counted.
    pub(crate) fn is_of_the_dead(&self, url: usize) -> bool {
        let holder = self.window.leases[url].map(|lease| usize::from(lease.incarnation - 1));
        holder.is_some_and(|holder| self.window.members[holder].pulse == Pulse::Expired)
    }

    pub(crate) fn take_back(&mut self, url: usize, guards: Guards) {
        if self.window.leases[url].take().is_some() {
            self.enqueue(url, guards);
        }
    }

    /// `feed.lua`.
    pub(crate) fn feed(&mut self, generation: u8, rows: [bool; URLS], guards: Guards) -> bool {
        if self.has_moved(generation, guards) {
            return false;
        }
        for (url, _) in rows.iter().enumerate().filter(|(_, open)| **open) {
            if self.window.leases[url].is_none() || !guards.hold(Guard::FeedLeased) {
                self.window.lane[url] = true;
            }
        }
        true
    }
}

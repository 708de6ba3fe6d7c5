//! The tasks of the leading scheduler, and what befalls Redis.

use super::state::{Leader, MOST_LOST, Rebuild, State, Window};
use super::step::{Rules, Step};
use crate::guard::{Guard, Guards};

impl State {
    pub(crate) fn take_alone(&mut self, step: Step, rules: Rules) -> Option<()> {
        let guards = rules.guards;
        match step {
            Step::Reap => self.reap(guards),
            Step::CountDeaths => {
                self.count_deaths(guards);
                Some(())
            }
            Step::Look => self.look(rules),
            Step::Raise => self.raise(),
            Step::Open => self.open(rules),
            Step::Sweep => self.sweep(guards),
            Step::Read => self.read(guards),
            Step::Load => self.load(guards),
            Step::LeaderDies => self.leader_dies(),
            Step::Save => self.save(),
            Step::Restart => self.restart(),
            Step::Wipe => self.wipe(),
            _ => None,
        }
    }

    /// The generation that the leader works on, if Redis has it.
    fn works_on(&self) -> Option<u8> {
        Some(self.leader.known).filter(|known| *known != 0 && !self.redis.is_stale(*known))
    }

    /// Script, statement, script: what was counted ends, and what is dead now is named.
    fn reap(&mut self, guards: Guards) -> Option<()> {
        self.works_on()?;
        if self.leader.dead.iter().flatten().any(|(_, counted)| !counted) {
            return None;
        }
        for (url, dead) in std::mem::take(&mut self.leader.dead).into_iter().enumerate() {
            if let Some((lease, _)) = dead {
                self.redis.bury(url, lease, self.postgres.is_open(url), guards);
            }
        }
        self.leader.dead = self.redis.reap(guards).map(|dead| dead.map(|lease| (lease, false)));
        Some(())
    }

    fn count_deaths(&mut self, guards: Guards) {
        for (url, dead) in self.leader.dead.iter_mut().enumerate() {
            if let Some((lease, counted @ false)) = dead {
                self.postgres.count_death(url, *lease, guards, &mut self.broken);
                *counted = true;
            }
        }
    }

    /// The reads of `keep_open`.
    fn look(&mut self, rules: Rules) -> Option<()> {
        if self.leader.rebuild != Rebuild::None {
            return None;
        }
        let generation = self.postgres.generation;
        if !self.is_open(rules.guards) {
            self.leader.known = 0;
            self.leader.rebuild = Rebuild::Needed { old: generation, run: self.redis.run };
        } else if self.leader.known != generation {
            self.take_over(generation, rules);
        }
        Some(())
    }

    fn raise(&mut self) -> Option<()> {
        let Rebuild::Needed { old, run } = self.leader.rebuild else { return None };
        let raised = self.postgres.raise(old, run);
        self.leader.rebuild = raised.map_or(Rebuild::None, |generation| Rebuild::Raised { generation, run });
        Some(())
    }

    fn open(&mut self, rules: Rules) -> Option<()> {
        let Rebuild::Raised { generation, run } = self.leader.rebuild else { return None };
        self.leader.rebuild = Rebuild::None;
        if self.redis.open(generation, run, rules.sweeps) {
            self.take_over(generation, rules);
        }
        Some(())
    }

    fn take_over(&mut self, generation: u8, rules: Rules) {
        self.leader.known = generation;
        // The reconciler reads the same rows at any time.
        self.leader.refill_due = !rules.guards.hold(Guard::Reconciler);
        self.leader.sweep_due = rules.sweeps;
    }

    /// Removes the keys of older generations, once after a rebuild.
    fn sweep(&mut self, guards: Guards) -> Option<()> {
        self.works_on()?;
        if !self.leader.sweep_due || !guards.hold(Guard::Sweep) {
            return None;
        }
        self.leader.sweep_due = false;
        self.redis.window.garbage = false;
        Some(())
    }

    /// The statement of a feed: the refill after a rebuild, or the reconciler's.
    fn read(&mut self, guards: Guards) -> Option<()> {
        let wanted = self.leader.refill_due || guards.hold(Guard::Reconciler);
        if self.leader.known == 0 || !wanted || self.leader.read.is_some() {
            return None;
        }
        self.leader.read = Some((self.leader.known, self.postgres.open_rows()));
        Some(())
    }

    /// The script of a feed, however late.
    fn load(&mut self, guards: Guards) -> Option<()> {
        let (generation, rows) = self.leader.read.take()?;
        if self.redis.feed(generation, rows, guards) && generation == self.leader.known {
            self.leader.refill_due = false;
        }
        Some(())
    }

    fn leader_dies(&mut self) -> Option<()> {
        self.fault()?;
        self.leader = Leader::default();
        Some(())
    }

    fn save(&mut self) -> Option<()> {
        if self.redis.saved.is_some() {
            return None;
        }
        self.losses = self.losses.checked_sub(1)?;
        self.redis.saved = Some(Box::new((self.redis.window.clone(), 0)));
        Some(())
    }

    fn restart(&mut self) -> Option<()> {
        (self.redis.window, _) = *self.redis.saved.take()?;
        self.redis.run += 1;
        Some(())
    }

    fn wipe(&mut self) -> Option<()> {
        self.losses = self.losses.checked_sub(1)?;
        self.redis.window = Window::default();
        Some(())
    }

    /// Redis has changed: what it has saved gets older, until it saves again.
    pub(crate) fn age_saved(&mut self) {
        if let Some(saved) = &mut self.redis.saved {
            saved.1 += 1;
            if saved.1 > MOST_LOST {
                self.redis.saved = None;
                // It was none.
                self.losses += 1;
            }
        }
    }
}

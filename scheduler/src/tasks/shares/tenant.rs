//! What the leader remembers of a tenant between two looks, and what it decides.

use std::time::{Duration, Instant};

use rad_schema::window::ShareUse;

use super::plan;

/// A share that is one of too few stays for so long, so that work gets done before it moves on.
const TURN: Duration = Duration::from_secs(1);

/// What is known of a shard at this moment, for one tenant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// It has answered; `old` tasks of its window before this one may still be in work.
    Open { uses: ShareUse, old: i64 },
    /// Its old work is not counted yet, or it does not answer. `forgotten`: for so long that a tenant that no other shard
    /// has heard of has nothing there.
    Dark { forgotten: bool },
}

/// A tenant's shares.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    /// Per shard, the most that may be in work there since it was last seen.
    bounds: Vec<Option<i64>>,
    turns: Vec<Turn>,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    holds_since: Option<Instant>,
    held_last: Option<Instant>,
}

/// What is to be done for a tenant: shares to lower at once, and what all shall have when there is room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) pool: i64,
    pub(super) targets: Vec<i64>,
}

impl Tenant {
    pub(super) fn new(shards: usize) -> Self {
        let turn = Turn { holds_since: None, held_last: None };
        Self { bounds: vec![None; shards], turns: vec![turn; shards] }
    }

    /// Decides what each shard that is open shall have of `cap`.
    pub(super) fn decide(&mut self, cap: i64, seen: &[Seen], now: Instant) -> Decision {
        self.remember(seen);
        let pool = self.pool(cap, seen);
        let uses: Vec<_> = seen.iter().map(Seen::uses).collect();
        let targets = plan::divide(pool, &uses, &self.order(now));
        for (turn, target) in self.turns.iter_mut().zip(&targets) {
            match (turn.holds_since, *target > 0) {
                (None, true) => turn.holds_since = Some(now),
                (Some(_), false) => *turn = Turn { holds_since: None, held_last: Some(now) },
                _ => {}
            }
        }
        Decision { pool, targets }
    }

    /// A share is about to be raised: even if the answer gets lost, so much may be in work.
    pub(super) fn may_hold(&mut self, shard: usize, most: i64) {
        let bound = &mut self.bounds[shard];
        *bound = Some(bound.unwrap_or(0).max(most));
    }

    fn remember(&mut self, seen: &[Seen]) {
        for (bound, seen) in self.bounds.iter_mut().zip(seen) {
            if let Seen::Open { uses, old } = seen {
                *bound = Some(held(uses) + old);
            }
        }
    }

    /// What the open shards may have together. Of a dark one what it had last stays reserved; where that is not known,
    /// the others get no more than they have.
    fn pool(&self, cap: i64, seen: &[Seen]) -> i64 {
        let unheard = seen.iter().filter_map(Seen::uses).all(|uses| uses.share.is_none());
        let (mut reserved, mut open, mut unknown) = (0, 0, false);
        for (seen, bound) in seen.iter().zip(&self.bounds) {
            match (seen, bound) {
                (Seen::Open { uses, old }, _) => {
                    reserved += old;
                    open += held(uses);
                }
                (Seen::Dark { .. }, Some(bound)) => reserved += bound,
                (Seen::Dark { forgotten }, None) => unknown |= !(*forgotten && unheard),
            }
        }
        let rest = (cap - reserved).max(0);
        if unknown { rest.min(open) } else { rest }
    }

    /// Who comes first where there is not one for all: who has it for less than a turn, then who waits longest.
    fn order(&self, now: Instant) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.turns.len()).collect();
        order.sort_by_key(|shard| {
            let turn = &self.turns[*shard];
            match turn.holds_since {
                Some(since) if now.duration_since(since) < TURN => (0, None),
                Some(_) => (2, None),
                None => (1, turn.held_last),
            }
        });
        order
    }
}

impl Seen {
    pub(super) fn uses(&self) -> Option<ShareUse> {
        match self {
            Self::Open { uses, .. } => Some(*uses),
            Self::Dark { .. } => None,
        }
    }
}

/// What may be in work of a share at any moment until it is set again.
pub(super) fn held(uses: &ShareUse) -> i64 {
    uses.share.unwrap_or(0).max(uses.running)
}

/// The shares that can be raised now so that nothing passes the pool, from what the shards had after the lowering.
/// False beside them: not all have what they shall, because tasks beyond a lowered share still run.
pub(super) fn raises(decision: &Decision, seen: &[Option<ShareUse>]) -> (Vec<(usize, i64)>, bool) {
    let mut free = decision.pool - seen.iter().flatten().map(held).sum::<i64>();
    let (mut raised, mut all) = (Vec::new(), true);
    for (shard, (target, uses)) in decision.targets.iter().zip(seen).enumerate() {
        let Some(uses) = uses else { continue };
        let share = uses.share.unwrap_or(0);
        all &= share <= *target;
        if *target <= share && uses.share.is_some() {
            continue;
        }
        // Up to what runs there it costs nothing.
        let most = (*target).min(held(uses) + free.max(0));
        free -= (most - held(uses)).max(0);
        all &= most >= *target;
        if most > share || uses.share.is_none() {
            raised.push((shard, most.max(share)));
        }
    }
    (raised, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(share: i64, running: i64, offered: i64) -> ShareUse {
        ShareUse { share: Some(share), running, offered, fell_short: false }
    }

    fn open(share: i64, running: i64, offered: i64) -> Seen {
        Seen::Open { uses: uses(share, running, offered), old: 0 }
    }

    const DARK: Seen = Seen::Dark { forgotten: false };

    #[test]
    fn the_only_task_of_a_tenant_goes_round_its_shards() {
        let (mut tenant, begun) = (Tenant::new(2), Instant::now());
        let mut had = Vec::new();
        let mut share = [0, 0];
        for tick in 0..60 {
            let now = begun + Duration::from_millis(100) * tick;
            let seen = [open(share[0], share[0], 3), open(share[1], share[1], 3)];
            let targets = tenant.decide(1, &seen, now).targets;
            assert_eq!(targets.iter().sum::<i64>(), 1);
            share = [targets[0], targets[1]];
            had.push(share[1]);
        }
        let second: i64 = had.iter().sum();
        assert!((25..=35).contains(&second), "{had:?}");
    }

    #[test]
    fn what_a_dark_shard_had_stays_reserved() {
        let (mut tenant, now) = (Tenant::new(2), Instant::now());
        tenant.decide(10, &[open(6, 2, 0), open(4, 4, 9)], now);
        assert_eq!(tenant.decide(10, &[DARK, open(4, 4, 9)], now).targets, [0, 4]);
        let old = Seen::Open { uses: ShareUse { share: None, ..uses(0, 0, 0) }, old: 2 };
        assert_eq!(tenant.decide(10, &[old, open(4, 4, 9)], now).pool, 8, "two are still in work there");
        tenant.may_hold(0, 7);
        assert_eq!(tenant.decide(10, &[DARK, open(4, 4, 9)], now).pool, 3);
    }

    #[test]
    fn of_an_unknown_shard_the_worst_is_believed() {
        let now = Instant::now();
        let pool = |seen: &[Seen]| Tenant::new(2).decide(10, seen, now).pool;
        assert_eq!(pool(&[DARK, open(4, 1, 9)]), 4);
        assert_eq!(pool(&[Seen::Dark { forgotten: true }, open(4, 1, 9)]), 4, "it has had shares");
        let unheard = Seen::Open { uses: ShareUse { share: None, ..uses(0, 0, 1) }, old: 0 };
        assert_eq!(pool(&[DARK, unheard]), 0);
        assert_eq!(pool(&[Seen::Dark { forgotten: true }, unheard]), 10);
    }

    #[test]
    fn nothing_is_raised_before_what_was_lowered_has_ended() {
        let decision = Decision { pool: 3, targets: vec![0, 3] };
        let draining = [Some(uses(0, 2, 5)), Some(uses(0, 0, 5))];
        assert_eq!(raises(&decision, &draining), (vec![(1, 1)], false));
        let ended = [Some(uses(0, 0, 5)), Some(uses(1, 1, 5))];
        assert_eq!(raises(&decision, &ended), (vec![(1, 3)], true));
        let unheard = ShareUse { share: None, ..uses(0, 0, 0) };
        assert_eq!(raises(&decision, &[Some(unheard), None]), (vec![(0, 0)], true), "0 is said as well");
        let not_lowered = [Some(uses(2, 0, 0)), Some(uses(1, 1, 5))];
        assert_eq!(raises(&decision, &not_lowered), (vec![], false));
    }
}

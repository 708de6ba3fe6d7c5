//! Every guard is needed: a model without it must find its counterexample.

use crate::dispatch::{self, Dispatch};
use crate::explore::{STUCK, refute};
use crate::guard::Guard;
use crate::hosts::{self, Hosts};
use crate::limits::{self, Limits};

fn caught(guard: Guard, by: &'static str, found: Option<(&'static str, String)>) {
    let (name, trace) = found.unwrap_or_else(|| panic!("nobody misses {guard:?}"));
    assert_eq!(name, by, "without {guard:?}, after\n{trace}");
}

fn dispatch(guard: Guard, (most, faults, losses): (usize, u8, u8), by: &'static str) {
    caught(guard, by, refute(&Dispatch::whole(most, faults, losses).without(&[guard])));
}

fn host(guard: Guard, model: Hosts, by: &'static str) {
    caught(guard, by, refute(&model.without(&[guard])));
}

#[test]
fn the_guards_of_commit_and_hydrate_are_needed() {
    dispatch(Guard::CommitFence, (1, 1, 0), dispatch::STALE_COMMIT);
    dispatch(Guard::CommitOpen, (1, 0, 0), dispatch::ONE_STORE);
    dispatch(Guard::HydrateFence, (1, 1, 0), dispatch::FENCES_RISE);
    let failures = Dispatch::whole(1, 1, 0).with_failures().without(&[Guard::CountOnce]);
    caught(Guard::CountOnce, dispatch::EFFECT_ONCE, refute(&failures));
}

#[test]
fn the_guards_of_claim_are_needed() {
    dispatch(Guard::ClaimRun, (1, 0, 1), dispatch::ONE_HAND);
    dispatch(Guard::ClaimAlive, (1, 1, 0), dispatch::FINDABLE);
    dispatch(Guard::ClaimReplay, (1, 0, 0), dispatch::NO_ORPHAN);
}

#[test]
fn the_guards_of_leases_and_lanes_are_needed() {
    dispatch(Guard::ReleaseOwner, (1, 1, 0), dispatch::ONE_HAND);
    dispatch(Guard::ReapExpired, (1, 0, 0), dispatch::ONE_HAND);
    dispatch(Guard::EnqueueLeased, (2, 0, 0), dispatch::ONE_HAND);
    dispatch(Guard::FeedLeased, (2, 0, 0), dispatch::ONE_HAND);
}

#[test]
fn what_repairs_is_needed() {
    dispatch(Guard::Reconciler, (1, 1, 0), STUCK);
    dispatch(Guard::HardDeadline, (1, 1, 0), STUCK);
    dispatch(Guard::LeaderRun, (1, 0, 1), STUCK);
}

#[test]
fn deaths_count_once_and_against_open_rows_only() {
    dispatch(Guard::DeathsOpen, (1, 2, 0), dispatch::COUNTERS);
    dispatch(Guard::DeathOnce, (1, 2, 0), dispatch::DEATH_ONCE);
}

#[test]
fn old_keys_need_their_sweep_and_scripts_their_generation() {
    for guard in [Guard::Sweep, Guard::CompleteGeneration] {
        caught(guard, STUCK, refute(&Dispatch::whole(1, 0, 1).with_sweeps().without(&[guard])));
    }
}

#[test]
fn the_guards_of_heartbeats_are_needed() {
    host(Guard::SelfAbort, Hosts::whole(0, 0), hosts::ONE_AT_A_TIME);
    host(Guard::RenewGone, Hosts::whole(1, 0), hosts::ONE_AT_A_TIME);
}

#[test]
fn the_guards_of_host_clocks_are_needed() {
    host(Guard::HostConcurrency, Hosts::whole(0, 0), hosts::ONE_AT_A_TIME);
    host(Guard::HostClock, Hosts::whole(0, 0), hosts::DELAY_KEPT);
    host(Guard::RestAfterFetch, Hosts::whole(0, 0), hosts::DELAY_KEPT);
    host(Guard::RestAfterReap, Hosts::whole(1, 0).slow(), hosts::DELAY_KEPT);
    host(Guard::RestAfterRebuild, Hosts::whole(0, 1), hosts::ONE_AT_A_TIME);
    let failing = Hosts::whole(0, 1).with_failing_locks();
    host(Guard::HydrateGeneration, failing, hosts::ONE_AT_A_TIME);
    let both = [Guard::HydrateGeneration, Guard::LockGeneration];
    let found = refute(&Hosts::whole(0, 1).without(&both));
    caught(Guard::LockGeneration, hosts::ONE_AT_A_TIME, found);
}

#[test]
fn the_guards_of_limits_are_needed() {
    for (guard, by) in [
        (Guard::CommitOpen, limits::STORED_ONCE),
        (Guard::LimitInUpdate, limits::WITHIN_LIMIT),
        (Guard::OneTransaction, limits::BILLED),
        (Guard::RollBack, limits::BILLED),
        (Guard::Unpark, STUCK),
    ] {
        caught(guard, by, refute(&Limits::whole(1).without(&[guard])));
    }
}

/// They save work, and others stand before or behind them: the open state in the commit; the comparison in hydrate.
#[test]
fn three_guards_only_save_work() {
    let without = Dispatch::whole(1, 1, 0).without(&[Guard::HydrateOpen]);
    assert_eq!(refute(&without), None);
    for guard in [Guard::ClaimGeneration, Guard::LockGeneration] {
        let without = Hosts::whole(0, 1).without(&[guard]);
        assert_eq!(refute(&without), None);
    }
}

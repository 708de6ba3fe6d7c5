//! Explicit-state models of the fleet's protocol: every order of steps, every fault, within small bounds.
//!
//! `docs/model.md` says what is modelled and what is not. `RAD_MODEL_DEPTH=1` allows one fault more.

mod dispatch;
mod explore;
mod guard;
mod hosts;
mod limits;
mod mutations;

use self::dispatch::Dispatch;
use self::explore::{faults, prove};
use self::hosts::Hosts;
use self::limits::Limits;

#[test]
fn whatever_befalls_processes_every_effect_happens_once_and_the_end_stays_within_reach() {
    let states = prove("processes", &Dispatch::whole(1, faults(1), 0).with_failures());
    assert!(states > 50_000, "the model has shrunk to {states} states");
}

#[test]
fn whatever_befalls_redis_every_effect_happens_once_and_the_end_stays_within_reach() {
    let states = prove("Redis", &Dispatch::whole(1, 0, faults(1)).with_sweeps());
    assert!(states > 70_000, "the model has shrunk to {states} states");
}

#[test]
fn a_host_that_allows_two_requests_is_no_different() {
    let states = prove("two requests at once", &Dispatch::whole(2, faults(0), 0));
    assert!(states > 1_000, "the model has shrunk to {states} states");
}

#[test]
fn a_host_sees_one_request_at_a_time_whoever_dies_or_sleeps() {
    let states = prove("host, processes", &Hosts::whole(faults(1), 0).slow());
    assert!(states > 50_000, "the model has shrunk to {states} states");
}

#[test]
fn a_host_of_one_tenant_sees_one_request_at_a_time_across_a_rebuild() {
    let states = prove("host, Redis", &Hosts::whole(0, faults(1)).with_failing_locks());
    assert!(states > 40_000, "the model has shrunk to {states} states");
}

#[test]
fn tenants_that_share_a_host_do_not_meet_on_it_after_a_rebuild() {
    let states = prove("host, tenants", &Hosts::whole(0, faults(1)).shared());
    assert!(states > 10_000, "the model has shrunk to {states} states");
}

#[test]
fn a_long_delay_is_kept_across_a_rebuild() {
    let states = prove("host, long delay", &Hosts::whole(0, faults(1)).slow());
    assert!(states > 10_000, "the model has shrunk to {states} states");
}

#[test]
fn two_commits_at_once_never_pass_the_limit() {
    let states = prove("limit", &Limits::whole(faults(1)));
    assert!(states > 10_000, "the model has shrunk to {states} states");
}

//! What the models have found in the fleet as it is: each trace stays here until the fleet is changed, and then its
//! test fails and goes.

use crate::dispatch::{self, Dispatch};
use crate::explore::refute;
use crate::hosts::{self, Hosts};

fn found(model_found: Option<(&'static str, String)>) -> &'static str {
    let (name, trace) = model_found.expect("it is not found any more: say so in docs/model.md");
    eprintln!("{name}, after\n{trace}");
    name
}

/// The row of a failed attempt stays open under the same fence, so a commit whose answer was lost counts the
/// attempt a second time.
#[test]
fn a_failed_attempt_whose_answer_is_lost_is_counted_twice() {
    assert_eq!(found(refute(&Dispatch::whole(1, 1, 0).with_failures())), dispatch::EFFECT_ONCE);
}

/// The rest after a rebuild comes with the feed of the lane that has the row in flight. Another tenant's lane on
/// the same host may be fed before, and claimed.
#[test]
fn two_tenants_meet_on_a_host_after_a_rebuild() {
    assert_eq!(found(refute(&Hosts::whole(0, 1).shared())), hosts::ONE_AT_A_TIME);
}

/// A task that was claimed before the rebuild and is hydrated after the feed has read the ledger is in nobody's
/// sight; a call for its URL lock that fails lets it go on.
#[test]
fn a_late_hydrate_meets_the_new_generation_on_its_host() {
    let as_is = Hosts::whole(0, 1).with_failing_locks();
    assert_eq!(found(refute(&as_is)), hosts::ONE_AT_A_TIME);
    assert_eq!(refute(&as_is.with_hydrate_comparing()), None);
}

/// The rest after a rebuild is that of the lease; the host's delay does not follow it.
#[test]
fn a_long_delay_is_cut_short_by_a_rebuild() {
    assert_eq!(found(refute(&Hosts::whole(0, 1).slow())), hosts::DELAY_KEPT);
}

//! What the models have found in the fleet as it is: each trace stays here until the fleet is changed, and then its
//! test fails and goes.

use crate::explore::refute;
use crate::hosts::{self, Hosts};

fn found(model_found: Option<(&'static str, String)>) -> &'static str {
    let (name, trace) = model_found.expect("it is not found any more: say so in docs/model.md");
    eprintln!("{name}, after\n{trace}");
    name
}

/// The rest after a rebuild comes with the feed of the lane that has the row in flight. Another tenant's lane on
/// the same host may be fed before, and claimed.
#[test]
fn two_tenants_meet_on_a_host_after_a_rebuild() {
    assert_eq!(found(refute(&Hosts::whole(0, 1).shared())), hosts::ONE_AT_A_TIME);
}

/// The rest after a rebuild is that of the lease; the host's delay does not follow it.
#[test]
fn a_long_delay_is_cut_short_by_a_rebuild() {
    assert_eq!(found(refute(&Hosts::whole(0, 1).slow())), hosts::DELAY_KEPT);
}

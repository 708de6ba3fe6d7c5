//! A wipe of Redis: no task is lost or taken out of anybody's hands, and tokens rise.

use std::collections::BTreeSet;
use std::time::Duration;

use rad_schema::tasks::Held;
use rad_schema::window::{Errand, WindowError};

use crate::Done;
use crate::outside::{Outside, errand};

#[tokio::test]
async fn holders_keep_their_tasks_over_a_wipe_and_the_rest_is_claimed_once() -> Done {
    let mut outside = Outside::open().await?;
    let mut pushed = BTreeSet::new();
    for n in 0..20_i16 {
        pushed.insert(outside.push("a", n % 10 + 1).await?);
    }
    let mut in_hand = Vec::new();
    for _ in 0..8 {
        in_hand.push(outside.claim_one("before").await?);
    }
    let old = outside.window.clone();
    outside.wipe().await?;
    let refused = old.claim_for(errand(outside.tenant, "before")).await;
    assert!(matches!(refused, Err(WindowError::Stale)), "{refused:?}");
    let mut rest = Vec::new();
    while let Some(task) = outside.claim("after").await? {
        rest.push(task);
    }
    assert_eq!(rest.len(), 12);
    let newest = in_hand.iter().map(|task| task.fence).max();
    assert!(rest.iter().all(|task| Some(task.fence) > newest), "tokens rise over a wipe");
    for task in in_hand.iter().chain(&rest) {
        assert!(matches!(outside.complete(task).await?, Held::Done { .. }));
        pushed.remove(&task.task);
    }
    assert!(pushed.is_empty(), "lost: {pushed:?}");
    assert_eq!(outside.counts().await?, [0, 0, 20, 0]);
    assert_eq!(outside.window.stats().await?.leased, 0);
    outside.finish().await
}

#[tokio::test]
async fn a_lease_that_runs_out_after_a_wipe_comes_back_though_the_window_never_knew_it() -> Done {
    let mut outside = Outside::open().await?;
    outside.push("a", 5).await?;
    let short = Errand { lease: Duration::from_millis(40), ..errand(outside.tenant, "w") };
    let lost = outside.claim_with(short, "w").await?.expect("one waits");
    outside.wipe().await?;
    assert_eq!(outside.lapse_some().await?, (1, 0));
    let again = outside.claim_one("v").await?;
    assert_eq!((again.task, again.row.attempts), (lost.task, 2));
    assert!(matches!(outside.complete(&lost).await?, Held::Lost));
    assert!(matches!(outside.complete(&again).await?, Held::Done { .. }));
    outside.finish().await
}

#[tokio::test]
async fn a_claim_that_never_reached_the_ledger_is_as_if_it_had_not_been() -> Done {
    let mut outside = Outside::open().await?;
    let task = outside.push("a", 5).await?;
    let lost = outside.sent("w").await?.task.expect("one waits");
    outside.wipe().await?;
    let again = outside.claim_one("v").await?;
    assert_eq!((again.task, again.row.attempts), (task, 1), "no attempt was counted");
    assert!(again.fence > lost.fence);
    outside.finish().await
}

//! Who gets which task: order, tenants, kinds, requests that are asked again.

use std::collections::BTreeSet;
use std::time::Duration;

use rad_core::ids::{HostId, TaskId};
use rad_schema::window::Errand;

use crate::Done;
use crate::outside::{Outside, errand, new_task, request};
use crate::stores::run;

#[tokio::test]
async fn the_most_urgent_goes_first_over_all_kinds_and_equals_in_their_order() -> Done {
    let outside = Outside::open().await?;
    let mut pushed = Vec::new();
    for (kind, priority) in [("a", 1), ("b", 5), ("a", 10), ("b", 10), ("c", 5), ("a", 5)] {
        pushed.push(outside.push(kind, priority).await?);
    }
    let mut got = Vec::new();
    while let Some(task) = outside.claim("w").await? {
        got.push(task.task);
    }
    let order: Vec<_> = [2, 3, 1, 4, 5, 0].into_iter().map(|at: usize| pushed[at]).collect();
    assert_eq!(got, order);
    outside.finish().await
}

#[tokio::test]
async fn a_claim_gives_what_was_pushed_and_counts_its_attempt() -> Done {
    let mut outside = Outside::open().await?;
    outside.push("index", 8).await?;
    let row = outside.claim_one("crawler-1").await?.row;
    assert_eq!((row.task_type.as_str(), row.priority, row.attempts, row.max_attempts), ("index", 8, 1, 3));
    assert_eq!(row.resource.as_deref(), Some("https://example.com/"));
    assert_eq!((row.params["max_depth"].as_i64(), row.worker_id.as_deref()), (Some(3), Some("crawler-1")));
    assert!(row.lease_until > row.claimed_at);
    assert_eq!(outside.counts().await?, [0, 1, 0, 0]);
    outside.finish().await
}

#[tokio::test]
async fn no_tenant_gets_a_task_of_another_and_none_waits_for_another() -> Done {
    let outside = Outside::open().await?;
    let other = outside.other_tenant().await?;
    // A backlog of one tenant on the same kinds: its workers are away.
    for _ in 0..50 {
        outside.push("index", 10).await?;
    }
    let mut theirs = BTreeSet::new();
    for _ in 0..5 {
        theirs.insert(outside.push_for(other, &new_task("index", 1)).await?.task);
    }
    let mut got = BTreeSet::new();
    while let Some(task) = outside.claim_with(errand(other, "w"), "w").await? {
        got.insert(task.task);
    }
    assert_eq!(got, theirs);
    let mine = outside.claim_one("w").await?;
    assert!(!theirs.contains(&mine.task));
    outside.finish().await
}

#[tokio::test]
async fn two_tenants_with_a_backlog_are_served_each_by_its_own_workers_at_its_own_pace() -> Done {
    let outside = Outside::open().await?;
    let other = outside.other_tenant().await?;
    for _ in 0..40 {
        outside.push("index", 5).await?;
        outside.push_for(other, &new_task("index", 5)).await?;
    }
    // One asks three times as often. Nobody is held up, nobody is given what is the other's.
    let (mut mine, mut theirs) = (0, 0);
    for round in 0..40 {
        mine += usize::from(outside.claim("fast").await?.is_some());
        if round % 3 == 0 {
            theirs += usize::from(outside.claim_with(errand(other, "slow"), "slow").await?.is_some());
        }
    }
    assert_eq!((mine, theirs), (40, 14));
    outside.finish().await
}

#[tokio::test]
async fn kinds_narrow_a_claim_to_the_most_urgent_of_them() -> Done {
    let outside = Outside::open().await?;
    outside.push("a", 10).await?;
    let wanted = [outside.push("b", 2).await?, outside.push("c", 3).await?];
    let hosts = outside.db().task_lanes_of(outside.tenant, &["b".to_owned(), "c".into(), "d".into()]).await?;
    assert_eq!(hosts.len(), 2, "a kind that was never pushed has no lane");
    let narrow = Errand { hosts: &hosts, ..errand(outside.tenant, "w") };
    let mut got = Vec::new();
    while let Some(task) = outside.claim_with(narrow, "w").await? {
        got.push(task.task);
    }
    assert_eq!(got, [wanted[1], wanted[0]]);
    let nobody = [HostId(999_999)];
    let none = outside.window.claim_for(Errand { hosts: &nobody, ..narrow }).await?;
    assert_eq!((none.task, none.next_due), (None, None));
    outside.finish().await
}

#[tokio::test]
async fn a_request_that_is_asked_again_gets_the_same_task_while_its_lease_stands() -> Done {
    let outside = Outside::open().await?;
    let first = outside.push("a", 9).await?;
    let second = outside.push("a", 5).await?;
    let named = |name| Errand { request: Some(request(name)), ..errand(outside.tenant, "w") };
    let lost = outside.window.claim_for(named("r1")).await?.task.expect("two wait");
    let again = outside.claim_with(named("r1"), "w").await?.expect("the same again");
    assert_eq!((again.task, again.fence, again.row.attempts), (first, lost.fence, 1));
    let thrice = outside.claim_with(named("r1"), "w").await?.expect("the same again");
    assert_eq!((thrice.task, thrice.row.attempts), (first, 1), "an answer that was lost after the ledger");
    let next = outside.claim_with(named("r2"), "w").await?.expect("another");
    assert_eq!(next.task, second);
    outside.complete(&next).await?;
    assert!(outside.claim_with(named("r2"), "w").await?.is_none(), "its lease has ended");
    outside.finish().await
}

#[tokio::test]
async fn the_tenants_claims_at_once_are_bounded() -> Done {
    let outside = Outside::open().await?;
    for _ in 0..3 {
        outside.push("a", 5).await?;
    }
    let narrow = Errand { most: 2, ..errand(outside.tenant, "w") };
    let first = outside.claim_with(narrow, "w").await?.expect("room for two");
    outside.claim_with(narrow, "w").await?.expect("room for one");
    let full = outside.window.claim_for(narrow).await?;
    assert_eq!((full.task, full.next_due), (None, Some(Duration::from_secs(1))));
    outside.complete(&first).await?;
    assert!(outside.claim_with(narrow, "w").await?.is_some());
    outside.finish().await
}

#[tokio::test]
async fn what_ended_behind_the_windows_back_is_passed_over() -> Done {
    let mut outside = Outside::open().await?;
    let mut pushed = Vec::new();
    for _ in 0..5 {
        pushed.push(outside.push("a", 5).await?);
    }
    let sql = format!(
        "UPDATE tasks SET state = 2, expires_at = now() WHERE task_id < {};
         UPDATE task_types SET queued = 1, completed = 4",
        pushed[4]
    );
    run(&mut outside.owner, sql).await?;
    let got: Vec<TaskId> = outside.claim("w").await?.into_iter().map(|task| task.task).collect();
    assert_eq!(got, [pushed[4]]);
    assert!(outside.claim("w").await?.is_none());
    assert_eq!(outside.window.stats().await?.leased, 1, "nothing stays leased in vain");
    outside.finish().await
}

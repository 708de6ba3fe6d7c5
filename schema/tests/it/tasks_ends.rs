//! Ends of claims: completed, failed, retried, lost.

use std::time::Duration;

use rad_core::ids::{Fence, TaskId};
use rad_schema::tasks::{Held, Holder, Outcome, Taken, TaskState};
use rad_schema::window::Errand;
use serde_json::json;

use crate::Done;
use crate::outside::{InHand, LEASE, Outside, errand};

const SHORT: Duration = Duration::from_millis(40);

fn state(held: &Held) -> Option<TaskState> {
    match held {
        Held::Done { task, .. } | Held::Again(task) => Some(task.state),
        Held::Lost | Held::Unknown => None,
    }
}

async fn claim_short(outside: &Outside, name: &str) -> anyhow::Result<InHand> {
    let short = Errand { lease: SHORT, ..errand(outside.tenant, name) };
    Ok(outside.claim_with(short, name).await?.expect("something waits"))
}

#[tokio::test]
async fn a_result_is_kept_and_completing_again_changes_nothing() -> Done {
    let mut outside = Outside::open().await?;
    outside.push("a", 5).await?;
    let task = outside.claim_one("w").await?;
    assert!(matches!(outside.complete(&task).await?, Held::Done { .. }));
    let other = outside.hold(&task, &Outcome::Complete(json!("another result"))).await?;
    let Held::Again(row) = other else { panic!("{other:?}") };
    assert_eq!((row.state, row.result), (TaskState::Completed, Some(json!({ "pages": 42 }))));
    let fail = outside.hold(&task, &Outcome::Fail("too late".to_owned(), None)).await?;
    assert!(matches!(fail, Held::Lost), "{fail:?}");
    assert_eq!(outside.counts().await?, [0, 0, 1, 0]);
    assert_eq!(outside.window.stats().await?.leased, 0);
    outside.finish().await
}

#[tokio::test]
async fn who_holds_a_task_is_told_by_its_token_or_its_worker_or_not_at_all() -> Done {
    let outside = Outside::open().await?;
    outside.push("a", 5).await?;
    let task = outside.claim_one("w").await?;
    let renew = Outcome::Renew(LEASE);
    let wrong = Fence { counter: task.fence.counter + 1, ..task.fence };
    for (fence, worker, right) in [
        (Some(task.fence), Some("w"), true),
        (None, Some("w"), true),
        (None, None, true),
        (Some(wrong), None, false),
        (Some(task.fence), Some("v"), false),
        (None, Some("v"), false),
    ] {
        let held =
            outside.db().hold_task(outside.tenant, task.task, Holder { fence, worker }, &renew).await?;
        assert_eq!(matches!(held, Held::Done { .. }), right, "{fence:?} {worker:?}: {held:?}");
    }
    let unknown = outside.db().hold_task(outside.tenant, TaskId(0), Holder::default(), &renew).await?;
    assert!(matches!(unknown, Held::Unknown));
    let elsewhere = outside.other_tenant().await?;
    let foreign = outside.db().hold_task(elsewhere, task.task, Holder::default(), &renew).await?;
    assert!(matches!(foreign, Held::Unknown), "{foreign:?}");
    outside.finish().await
}

#[tokio::test]
async fn a_queued_task_is_nobodys_to_end() -> Done {
    let mut outside = Outside::open().await?;
    let task = outside.push("a", 5).await?;
    let complete = Outcome::Complete(json!(1));
    let held = outside.db().hold_task(outside.tenant, task, Holder::default(), &complete).await?;
    assert!(matches!(held, Held::Lost), "{held:?}");
    assert_eq!(outside.counts().await?, [1, 0, 0, 0]);
    outside.finish().await
}

#[tokio::test]
async fn a_failure_without_a_retry_is_for_good_and_its_error_is_kept() -> Done {
    let mut outside = Outside::open().await?;
    outside.push("a", 5).await?;
    let task = outside.claim_one("w").await?;
    let held = outside.hold(&task, &Outcome::Fail("no such page".to_owned(), None)).await?;
    let Held::Done { task: row, .. } = held else { panic!("{held:?}") };
    assert_eq!((row.state, row.error.as_deref()), (TaskState::Failed, Some("no such page")));
    assert!(outside.claim("w").await?.is_none());
    assert_eq!(outside.counts().await?, [0, 0, 0, 1]);
    outside.finish().await
}

#[tokio::test]
async fn a_retry_comes_back_when_it_is_due_until_its_last_attempt_has_failed() -> Done {
    let mut outside = Outside::open().await?;
    outside.push("a", 5).await?;
    let later = Outcome::Fail("busy".to_owned(), Some(Duration::from_mins(10)));
    let first = outside.claim_one("w").await?;
    let held = outside.hold(&first, &later).await?;
    assert_eq!(state(&held), Some(TaskState::Queued));
    outside.feed().await?;
    let waits = outside.sent("w").await?;
    assert!(waits.task.is_none() && waits.next_due > Some(Duration::from_mins(9)), "{waits:?}");
    crate::stores::run(&mut outside.owner, "UPDATE tasks SET rank = 0".to_owned()).await?;
    outside.wipe().await?;
    let soon = Outcome::Fail("busy".to_owned(), Some(Duration::ZERO));
    let second = outside.claim_one("w").await?;
    assert_eq!(
        (second.row.attempts, state(&outside.hold(&second, &soon).await?)),
        (2, Some(TaskState::Queued))
    );
    outside.feed().await?;
    let third = outside.claim_when_due("w").await?;
    let dead = outside.hold(&third, &soon).await?;
    assert_eq!((third.row.attempts, state(&dead)), (3, Some(TaskState::Failed)));
    assert_eq!(outside.counts().await?, [0, 0, 0, 1]);
    outside.finish().await
}

#[tokio::test]
async fn a_lease_that_ran_out_goes_to_the_next_with_its_old_rank_and_its_first_holder_is_refused() -> Done {
    let mut outside = Outside::open().await?;
    outside.push("a", 9).await?;
    outside.push("a", 5).await?;
    let late = claim_short(&outside, "slow").await?;
    assert_eq!(outside.lapse_some().await?, (1, 0));
    let next = outside.claim_one("quick").await?;
    assert_eq!((next.task, next.row.attempts), (late.task, 2), "before the less urgent");
    assert!(next.fence > late.fence);
    assert!(matches!(outside.complete(&late).await?, Held::Lost));
    assert!(matches!(outside.complete(&next).await?, Held::Done { .. }));
    assert!(matches!(outside.complete(&late).await?, Held::Lost), "ended by another");
    assert_eq!(outside.counts().await?, [1, 0, 1, 0]);
    outside.finish().await
}

#[tokio::test]
async fn a_task_whose_leases_all_run_out_is_given_up() -> Done {
    let mut outside = Outside::open().await?;
    let task = outside.push("a", 5).await?;
    for attempt in 1..=3 {
        let deadline = claim_short(&outside, "w").await?;
        assert_eq!(deadline.row.attempts, attempt);
        assert_eq!(outside.lapse_some().await?, if attempt < 3 { (1, 0) } else { (0, 1) });
    }
    assert!(outside.claim("w").await?.is_none());
    let row = outside.db().task(outside.tenant, task).await?.expect("it can be read for a day");
    assert_eq!(row.state, TaskState::Failed);
    assert!(row.error.is_some_and(|error| error.contains("attempt 3 of 3")));
    assert_eq!(outside.counts().await?, [0, 0, 0, 1]);
    outside.finish().await
}

#[tokio::test]
async fn a_renewed_lease_ends_later_in_both_stores() -> Done {
    let outside = Outside::open().await?;
    outside.push("a", 5).await?;
    let minute = Errand { lease: Duration::from_mins(1), ..errand(outside.tenant, "w") };
    let task = outside.claim_with(minute, "w").await?.expect("one waits");
    let mut raw = outside.redis.connect().await?;
    let mut ask = redis::cmd("EVAL");
    let hard = "local _, hard = struct.unpack('<I6I6', redis.call('HGET', KEYS[1], ARGV[1])) return hard";
    let deadline = ask.arg(hard).arg(1).arg("{q0}:tasks:g1:L").arg(task.task.0);
    let before: i64 = deadline.query_async(&mut raw).await?;
    let Held::Done { task: row, .. } = outside.hold(&task, &Outcome::Renew(LEASE)).await? else {
        panic!("the lease runs for a minute")
    };
    assert!(row.lease_until > task.row.lease_until, "{row:?}");
    assert!(outside.window.extend(task.task, task.fence, LEASE).await?);
    let after: i64 = deadline.query_async(&mut raw).await?;
    assert!(after - before > 200_000, "{before} to {after}");
    let foreign = Fence { counter: task.fence.counter + 1, ..task.fence };
    assert!(!outside.window.extend(task.task, foreign, LEASE).await?);
    assert!(matches!(outside.complete(&task).await?, Held::Done { .. }));
    assert!(!outside.window.extend(task.task, task.fence, LEASE).await?);
    outside.finish().await
}

#[tokio::test]
async fn what_the_ledger_says_is_held_is_not_given_to_another_though_the_window_gave_it_back() -> Done {
    let outside = Outside::open().await?;
    outside.push("a", 5).await?;
    // As after a renewal that reached the ledger alone: the window's copy of the lease runs out.
    let short = Errand { lease: SHORT, ..errand(outside.tenant, "w") };
    let claimed = outside.window.claim_for(short).await?.task.expect("one waits");
    let taken = outside.db().take_task(outside.tenant, claimed.task, claimed.fence, "w", LEASE).await?;
    let Taken::Task(row) = taken else { panic!("{taken:?}") };
    while outside.window.stats().await?.leased > 0 {
        outside.window.reap(&[], 10).await?;
        tokio::task::yield_now().await;
    }
    assert!(outside.claim("other").await?.is_none());
    let due = outside.sent("other").await?.next_due;
    assert!(due > Some(Duration::from_mins(4)), "it waits for the lease's end: {due:?}");
    let task = InHand { task: claimed.task, fence: claimed.fence, row: *row };
    assert!(matches!(outside.complete(&task).await?, Held::Done { .. }));
    outside.finish().await
}

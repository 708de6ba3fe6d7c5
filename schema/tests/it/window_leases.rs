//! Leases: whose they are, how they end, and what a call without one may do.

use std::time::Duration;

use rad_core::ids::{Hash128, Incarnation, TenantId};
use rad_schema::window::{Nack, Requeue, WindowError};

use crate::Done;
use crate::rig::{Rig, TERMS, completion, lane, lane_feed, numbers, wrong};
use crate::window_reaper::{SHORT, reap};

#[tokio::test]
async fn every_call_of_an_older_generation_is_stale_and_changes_nothing() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1), (101, 2)]).await?;
    let task = rig.claim_one(worker).await?;
    assert!(rig.dispatch.open(2, &rig.dispatch.run_id().await?).await?);
    let before = everything(&rig).await?;
    let old = &rig.window;
    let nack = Nack { task: task.task, fence: task.fence, requeue: Requeue::SameRank, pause: Duration::ZERO };
    let answers = [
        ("join", old.join(Incarnation(2), TERMS).await.err()),
        ("renew", old.renew(worker, TERMS).await.err()),
        ("claim", old.claim(worker, 99, 1, TERMS).await.err()),
        ("lock", old.lock(&[(task.task, task.fence, Hash128(1))], TERMS).await.err()),
        ("complete", old.complete(&[completion(&task)], &[], &[]).await.err()),
        ("nack", old.nack(&[nack]).await.err()),
        ("feed", old.feed(&lane_feed(1, 11, &[(110, 1)])).await.err()),
        ("park", old.park(TenantId(1)).await.err()),
        ("reap", old.reap(&[], 10).await.err()),
        ("audit", old.audit(&[lane(1, 10)], false).await.err()),
        ("stats", old.stats().await.err()),
        ("leave", old.leave(worker).await.err()),
    ];
    for (call, answer) in answers {
        assert!(matches!(answer, Some(WindowError::Stale)), "{call}: {answer:?}");
    }
    assert_eq!(everything(&rig).await?, before);
    Ok(())
}

/// All keys with their contents.
async fn everything(rig: &Rig) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut keys: Vec<String> = rig.ask("KEYS *").await?;
    keys.sort();
    let mut all = Vec::new();
    for key in keys {
        let content = redis::cmd("DUMP").arg(&key).query_async(&mut rig.raw.clone()).await?;
        all.push((key, content));
    }
    Ok(all)
}

#[tokio::test]
async fn a_worker_whose_time_has_passed_is_gone() -> Done {
    let rig = Rig::open().await?;
    let worker = Incarnation(1);
    rig.window.join(worker, SHORT).await?;
    rig.window.renew(worker, SHORT).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    assert_eq!(numbers(&rig.window.claim(worker, 1, 1, TERMS).await?.tasks), [100]);
    assert_eq!(reap(&rig).await?.dead, [100]);
    for answer in [
        rig.window.renew(worker, TERMS).await.err(),
        rig.window.claim(worker, 1, 1, TERMS).await.err(),
        rig.window.claim(worker, 2, 1, TERMS).await.err(),
    ] {
        assert!(matches!(answer, Some(WindowError::Gone)), "{answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_fence_ends_no_lease() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    let other = rad_schema::window::Claimed { fence: wrong(task.fence), ..task };
    assert_eq!(rig.complete(&other).await?, 0);
    assert_eq!(rig.nack(&other, Requeue::SameRank).await?, 0);
    assert_eq!(rig.window.stats().await?.leased, 1);
    assert_eq!(rig.complete(&task).await?, 1);
    assert_eq!(rig.complete(&task).await?, 0, "a lease ends once");
    assert_eq!(rig.window.stats().await?.leased, 0);
    Ok(())
}

#[tokio::test]
async fn a_late_completion_does_not_end_the_lease_of_the_next_worker() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.join(Incarnation(1), SHORT).await?;
    let second = rig.worker(2).await?;
    rig.feed(1, 10, &[(100, 7)]).await?;
    let late = rig.window.claim(Incarnation(1), 1, 1, TERMS).await?.tasks[0];
    reap(&rig).await?;
    let now = rig.claim_one(second).await?;
    assert_eq!((now.task, now.rank), (late.task, 7));
    assert!(now.fence > late.fence);
    assert_eq!(rig.complete(&late).await?, 0);
    assert_eq!(rig.complete(&now).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_task_handed_back_keeps_its_rank_or_gets_a_new_one_or_leaves_the_window() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2), (102, 3)]).await?;
    let tasks = rig.claim(worker, 3).await?;
    rig.nack(&tasks[2], Requeue::SameRank).await?;
    rig.nack(&tasks[1], Requeue::At(9)).await?;
    rig.nack(&tasks[0], Requeue::Ledger).await?;
    let again = rig.claim(worker, 3).await?;
    assert_eq!(again.iter().map(|task| (task.task.0, task.rank)).collect::<Vec<_>>(), [(102, 3), (101, 9)]);
    Ok(())
}

//! What a claim takes, and in which order.

use rad_core::ids::Incarnation;
use rad_schema::window::{Requeue, WindowError};

use crate::Done;
use crate::rig::{Rig, TERMS, numbers};

#[tokio::test]
async fn the_most_urgent_task_of_a_lane_is_claimed_first() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 30), (101, 10), (102, -5), (103, 20)]).await?;
    assert_eq!(numbers(&rig.claim(worker, 3).await?), [102, 101, 103]);
    assert_eq!(numbers(&rig.claim(worker, 3).await?), [100]);
    assert_eq!(numbers(&rig.claim(worker, 3).await?), [] as [i64; 0]);
    Ok(())
}

#[tokio::test]
async fn a_more_urgent_task_goes_before_those_that_wait_already() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let now = rig.now_us().await?;
    // A step of priority is worth 30 s: five steps put the task before what came four seconds earlier.
    rig.feed_with((1, 10), (0, 8), &[(100, now - 4_000_000), (101, now - 3_000_000)]).await?;
    rig.push(1, 10, &[(102, now - 150_000_000)]).await?;
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [102, 100, 101]);
    Ok(())
}

#[tokio::test]
async fn the_host_with_the_most_urgent_task_is_served_first() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 50)]).await?;
    rig.feed(1, 11, &[(110, 40)]).await?;
    // An urgent task that enters a lane whose host is offered already must move the offer up.
    rig.push(1, 10, &[(101, 30)]).await?;
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [101, 110]);
    Ok(())
}

#[tokio::test]
async fn a_task_that_is_not_due_waits_and_the_claim_says_for_how_long() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let due = rig.now_us().await? + 60_000;
    rig.feed(1, 10, &[(100, due)]).await?;
    let batch = rig.claim_batch(worker, 1).await?;
    assert_eq!(numbers(&batch.tasks), [] as [i64; 0]);
    let wait = batch.next_due.expect("the host cools until the task is due");
    assert!((1..=61).contains(&wait.as_millis()), "{wait:?}");
    assert_eq!(rig.claim_when_due(worker).await?.task.0, 100);
    assert!(rig.now_us().await? >= due, "claimed before its time");
    Ok(())
}

#[tokio::test]
async fn a_due_task_overtakes_a_host_that_waits_for_a_later_one() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let far = rig.now_us().await? + 3_600_000_000;
    rig.feed(1, 10, &[(100, far)]).await?;
    assert_eq!(rig.claim(worker, 1).await?, []);
    rig.push(1, 10, &[(101, 5)]).await?;
    assert_eq!(numbers(&rig.claim(worker, 1).await?), [101]);
    Ok(())
}

#[tokio::test]
async fn a_tenant_never_has_more_tasks_in_hand_than_its_cap() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in 0..10 {
        let feed =
            rad_schema::window::LaneFeed { cap: 3, ..crate::rig::lane_feed(1, host, &[(100 + host, 1)]) };
        rig.window.feed(&feed).await?;
    }
    let first = rig.claim(worker, 32).await?;
    assert_eq!(first.len(), 3);
    assert_eq!(rig.claim(worker, 32).await?, []);
    rig.complete(&first[0]).await?;
    assert_eq!(rig.claim(worker, 32).await?.len(), 1);
    rig.nack(&first[1], Requeue::Ledger).await?;
    assert_eq!(rig.claim(worker, 32).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_lowered_cap_binds_at_once_and_a_raised_one_lets_the_tenant_go_on() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let with_cap = |cap| rad_schema::window::LaneFeed {
        cap,
        ..crate::rig::lane_feed(1, 10, &[(100, 1), (101, 2), (102, 3), (103, 4)])
    };
    let open = |cap| rad_schema::window::LaneFeed { terms: Some(crate::rig::terms(0, 8)), ..with_cap(cap) };
    rig.window.feed(&open(4)).await?;
    assert_eq!(rig.claim(worker, 2).await?.len(), 2);
    rig.window.feed(&open(2)).await?;
    assert_eq!(rig.claim(worker, 2).await?, [], "two are in hand and two are allowed");
    rig.window.feed(&open(3)).await?;
    assert_eq!(rig.claim(worker, 2).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_same_request_gives_the_same_batch() -> Done {
    let rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2), (102, 3)]).await?;
    let first = rig.window.claim(worker, 7, 2, TERMS).await?.tasks;
    let again = rig.window.claim(worker, 7, 2, TERMS).await?.tasks;
    assert_eq!(first, again);
    assert_eq!(numbers(&first), [100, 101]);
    assert_eq!(rig.window.stats().await?.leased, 2);
    assert_eq!(numbers(&rig.window.claim(worker, 8, 2, TERMS).await?.tasks), [102]);
    // Another incarnation's request of the same number is another request.
    rig.worker(2).await?;
    assert_eq!(rig.window.claim(Incarnation(2), 7, 2, TERMS).await?.tasks, []);
    Ok(())
}

#[tokio::test]
async fn fences_rise_with_every_claim_of_every_worker() -> Done {
    let mut rig = Rig::open().await?;
    let workers = [rig.worker(1).await?, rig.worker(2).await?];
    let mut last = 0;
    rig.feed(1, 10, &[(100, 1)]).await?;
    for turn in 0..6 {
        let task = rig.claim_one(workers[turn % 2]).await?;
        assert!(task.fence.counter > last && task.fence.generation == 1);
        last = task.fence.counter;
        rig.nack(&task, Requeue::SameRank).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_that_never_joined_claims_nothing() -> Done {
    let rig = Rig::open().await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let refused = rig.window.claim(Incarnation(9), 1, 1, TERMS).await;
    assert!(matches!(refused, Err(WindowError::Gone)), "{refused:?}");
    assert_eq!(rig.window.stats().await?.leased, 0);
    Ok(())
}

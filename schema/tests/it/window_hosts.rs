//! A host is one host: its concurrency, its delay and its push-backs.

use std::time::Duration;

use rad_core::ids::HostId;
use rad_schema::window::{Completion, LaneFeed, Nack, Requeue};

use crate::Done;
use crate::rig::{Rig, completion, lane_feed, numbers, terms};

/// Milliseconds that the tests make a host rest: long enough to be seen, short enough to wait for.
const DELAY_MS: u64 = 60;

#[tokio::test]
async fn a_host_takes_one_request_at_a_time_until_its_terms_are_known() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1), (101, 2), (102, 3), (103, 4)]).await?;
    rig.feed(2, 10, &[(200, 1), (201, 2)]).await?;
    let first = rig.claim(worker, 32).await?;
    assert_eq!(first.len(), 1);
    let known = [(HostId(10), terms(0, 3))];
    rig.window.complete(&[completion(&first[0])], &known, &[]).await?;
    assert_eq!(rig.claim(worker, 32).await?.len(), 3);
    assert_eq!(rig.claim(worker, 32).await?, []);
    Ok(())
}

#[tokio::test]
async fn terms_that_arrive_alone_open_a_host_that_was_full() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1), (101, 2), (102, 3)]).await?;
    assert_eq!(rig.claim(worker, 32).await?.len(), 1);
    rig.window.complete(&[], &[(HostId(10), terms(0, 2))], &[]).await?;
    assert_eq!(numbers(&rig.claim(worker, 32).await?), [101]);
    Ok(())
}

#[tokio::test]
async fn terms_that_allow_less_bind_at_once() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 4), &[(100, 1), (101, 2), (102, 3), (103, 4)]).await?;
    let first = rig.claim(worker, 2).await?;
    assert_eq!(first.len(), 2);
    rig.window.complete(&[], &[(HostId(10), terms(0, 1))], &[]).await?;
    assert_eq!(rig.claim(worker, 32).await?, [], "two are in flight and one is allowed");
    rig.complete(&first[0]).await?;
    assert_eq!(rig.claim(worker, 32).await?, [], "one is in flight and one is allowed");
    rig.complete(&first[1]).await?;
    assert_eq!(numbers(&rig.claim(worker, 32).await?), [102]);
    Ok(())
}

#[tokio::test]
async fn a_host_whose_last_lane_goes_while_it_cools_is_forgotten_whole() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let due = rig.now_us().await? + 60_000;
    rig.feed(1, 10, &[(100, due)]).await?;
    let parked = LaneFeed { parked: true, ..lane_feed(1, 10, &[]) };
    rig.window.feed(&parked).await?;
    assert_eq!(rig.window.stats().await?.cooling, 0, "it would be offered again when that is over");

    // Else it would be offered a second time while a request is under way.
    rig.feed(1, 10, &[(100, 1), (101, 2)]).await?;
    rig.feed(2, 10, &[(200, 1)]).await?;
    let _: i64 = rig.ask("ZADD $/cool 1 10").await?;
    assert_eq!(rig.claim(worker, 32).await?.len(), 1, "it takes one request at a time");
    assert_eq!(rig.window.stats().await?.cooling, 0, "what was wrong is mended by the next look");
    Ok(())
}

#[tokio::test]
async fn the_delay_of_a_host_counts_from_the_end_of_a_request() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (DELAY_MS, 1), &[(100, 1), (101, 2), (102, 3)]).await?;
    let mut task = rig.claim_one(worker).await?;
    for _ in 0..2 {
        rig.complete(&task).await?;
        let ended = rig.now_us().await?;
        let batch = rig.claim_batch(worker, 1).await?;
        assert_eq!(batch.tasks, [], "claimed before the delay was over");
        let wait = batch.next_due.expect("the host cools").as_millis();
        assert!((1..=u128::from(DELAY_MS)).contains(&wait), "{wait} ms");
        task = rig.claim_when_due(worker).await?;
        let gap = rig.now_us().await? - ended;
        // The scripts count in whole milliseconds.
        assert!(gap >= i64::try_from(DELAY_MS)? * 1000 - 1000, "{gap} us");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_that_takes_several_is_paced_from_start_to_start() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (DELAY_MS, 3), &[(100, 1), (101, 2), (102, 3), (103, 4)]).await?;
    let mut started = Vec::new();
    for _ in 0..3 {
        rig.claim_when_due(worker).await?;
        started.push(rig.now_us().await?);
        assert_eq!(rig.claim(worker, 32).await?, []);
    }
    assert!(
        started.windows(2).all(|pair| pair[1] - pair[0] >= i64::try_from(DELAY_MS).unwrap() * 1000 - 2000)
    );
    assert_eq!(rig.claim_batch(worker, 1).await?.next_due, None, "three are in flight: nothing to wait for");
    Ok(())
}

#[tokio::test]
async fn a_push_back_holds_the_host_for_all_tenants_and_never_shortens() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1), (101, 2)]).await?;
    rig.feed(2, 10, &[(200, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    let long = Completion { pause: Duration::from_mins(1), ..completion(&task) };
    rig.window.complete(&[long], &[], &[]).await?;
    let wait = rig.claim_batch(worker, 32).await?.next_due.expect("the host cools");
    assert!(wait > Duration::from_secs(50), "{wait:?}");
    // A shorter pause that is learnt later, from the ledger say, changes nothing.
    rig.window.feed(&LaneFeed { pause: Duration::from_secs(5), ..lane_feed(3, 10, &[(300, 1)]) }).await?;
    let batch = rig.claim_batch(worker, 32).await?;
    assert_eq!(batch.tasks, []);
    assert!(batch.next_due.expect("the host cools") > Duration::from_secs(50));
    Ok(())
}

#[tokio::test]
async fn a_pause_from_the_ledger_withdraws_a_host_that_is_offered() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    rig.window.feed(&LaneFeed { pause: Duration::from_mins(1), ..lane_feed(1, 10, &[(100, 1)]) }).await?;
    let batch = rig.claim_batch(worker, 32).await?;
    assert_eq!(batch.tasks, []);
    assert!(batch.next_due.is_some());
    Ok(())
}

#[tokio::test]
async fn a_task_handed_back_with_a_pause_holds_its_host() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 1), &[(100, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    let pause = Duration::from_millis(DELAY_MS);
    let item = Nack { task: task.task, fence: task.fence, requeue: Requeue::SameRank, pause };
    assert_eq!(rig.window.nack(&[item]).await?, 1);
    let batch = rig.claim_batch(worker, 1).await?;
    assert_eq!(batch.tasks, []);
    assert!(batch.next_due.is_some_and(|wait| wait <= pause));
    assert_eq!(rig.claim_when_due(worker).await?.task, task.task);
    Ok(())
}

#[tokio::test]
async fn a_rest_is_kept_though_the_lane_was_empty_when_it_began() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (60_000, 1), &[(100, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    rig.complete(&task).await?;
    rig.push(1, 10, &[(101, 1)]).await?;
    rig.push(2, 10, &[(200, 1)]).await?;
    let batch = rig.claim_batch(worker, 32).await?;
    assert_eq!(batch.tasks, []);
    assert!(batch.next_due.is_some_and(|wait| wait > Duration::from_secs(50)));
    Ok(())
}

#[tokio::test]
async fn the_pace_of_a_host_holds_from_the_moment_its_terms_are_known() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1), (101, 2)]).await?;
    let first = rig.claim_one(worker).await?;
    rig.window.complete(&[completion(&first)], &[(HostId(10), terms(60_000, 4))], &[]).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!(batch.tasks, [], "the second request would follow the first without a delay");
    assert!(batch.next_due.is_some_and(|wait| wait > Duration::from_secs(50)));
    Ok(())
}

//! Lanes remember what they left to the ledger and ask for it in time.

use rad_schema::window::{Claimed, LaneFeed};

use crate::Done;
use crate::rig::{Rig, lane, lane_feed, terms};

fn many(first: i64, count: i64) -> Vec<(i64, i64)> {
    (first..first + count).map(|n| (n, n)).collect()
}

fn open_lane(tasks: &[(i64, i64)], complete: bool, left_out: Option<i64>) -> LaneFeed {
    LaneFeed { complete, left_out, terms: Some(terms(0, 200)), ..lane_feed(1, 10, tasks) }
}

async fn left_out(rig: &Rig) -> anyhow::Result<Option<i64>> {
    Ok(rig.window.left_out(&[lane(1, 10)]).await?[0])
}

/// Claims and completes until `keep` tasks are in the lane.
async fn drain_to(rig: &mut Rig, keep: usize) -> Done {
    let worker = rig.worker(1).await?;
    loop {
        let size: usize = rig.ask("ZCARD $/f:1:10").await?;
        if size <= keep {
            return Ok(());
        }
        let tasks: Vec<Claimed> = rig.claim(worker, (size - keep).min(32)).await?;
        for task in &tasks {
            rig.complete(task).await?;
        }
    }
}

#[tokio::test]
async fn a_lane_with_more_in_the_ledger_asks_at_low_water() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.feed(&open_lane(&many(1, 128), false, None)).await?;
    drain_to(&mut rig, 65).await?;
    assert_eq!(rig.window.refills(9).await?, []);
    drain_to(&mut rig, 64).await?;
    assert_eq!(rig.window.refills(9).await?, [lane(1, 10)]);
    // The feed answers the request.
    rig.window.feed(&open_lane(&many(65, 80), true, left_out(&rig).await?)).await?;
    assert_eq!(rig.window.refills(9).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_lane_that_holds_all_of_the_ledger_never_asks() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.feed(&open_lane(&many(1, 100), true, None)).await?;
    drain_to(&mut rig, 0).await?;
    assert_eq!(rig.window.refills(9).await?, []);
    assert_eq!(left_out(&rig).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_lane_that_cut_a_complete_read_still_asks() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.feed(&open_lane(&many(1, 150), true, None)).await?;
    assert_ne!(left_out(&rig).await?, None);
    drain_to(&mut rig, 60).await?;
    assert_eq!(rig.window.refills(9).await?, [lane(1, 10)]);
    Ok(())
}

#[tokio::test]
async fn a_push_left_out_after_the_ledger_was_read_asks_once_more() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.feed(&open_lane(&many(1, 128), false, None)).await?;
    drain_to(&mut rig, 10).await?;
    // A feeder reads the count, then the ledger; then a commit adds a row at the end and pushes it.
    let read_before = left_out(&rig).await?;
    rig.push(1, 10, &[(900, 900)]).await?;
    rig.window.feed(&open_lane(&many(119, 20), true, read_before)).await?;
    assert_eq!(rig.window.refills(9).await?, [lane(1, 10)], "row 900 is in the ledger and nowhere else");
    let fed = rig.window.feed(&open_lane(&[(900, 900)], true, left_out(&rig).await?)).await?;
    assert_eq!(fed.added, 1);
    assert_eq!(rig.window.refills(9).await?, []);
    assert_eq!(left_out(&rig).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_push_left_out_of_a_large_feed_asks_at_low_water() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.feed(&open_lane(&many(1, 128), false, None)).await?;
    let read_before = left_out(&rig).await?;
    rig.push(1, 10, &[(900, 900)]).await?;
    rig.window.feed(&open_lane(&many(1, 128), true, read_before)).await?;
    drain_to(&mut rig, 64).await?;
    assert_eq!(rig.window.refills(9).await?, [lane(1, 10)]);
    Ok(())
}

#[tokio::test]
async fn two_feeders_do_not_mistake_a_new_count_for_the_old_one() -> Done {
    let mut rig = Rig::open().await?;
    rig.window.feed(&open_lane(&many(1, 10), false, None)).await?;
    // The slow feeder has read the count and the ledger.
    let slow = left_out(&rig).await?;
    // The fast one finds the lane complete; then the lane overflows and leaves row 900 out.
    rig.window.feed(&open_lane(&many(1, 128), true, slow)).await?;
    assert_eq!(left_out(&rig).await?, None);
    rig.push(1, 10, &[(900, 900)]).await?;
    rig.window.feed(&open_lane(&many(1, 128), true, slow)).await?;
    drain_to(&mut rig, 64).await?;
    assert_eq!(rig.window.refills(9).await?, [lane(1, 10)]);
    Ok(())
}

#[tokio::test]
async fn refills_are_given_in_the_order_in_which_they_were_asked_for() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in [12, 11, 10] {
        let feed = LaneFeed { complete: false, ..lane_feed(1, host, &[(host, -host), (host * 10, 1)]) };
        rig.window.feed(&feed).await?;
    }
    for host in [12, 11, 10] {
        let task = rig.claim_one(worker).await?;
        assert_eq!(task.host.0, host);
        let then = rig.now_us().await? / 1000;
        while rig.now_us().await? / 1000 == then {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(rig.window.refills(2).await?, [lane(1, 12), lane(1, 11)]);
    Ok(())
}

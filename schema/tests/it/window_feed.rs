//! Loading lanes: nothing twice, never more than a window, the most urgent first.

use rad_schema::window::{LaneFeed, Requeue, WINDOW};

use crate::Done;
use crate::rig::{Rig, lane_feed, numbers, terms};

fn many(first: i64, count: i64) -> Vec<(i64, i64)> {
    (first..first + count).map(|n| (n, n)).collect()
}

async fn lane_ids(rig: &Rig) -> anyhow::Result<Vec<i64>> {
    rig.ask("ZRANGE $/f:1:10 0 -1").await
}

async fn assert_bounded(rig: &Rig) -> Done {
    assert!(lane_ids(rig).await?.len() <= WINDOW);
    let encoding: String = rig.ask("OBJECT ENCODING $/f:1:10").await?;
    assert_eq!(encoding, "listpack");
    Ok(())
}

#[tokio::test]
async fn a_repeated_feed_adds_nothing() -> Done {
    let rig = Rig::open().await?;
    let first = rig.feed(1, 10, &[(100, 1), (101, 2)]).await?;
    assert_eq!((first.added, first.was_empty), (2, true));
    let again = rig.feed(1, 10, &[(100, 1), (101, 2)]).await?;
    assert_eq!((again.added, again.was_empty), (0, false));
    assert_eq!(lane_ids(&rig).await?, [100, 101]);
    Ok(())
}

#[tokio::test]
async fn what_is_leased_is_not_loaded_again() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    let task = rig.claim_one(worker).await?;
    let fed = rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    assert_eq!(fed.added, 0);
    // A push that comes after the feeder has read the same rows.
    rig.push(1, 10, &[(100, 1)]).await?;
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [101]);
    assert_eq!(rig.complete(&task).await?, 1);
    assert_eq!(rig.window.stats().await?.leased, 1);
    Ok(())
}

#[tokio::test]
async fn a_feed_of_more_than_a_window_keeps_the_most_urgent() -> Done {
    let rig = Rig::open().await?;
    let fed = rig.feed(1, 10, &many(1, 200)).await?;
    assert_eq!(fed.added, 128);
    assert_eq!(lane_ids(&rig).await?, (1..=128).collect::<Vec<_>>());
    assert_bounded(&rig).await?;
    // More urgent rows push the tail out.
    rig.feed(1, 10, &[(-3, -3), (-2, -2), (5, 5)]).await?;
    assert_eq!(lane_ids(&rig).await?, [-3, -2].into_iter().chain(1..=126).collect::<Vec<_>>());
    assert_bounded(&rig).await
}

#[tokio::test]
async fn a_push_into_a_full_lane_keeps_the_most_urgent() -> Done {
    let rig = Rig::open().await?;
    rig.feed(1, 10, &many(1, 128)).await?;
    rig.push(1, 10, &[(500, 500), (0, 0)]).await?;
    assert_eq!(lane_ids(&rig).await?, (0..=127).collect::<Vec<_>>());
    assert_bounded(&rig).await?;
    // What was pushed out or left out comes back with the next refill.
    let left_out = rig.window.left_out(&[crate::rig::lane(1, 10)]).await?;
    assert_ne!(left_out, [None]);
    Ok(())
}

#[tokio::test]
async fn tasks_that_go_back_to_a_full_lane_do_not_make_it_larger() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 40), &many(1, 128)).await?;
    let tasks = rig.claim(worker, 32).await?;
    assert_eq!(tasks.len(), 32);
    rig.push(1, 10, &many(1001, 60)).await?;
    for task in &tasks {
        rig.nack(task, Requeue::SameRank).await?;
    }
    assert_bounded(&rig).await?;
    assert_eq!(lane_ids(&rig).await?, (1..=128).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn a_feed_tells_the_window_what_tenant_and_host_allow() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let feed = LaneFeed { cap: 2, terms: Some(terms(0, 5)), ..lane_feed(1, 10, &many(1, 9)) };
    rig.window.feed(&feed).await?;
    assert_eq!(rig.claim(worker, 8).await?.len(), 2);
    rig.window.feed(&LaneFeed { cap: 9, ..feed }).await?;
    assert_eq!(rig.claim(worker, 8).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_empty_feed_leaves_no_trace_of_a_lane() -> Done {
    let rig = Rig::open().await?;
    let fed = rig.feed(1, 10, &[]).await?;
    assert_eq!((fed.added, fed.was_empty), (0, true));
    let lanes: Vec<String> = rig.ask("KEYS *:f:*").await?;
    assert_eq!(lanes, [] as [&str; 0]);
    let stats = rig.window.stats().await?;
    assert_eq!((stats.offered, stats.cooling, stats.refills), (0, 0, 0));
    Ok(())
}

#[tokio::test]
async fn ranks_of_this_century_keep_their_microseconds() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let base = 1_760_000_000_000_001_i64;
    rig.feed(1, 10, &[(100, base), (101, base + 1)]).await?;
    let task = rig.claim_one(worker).await?;
    assert_eq!((task.task.0, task.rank), (100, base));
    rig.nack(&task, Requeue::SameRank).await?;
    assert_eq!(rig.claim_one(worker).await?.rank, base);
    Ok(())
}

//! Shares of tenants in a shard, the division of a queue, and closing a shard that is no longer in use.

use rad_core::ids::{HostId, Incarnation, TenantId};
use rad_schema::keys::shard_of;
use rad_schema::queue::Queue;
use rad_schema::window::{LaneFeed, ShareUse, Told, WindowError};
use sqlx::Connection as _;

use crate::Done;
use crate::rig::{Rig, lane_feed};
use crate::stores::TestDb;

const T: TenantId = TenantId(1);

/// Feeds so many lanes of a task each, without a cap.
async fn feed(rig: &Rig, hosts: i64) -> Done {
    for host in 1..=hosts {
        let cap = LaneFeed::CAP_AS_IT_STANDS;
        rig.window.feed(&LaneFeed { cap, ..lane_feed(1, host, &[(host, 1)]) }).await?;
    }
    Ok(())
}

async fn uses(rig: &Rig, leadership: i64, set: &[(TenantId, i64)]) -> anyhow::Result<ShareUse> {
    let Told::Uses(uses) = rig.window.shares(leadership, set, &[T]).await? else {
        anyhow::bail!("superseded");
    };
    anyhow::ensure!(uses.len() == 1, "told once: {uses:?}");
    Ok(uses[0].1)
}

#[tokio::test]
async fn nothing_runs_before_a_share_is_set_and_no_more_than_it() -> Done {
    let mut rig = Rig::divided().await?;
    let worker = rig.worker(1).await?;
    feed(&rig, 4).await?;
    assert!(rig.claim(worker, 8).await?.is_empty());
    let seen = uses(&rig, 1, &[]).await?;
    assert_eq!(seen, ShareUse { share: None, running: 0, offered: 4, fell_short: true });

    assert_eq!(uses(&rig, 1, &[(T, 3)]).await?.share, Some(3));
    let tasks = rig.claim(worker, 8).await?;
    assert_eq!(tasks.len(), 3);
    feed(&rig, 4).await?;
    let seen = uses(&rig, 1, &[]).await?;
    assert_eq!((seen.share, seen.running, seen.offered), (Some(3), 3, 1), "a feed leaves the share as it is");

    assert_eq!(uses(&rig, 1, &[(T, 2)]).await?.running, 3, "what runs goes on");
    rig.complete(&tasks[0]).await?;
    assert!(rig.claim(worker, 8).await?.is_empty(), "two run, two are allowed");
    rig.complete(&tasks[1]).await?;
    assert_eq!(rig.claim(worker, 8).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_raised_share_wakes_a_worker() -> Done {
    let mut rig = Rig::divided().await?;
    let worker = rig.worker(1).await?;
    feed(&rig, 1).await?;
    assert!(rig.claim(worker, 1).await?.is_empty());
    let mut waiter = rig.dispatch.waiter().await?;
    while waiter.for_work(std::time::Duration::from_millis(1)).await? {}
    uses(&rig, 1, &[(T, 1)]).await?;
    assert!(waiter.for_work(std::time::Duration::from_secs(5)).await?);
    assert_eq!(rig.claim(worker, 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_earlier_leadership_sets_nothing() -> Done {
    let rig = Rig::open().await?;
    feed(&rig, 1).await?;
    uses(&rig, 7, &[(T, 1)]).await?;
    let told = rig.window.shares(6, &[(T, 9)], &[T]).await?;
    assert!(matches!(told, Told::Superseded), "{told:?}");
    assert_eq!(uses(&rig, 7, &[]).await?.share, Some(1));
    Ok(())
}

#[tokio::test]
async fn a_closed_shard_is_stale_and_a_later_one_stays_open() -> Done {
    let rig = Rig::open().await?;
    let worker: Incarnation = rig.worker(1).await?;
    assert!(rig.dispatch.close(1).await?);
    assert!(!rig.dispatch.close(1).await?, "it is closed");
    let renewed = rig.window.renew(worker, crate::rig::TERMS).await;
    assert!(matches!(renewed, Err(WindowError::Stale)), "{renewed:?}");
    assert!(rig.dispatch.open(2, &rig.dispatch.run_id().await?).await?);
    assert!(!rig.dispatch.close(1).await?, "another has been opened under the tag");
    rig.dispatch.window(2).stats().await?;
    Ok(())
}

#[tokio::test]
async fn another_division_begins_above_all_generations() -> Done {
    let store = TestDb::create().await?;
    let db = &store.db;
    let tags = |count: u32| (0..count).map(|shard| format!("q{shard}")).collect::<Vec<_>>();
    assert!(db.divide(Queue::Crawl, &tags(2)).await? && !db.divide(Queue::Crawl, &tags(2)).await?);
    let two = db.layout(Queue::Crawl).await?;
    for old in 0..3 {
        let place = &two.shards[1].place;
        assert_eq!(db.raise_generation_at(Queue::Crawl, place, old, "run").await?, Some(old + 1));
    }
    assert!(db.divide(Queue::Crawl, &tags(3)).await?);
    let three = db.layout(Queue::Crawl).await?;
    assert_eq!((three.count(), three.retired.len()), (3, 2));
    assert!(three.shards.iter().all(|placed| placed.shard.generation > 3), "{three:?}");
    let gone = &three.retired[1];
    let raised = db.raise_generation_at(Queue::Crawl, &gone.place, gone.shard.generation, "run").await?;
    assert_eq!(raised, None, "it is in use no longer");
    db.forget_shard(Queue::Crawl, gone).await?;
    assert_eq!(db.layout(Queue::Crawl).await?.retired.len(), 1);

    assert!(db.divide(Queue::Crawl, &tags(2)).await?, "and back");
    let back = db.layout(Queue::Crawl).await?;
    assert_eq!((back.count(), back.retired.len()), (2, 3));
    db.forget_shard(Queue::Crawl, &two.shards[0]).await?;
    assert_eq!(db.layout(Queue::Crawl).await?.count(), 2, "one that is in use is not forgotten");
    assert_eq!(db.layout(Queue::Tasks).await?.count(), 0, "queues are divided apart");
    store.remove().await
}

#[tokio::test]
async fn postgres_finds_a_host_in_the_same_shard() -> Done {
    let store = TestDb::create().await?;
    let mut owner = store.owner().await?;
    for host in [1, 2, 77, 123_456_789, 1 << 31, (1 << 40) + 5, i64::MAX] {
        for count in [1, 2, 3, 16, 128] {
            let shard: i32 = sqlx::query_scalar("SELECT shard_of_host($1, $2)")
                .bind(host)
                .bind(i32::try_from(count)?)
                .fetch_one(&mut owner)
                .await?;
            assert_eq!(u32::try_from(shard)?, shard_of(HostId(host), count), "{host} of {count}");
        }
    }
    owner.close().await?;
    store.remove().await
}

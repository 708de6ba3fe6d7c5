//! Generations, and finding what the window lacks.

use std::time::Duration;

use rad_core::ids::{HostId, TenantId};
use rad_schema::window::{Opened, PROTOCOL, Stats, WindowError};

use crate::Done;
use crate::rig::{Rig, TERMS, lane, numbers};

fn opened(generation: i64, run_id: &str) -> Opened {
    Opened { generation, run_id: run_id.to_owned(), protocol: PROTOCOL }
}

#[tokio::test]
async fn a_generation_opens_once_and_only_upwards() -> Done {
    let rig = Rig::open().await?;
    let run_id = rig.dispatch.run_id().await?;
    assert_eq!(rig.dispatch.opened().await?, Some(opened(1, &run_id)));
    assert!(!rig.dispatch.open(1, &run_id).await?);
    assert!(!rig.dispatch.open(0, &run_id).await?);
    assert!(!rig.dispatch.open(9, &"0".repeat(40)).await?, "it is another server");
    assert!(rig.dispatch.open(5, &run_id).await?);
    assert!(!rig.dispatch.open(4, &run_id).await?);
    assert_eq!(rig.dispatch.opened().await?, Some(opened(5, &run_id)));
    Ok(())
}

#[tokio::test]
async fn a_restarted_server_is_noticed_and_its_window_is_stale() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let before = rig.dispatch.run_id().await?;
    rig.redis.restart().await?;
    // The connection of the first life ends with an error; the next call is on a new one.
    let mut run_id = rig.dispatch.run_id().await;
    for _ in 0..100 {
        if run_id.is_ok() {
            break;
        }
        run_id = rig.dispatch.run_id().await;
    }
    assert_ne!(run_id?, before);
    assert_eq!(rig.dispatch.opened().await?, None);
    let refused = rig.window.renew(worker, TERMS).await;
    assert!(matches!(refused, Err(WindowError::Stale)), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn data_that_came_from_another_server_is_stale() -> Done {
    let rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    // As after a failover behind a proxy: the same keys, another server.
    let _: i64 = rig.ask(&format!("HSET $meta run_id {}", "a".repeat(40))).await?;
    let calls = [
        rig.window.renew(worker, TERMS).await.err(),
        rig.window.claim(worker, 1, 1, TERMS).await.err(),
        rig.feed(1, 10, &[(100, 1)]).await.err().and_then(|error| error.downcast().ok()),
    ];
    assert!(calls.iter().all(|call| matches!(call, Some(WindowError::Stale))), "{calls:?}");
    Ok(())
}

#[tokio::test]
async fn the_sweep_removes_older_generations_and_nothing_else() -> Done {
    let rig = Rig::open().await?;
    for host in 0..300 {
        rig.feed(1, host, &[(host, 1)]).await?;
    }
    assert!(rig.dispatch.open(2, &rig.dispatch.run_id().await?).await?);
    let window = rig.dispatch.window(2);
    window.feed(&crate::rig::lane_feed(1, 10, &[(10, 1)])).await?;
    let mut cursor = 0;
    loop {
        cursor = rig.dispatch.sweep(2, cursor).await?;
        if cursor == 0 {
            break;
        }
    }
    let old: Vec<String> = rig.ask("KEYS *:g1:*").await?;
    assert_eq!(old, [] as [&str; 0]);
    assert_eq!(window.stats().await?.offered, 1);
    assert_eq!(rig.dispatch.opened().await?.map(|opened| opened.generation), Some(2));
    Ok(())
}

#[tokio::test]
async fn the_audit_names_empty_lanes() -> Done {
    let rig = Rig::open().await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let audit = rig.window.audit(&[lane(1, 9), lane(1, 10), lane(2, 10)], false).await?;
    assert_eq!(audit.empty, [lane(1, 9), lane(2, 10)]);
    assert_eq!(audit.mended, 0);
    assert_eq!(rig.window.audit(&[], false).await?.empty, []);
    Ok(())
}

#[tokio::test]
async fn a_deep_audit_also_names_short_lanes_that_take_themselves_for_complete() -> Done {
    let rig = Rig::open().await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    assert_eq!(rig.window.audit(&[lane(1, 10)], true).await?.empty, [lane(1, 10)]);
    let _: i64 = rig.ask("HSET $/more 1:10 7").await?;
    assert_eq!(rig.window.audit(&[lane(1, 10)], true).await?.empty, [], "it asks for a refill by itself");
    Ok(())
}

#[tokio::test]
async fn the_audit_mends_a_host_that_lost_its_place() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let far = rig.now_us().await? + 3_600_000_000;
    rig.feed(1, 10, &[(100, far)]).await?;
    rig.feed(1, 11, &[(110, 1)]).await?;
    let _: i64 = rig.ask("ZREM $/cool 10").await?;
    let _: i64 = rig.ask("HDEL $/hs 11").await?;
    let _: i64 = rig.ask("DEL $/rd:1 $/ring").await?;
    assert_eq!(rig.claim(worker, 8).await?, []);
    let audit = rig.window.audit(&[lane(1, 10), lane(1, 11)], false).await?;
    assert_eq!((audit.mended, audit.empty.len()), (2, 0));
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [110]);
    assert_eq!(rig.window.stats().await?.cooling, 1);
    assert_eq!(rig.window.audit(&[lane(1, 10)], false).await?.mended, 0);
    Ok(())
}

#[tokio::test]
async fn the_audit_mends_a_host_with_room_beside_its_requests_in_flight() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 2), &[(100, 1), (101, 2)]).await?;
    rig.claim_one(worker).await?;
    let _: i64 = rig.ask("DEL $/rd:1 $/ring").await?;
    assert_eq!(rig.window.audit(&[lane(1, 10)], false).await?.mended, 1);
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [101]);
    Ok(())
}

#[tokio::test]
async fn the_audit_brings_a_tenant_back_into_the_ring() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let _: i64 = rig.ask("DEL $/ring").await?;
    assert_eq!(rig.claim(worker, 1).await?, []);
    rig.window.audit(&[lane(1, 10)], false).await?;
    assert_eq!(numbers(&rig.claim(worker, 1).await?), [100]);
    Ok(())
}

#[tokio::test]
async fn the_counts_for_operators_are_those_of_the_window() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.worker(2).await?;
    let far = rig.now_us().await? + 3_600_000_000;
    rig.feed(1, 10, &[(100, 1)]).await?;
    rig.claim_one(worker).await?;
    rig.feed(1, 11, &[(110, far)]).await?;
    rig.feed(1, 12, &[(120, 1)]).await?;
    rig.feed(2, 13, &[(230, 1)]).await?;
    rig.feed(3, 14, &[(340, 1)]).await?;
    rig.window.park(TenantId(3)).await?;
    let expected = Stats { leased: 1, cooling: 1, offered: 2, tenants: 2, workers: 2, refills: 0 };
    assert_eq!(rig.window.stats().await?, expected);
    Ok(())
}

#[tokio::test]
async fn hosts_in_contact_rest_for_every_tenant_before_anything_comes_in() -> Done {
    let mut rig = Rig::open().await?;
    assert!(rig.dispatch.open_resting(2, &rig.dispatch.run_id().await?).await?);
    rig.window = rig.dispatch.window(2);
    let worker = rig.worker(1).await?;
    rig.push(1, 10, &[(100, 1)]).await?;
    assert_eq!(rig.claim(worker, 8).await?, [], "pushed before the hosts were told to rest");
    rig.window.rest(&[(HostId(10), Duration::from_mins(1))]).await?;
    rig.feed(2, 10, &[(200, 1)]).await?;
    rig.feed_with((3, 10), (5, 4), &[(300, 1)]).await?;
    rig.push(1, 11, &[(110, 1)]).await?;
    assert_eq!(rig.claim(worker, 8).await?, [], "its tenant has no share yet");
    rig.window.shares(1, &[(TenantId(1), 9)], &[]).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!(numbers(&batch.tasks), [110], "another host is in contact with nobody");
    assert!(rig.claim_batch(worker, 8).await?.next_due.is_some_and(|wait| wait > Duration::from_secs(50)));
    Ok(())
}

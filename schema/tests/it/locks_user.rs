//! Locks that users take by the name of a resource.

use std::time::Duration;

use rad_core::ids::{Hash128, TenantId};
use rad_schema::window::{LockHolder, Resource, WindowError};

use crate::Done;
use crate::rig::Rig;

const TTL: Duration = Duration::from_mins(5);

fn named(tenant: i64, name: &str) -> Resource {
    Resource { tenant: TenantId(tenant), name: Hash128::of(name.as_bytes()) }
}

fn user(holder: Option<LockHolder>) -> Option<String> {
    holder.and_then(|holder| holder.user)
}

#[tokio::test]
async fn a_lock_has_one_holder_per_tenant_and_tells_who() -> Done {
    let rig = Rig::open().await?;
    let report = named(1, "report 7");
    assert_eq!(rig.window.check_lock(report).await?, None);
    let first = rig.window.acquire_lock(report, "worker a b", TTL).await?;
    assert!(first.done);
    let refused = rig.window.acquire_lock(report, "other", TTL).await?;
    assert_eq!((refused.done, user(refused.holder.clone()).as_deref()), (false, Some("worker a b")));
    let (first, told) = (first.holder.expect("it was taken"), refused.holder.expect("it is held"));
    assert_eq!(told.fence, first.fence);
    assert!((told.ends_ms - first.ends_ms).abs() <= 1, "{told:?} {first:?}");
    assert!(rig.window.acquire_lock(named(2, "report 7"), "other", TTL).await?.done, "another tenant's");
    assert!(rig.window.acquire_lock(named(1, "report 8"), "other", TTL).await?.done, "another resource");
    Ok(())
}

#[tokio::test]
async fn the_holder_renews_under_the_same_token_and_only_it_releases() -> Done {
    let rig = Rig::open().await?;
    let report = named(1, "report");
    let first = rig.window.acquire_lock(report, "a", Duration::from_secs(1)).await?.holder.expect("taken");
    let renewed = rig.window.acquire_lock(report, "a", TTL).await?;
    let kept = renewed.holder.expect("still held");
    assert!(renewed.done && kept.fence == first.fence && kept.ends_ms > first.ends_ms + 200_000, "{kept:?}");
    let foreign = rig.window.release_lock(report, "b").await?;
    assert_eq!((foreign.done, user(foreign.holder).as_deref()), (false, Some("a")));
    let released = rig.window.release_lock(report, "a").await?;
    assert_eq!((released.done, released.holder), (true, None));
    assert!(!rig.window.release_lock(report, "a").await?.done, "it holds nothing any more");
    let next = rig.window.acquire_lock(report, "b", TTL).await?.holder.expect("taken");
    assert!(next.fence > first.fence);
    Ok(())
}

#[tokio::test]
async fn a_lock_ends_after_its_time_and_the_next_token_is_higher() -> Done {
    let rig = Rig::open().await?;
    let report = named(1, "report");
    let first = rig.window.acquire_lock(report, "a", Duration::from_millis(30)).await?.holder.expect("taken");
    let next = loop {
        let answer = rig.window.acquire_lock(report, "b", TTL).await?;
        if answer.done {
            break answer.holder.expect("taken");
        }
        tokio::task::yield_now().await;
    };
    assert!(next.fence > first.fence);
    let left: i64 = rig.ask(&format!("PTTL $/ul:1:{}", report.name)).await?;
    assert!((290_000..=300_000).contains(&left), "{left} ms");
    let key: Vec<String> = rig.ask("KEYS *report*").await?;
    assert!(key.is_empty(), "a client's text stands in a key: {key:?}");
    Ok(())
}

#[tokio::test]
async fn after_a_wipe_the_lock_is_free_and_its_next_token_is_higher_than_all_before() -> Done {
    let rig = Rig::open().await?;
    let report = named(1, "report");
    for _ in 0..50 {
        rig.window.acquire_lock(report, "a", TTL).await?;
        rig.window.release_lock(report, "a").await?;
    }
    let before = rig.window.acquire_lock(report, "a", TTL).await?.holder.expect("taken");
    rig.dispatch.wipe().await?;
    let lost = rig.window.acquire_lock(report, "a", TTL).await;
    assert!(matches!(lost, Err(WindowError::Stale)), "{lost:?}");
    assert!(rig.dispatch.open(2, &rig.dispatch.run_id().await?).await?);
    let after = rig.dispatch.window(2).acquire_lock(report, "b", TTL).await?;
    assert!(after.done);
    let after = after.holder.expect("taken");
    assert!(after.fence > before.fence && after.fence.counter < before.fence.counter, "{after:?}");
    for call in
        [rig.window.release_lock(report, "b").await.map(drop), rig.window.check_lock(report).await.map(drop)]
    {
        assert!(matches!(call, Err(WindowError::Stale)), "{call:?}");
    }
    Ok(())
}

#[tokio::test]
async fn of_many_who_try_at_once_one_gets_it() -> Done {
    let rig = Rig::open().await?;
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..20 {
        let window = rig.window.clone();
        tries.spawn(async move { window.acquire_lock(named(1, "report"), &format!("w{n}"), TTL).await });
    }
    let mut got = 0;
    while let Some(tried) = tries.join_next().await {
        got += i32::from(tried??.done);
    }
    assert_eq!(got, 1);
    Ok(())
}

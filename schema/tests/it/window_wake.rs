//! Idle workers and the feeder sleep until there is something to do.

use std::time::Duration;

use rad_core::ids::Incarnation;
use rad_schema::window::{Fate, LaneFeed, Requeue, Waiter};

use crate::Done;
use crate::rig::{Rig, TERMS, lane_feed, numbers};

/// Far longer than a wake-up takes; only a missing one waits so long.
const LONG: Duration = Duration::from_secs(20);

/// A read that is open by the time this returns: the server counts its blocked clients.
async fn blocked(rig: &Rig) -> anyhow::Result<tokio::task::JoinHandle<anyhow::Result<bool>>> {
    let mut waiter = rig.dispatch.waiter().await?;
    let reading = tokio::spawn(async move { Ok(waiter.for_work(LONG).await?) });
    loop {
        let info: String = rig.ask("INFO clients").await?;
        if info.contains("blocked_clients:1") {
            return Ok(reading);
        }
        tokio::task::yield_now().await;
    }
}

/// Takes the tokens that earlier steps have left.
async fn forget_signals(waiter: &mut Waiter) -> Done {
    while waiter.for_work(Duration::from_millis(1)).await? {}
    Ok(())
}

#[tokio::test]
async fn a_blocked_worker_is_woken_by_a_feed() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let reading = blocked(&rig).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    assert!(reading.await??, "nobody woke the worker");
    assert_eq!(numbers(&rig.claim(worker, 1).await?), [100]);
    Ok(())
}

#[tokio::test]
async fn a_blocked_worker_is_woken_by_a_push() -> Done {
    let rig = Rig::open().await?;
    let reading = blocked(&rig).await?;
    rig.push(1, 10, &[(100, 1)]).await?;
    assert!(reading.await??, "nobody woke the worker");
    Ok(())
}

#[tokio::test]
async fn a_blocked_worker_is_woken_when_its_tenant_gets_room() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in [10, 11] {
        rig.window.feed(&LaneFeed { cap: 1, ..lane_feed(1, host, &[(host * 10, host)]) }).await?;
    }
    let task = rig.claim_one(worker).await?;
    forget_signals(&mut rig.dispatch.waiter().await?).await?;
    let reading = blocked(&rig).await?;
    // The freed slot lets host 11 be served; its offer is an old one.
    rig.nack(&task, Requeue::Ledger).await?;
    assert!(reading.await??, "nobody woke the worker");
    Ok(())
}

#[tokio::test]
async fn a_blocked_worker_is_woken_by_the_reaper() -> Done {
    let rig = Rig::open().await?;
    rig.window.join(Incarnation(1), TERMS).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    assert_eq!(rig.window.claim(Incarnation(1), 1, 1, TERMS).await?.tasks.len(), 1);
    forget_signals(&mut rig.dispatch.waiter().await?).await?;
    let reading = blocked(&rig).await?;
    rig.window.leave(Incarnation(1)).await?;
    rig.reap(10, |_| Fate::Back).await?;
    assert!(reading.await??, "nobody woke the worker");
    Ok(())
}

#[tokio::test]
async fn a_full_batch_with_work_left_wakes_the_next_worker() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    let mut waiter = rig.dispatch.waiter().await?;
    forget_signals(&mut waiter).await?;
    rig.claim_one(worker).await?;
    assert!(waiter.for_work(LONG).await?);
    Ok(())
}

#[tokio::test]
async fn the_feeder_is_woken_at_low_water() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.window.feed(&LaneFeed { complete: false, ..lane_feed(1, 10, &[(100, 1), (101, 2)]) }).await?;
    let mut waiter = rig.dispatch.waiter().await?;
    assert!(!waiter.for_refill(Duration::from_millis(1)).await?);
    rig.claim_one(worker).await?;
    assert!(waiter.for_refill(LONG).await?);
    Ok(())
}

#[tokio::test]
async fn signals_that_nobody_reads_stay_bounded() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in 0..200 {
        let feed = LaneFeed { complete: false, ..lane_feed(1, host, &[(host, 1), (1000 + host, 2)]) };
        rig.window.feed(&feed).await?;
    }
    while !rig.claim(worker, 32).await?.is_empty() {}
    for list in ["wake", "feed"] {
        let length: i64 = rig.ask(&format!("LLEN {{q0}}:{list}")).await?;
        assert!(length <= 64, "{list}: {length}");
    }
    Ok(())
}

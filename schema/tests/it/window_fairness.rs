//! No tenant starves another, on hosts of their own and on a shared one.

use std::collections::HashMap;

use rad_core::ids::TenantId;
use rad_schema::window::{Claimed, LaneFeed};

use crate::Done;
use crate::rig::{Rig, lane_feed, numbers, terms};

fn by_tenant(tasks: &[Claimed]) -> HashMap<i64, usize> {
    let mut counts = HashMap::new();
    for task in tasks {
        *counts.entry(task.tenant.0).or_default() += 1;
    }
    counts
}

fn many(first: i64, count: i64) -> Vec<(i64, i64)> {
    (0..count).map(|n| (first + n, n)).collect()
}

#[tokio::test]
async fn tenants_with_hosts_of_their_own_share_by_weight() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for (tenant, weight) in [(1, 1), (2, 3)] {
        let lane = lane_feed(tenant, tenant * 10, &many(tenant * 1000, 100));
        rig.window.feed(&LaneFeed { weight, terms: Some(terms(0, 100)), ..lane }).await?;
    }
    let counts = by_tenant(&rig.claim(worker, 32).await?);
    assert_eq!((counts[&1], counts[&2]), (8, 24));
    Ok(())
}

#[tokio::test]
async fn a_new_tenant_is_served_at_once_and_idling_saves_nothing_up() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 100), &many(1000, 100)).await?;
    rig.claim(worker, 32).await?;
    rig.feed_with((2, 20), (0, 100), &many(2000, 100)).await?;
    let counts = by_tenant(&rig.claim(worker, 8).await?);
    assert!((3..=5).contains(&counts[&2]), "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_shared_host_goes_round_its_tenants_one_request_at_a_time() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for tenant in 1..=3 {
        rig.feed(tenant, 10, &many(tenant * 1000, 20)).await?;
    }
    let mut served = Vec::new();
    for _ in 0..30 {
        let task = rig.claim_one(worker).await?;
        rig.complete(&task).await?;
        served.push(task.tenant.0);
    }
    // The first tenant was alone when it got its first turn.
    assert!(served[1..28].chunks(3).all(|round| round == [1, 2, 3]), "{served:?}");
    Ok(())
}

#[tokio::test]
async fn a_shared_host_that_takes_many_at_once_is_shared_inside_a_batch_too() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for tenant in 1..=2 {
        rig.feed_with((tenant, 10), (0, 100), &many(tenant * 1000, 60)).await?;
    }
    for _ in 0..2 {
        let counts = by_tenant(&rig.claim(worker, 32).await?);
        assert!((15..=17).contains(&counts[&1]) && counts[&1] + counts[&2] == 32, "{counts:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_tenant_that_drains_and_comes_back_does_not_overtake() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(2, 10, &many(2000, 60)).await?;
    let mut counts = HashMap::<i64, usize>::new();
    for turn in 0..60 {
        // Its lane holds one task at a time: it leaves the host's rotation with each.
        rig.push(1, 10, &[(1000 + turn, turn)]).await?;
        let task = rig.claim_one(worker).await?;
        *counts.entry(task.tenant.0).or_default() += 1;
        rig.complete(&task).await?;
    }
    assert!(counts.values().all(|count| (29..=31).contains(count)), "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_parked_tenant_gives_its_hosts_back_and_takes_no_new_ones() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in 10..13 {
        rig.feed(1, host, &[(1000 + host, 1)]).await?;
        rig.feed(2, host, &[(2000 + host, 1)]).await?;
    }
    rig.window.park(TenantId(1)).await?;
    rig.push(1, 13, &[(1013, 1)]).await?;
    let tasks = rig.claim(worker, 32).await?;
    assert_eq!(by_tenant(&tasks), HashMap::from([(2, 3)]));
    Ok(())
}

#[tokio::test]
async fn a_tenant_parked_by_the_feeder_gives_back_hosts_of_other_lanes() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in 10..13 {
        rig.feed(1, host, &[(1000 + host, 1)]).await?;
        rig.feed(2, host, &[(2000 + host, 1)]).await?;
    }
    rig.window.feed(&LaneFeed { parked: true, ..lane_feed(1, 10, &[]) }).await?;
    assert_eq!(by_tenant(&rig.claim(worker, 32).await?), HashMap::from([(2, 3)]));
    // With room again, its lanes come back from the ledger.
    for host in 10..13 {
        rig.feed(1, host, &[(1000 + host, 1)]).await?;
    }
    rig.feed(1, 14, &[(1014, 1)]).await?;
    assert_eq!(numbers(&rig.claim(worker, 32).await?), [1014]);
    Ok(())
}

#[tokio::test]
async fn a_tenant_behind_many_parked_ones_is_served() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for tenant in 1..=40 {
        rig.feed(tenant, 10, &[(tenant, 1)]).await?;
    }
    // The first has the offer, and is parked last: the lanes of the others are in the host's rotation still.
    for tenant in (1..=39).rev() {
        rig.window.park(TenantId(tenant)).await?;
    }
    assert_eq!(rig.claim_when_due(worker).await?.task.0, 40);
    Ok(())
}

#[tokio::test]
async fn a_lane_emptied_from_outside_does_not_stop_its_tenant() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    rig.feed(1, 11, &[(110, 2)]).await?;
    rig.feed(2, 10, &[(200, 3)]).await?;
    let _: i64 = rig.ask("DEL $/f:1:10").await?;
    let mut claimed = numbers(&rig.claim(worker, 32).await?);
    claimed.sort_unstable();
    assert_eq!(claimed, [110, 200]);
    Ok(())
}

#[tokio::test]
async fn a_tenant_at_its_cap_does_not_keep_shared_hosts_from_others() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in 10..13 {
        let lane = lane_feed(1, host, &[(1000 + host, 1), (1100 + host, 2)]);
        rig.window.feed(&LaneFeed { cap: 1, ..lane }).await?;
    }
    assert_eq!(numbers(&rig.claim(worker, 32).await?), [1010]);
    // Hosts 11 and 12 are offered to tenant 1, which may not take them now.
    for host in 11..13 {
        rig.feed(2, host, &[(2000 + host, 1)]).await?;
    }
    assert_eq!(numbers(&rig.claim(worker, 32).await?), [2011, 2012]);
    Ok(())
}

#[tokio::test]
async fn a_tenant_that_reaches_its_cap_hands_shared_hosts_on() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    for host in 10..13 {
        let lane = lane_feed(1, host, &[(1000 + host, 1), (1100 + host, 2)]);
        rig.window.feed(&LaneFeed { cap: 1, ..lane }).await?;
        rig.feed(2, host, &[(2000 + host, 1)]).await?;
    }
    let tasks = rig.claim(worker, 32).await?;
    assert_eq!(by_tenant(&tasks), HashMap::from([(1, 1), (2, 2)]));
    // Its turn on the other hosts is not lost.
    for task in &tasks {
        rig.complete(task).await?;
    }
    assert!(by_tenant(&rig.claim(worker, 32).await?).contains_key(&1));
    Ok(())
}

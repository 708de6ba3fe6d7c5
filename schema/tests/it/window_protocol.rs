//! Processes that speak another protocol than the window.

use rad_schema::fleet::Shard;
use rad_schema::window::{Attached, PROTOCOL, WindowError};

use crate::Done;
use crate::rig::{Rig, TERMS, numbers};

/// What Postgres would say of the rig's window.
async fn shard(rig: &Rig, generation: i64) -> anyhow::Result<Shard> {
    Ok(Shard { generation, run_id: rig.dispatch.run_id().await?, raised_us: 0 })
}

/// As if a process of the next version had opened it.
async fn make_foreign(rig: &Rig) -> Done {
    let _: i64 = rig.ask(&format!("HSET $meta protocol {}", PROTOCOL + 1)).await?;
    Ok(())
}

#[tokio::test]
async fn a_window_is_attached_to_when_postgres_names_it_and_it_speaks_our_protocol() -> Done {
    let mut rig = Rig::open().await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let Attached::Open(window) = rig.dispatch.attach(&shard(&rig, 1).await?).await? else {
        anyhow::bail!("the window is open");
    };
    assert_eq!(window.generation(), 1);
    assert_eq!(rig.dispatch.opened().await?.map(|opened| opened.protocol), Some(PROTOCOL));
    let worker = rig.worker(1).await?;
    rig.window = window;
    assert_eq!(numbers(&rig.claim(worker, 1).await?), [100]);
    Ok(())
}

#[tokio::test]
async fn another_generation_or_server_is_closed_to_us() -> Done {
    let rig = Rig::open().await?;
    let named = shard(&rig, 1).await?;
    for other in [shard(&rig, 2).await?, Shard { run_id: "0".repeat(40), ..named.clone() }] {
        assert!(matches!(rig.dispatch.attach(&other).await?, Attached::Closed), "{other:?}");
    }
    rig.dispatch.wipe().await?;
    assert!(matches!(rig.dispatch.attach(&named).await?, Attached::Closed));
    Ok(())
}

#[tokio::test]
async fn a_window_of_the_next_protocol_gives_no_handle_to_claim_with() -> Done {
    let rig = Rig::open().await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    make_foreign(&rig).await?;
    let attached = rig.dispatch.attach(&shard(&rig, 1).await?).await?;
    assert!(matches!(attached, Attached::Foreign { protocol } if protocol == PROTOCOL + 1));
    Ok(())
}

#[tokio::test]
async fn a_window_from_before_protocols_had_numbers_is_foreign() -> Done {
    let rig = Rig::open().await?;
    let _: i64 = rig.ask("HDEL $meta protocol").await?;
    let attached = rig.dispatch.attach(&shard(&rig, 1).await?).await?;
    assert!(matches!(attached, Attached::Foreign { protocol: 0 }));
    Ok(())
}

#[tokio::test]
async fn a_rebuild_makes_the_window_ours_and_every_older_handle_stale() -> Done {
    let rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    make_foreign(&rig).await?;
    assert!(rig.dispatch.open(2, &rig.dispatch.run_id().await?).await?);
    let attached = rig.dispatch.attach(&shard(&rig, 2).await?).await?;
    assert!(matches!(attached, Attached::Open(window) if window.generation() == 2));
    let calls = [
        rig.window.renew(worker, TERMS).await.err(),
        rig.window.claim(worker, 1, 1, TERMS).await.err(),
        rig.window.leave(worker).await.err(),
    ];
    assert!(calls.iter().all(|call| matches!(call, Some(WindowError::Stale))), "{calls:?}");
    Ok(())
}

#[tokio::test]
async fn the_leases_of_one_incarnation_are_counted() -> Done {
    let mut rig = Rig::open().await?;
    let (first, second) = (rig.worker(1).await?, rig.worker(2).await?);
    for host in 0..3 {
        rig.feed(1, host, &[(100 + host, 1)]).await?;
    }
    let task = rig.claim_one(first).await?;
    assert_eq!(rig.claim(second, 2).await?.len(), 2);
    assert_eq!((rig.window.leases_of(first).await?, rig.window.leases_of(second).await?), (1, 2));
    rig.complete(&task).await?;
    assert_eq!((rig.window.leases_of(first).await?, rig.window.leases_of(second).await?), (0, 2));
    Ok(())
}

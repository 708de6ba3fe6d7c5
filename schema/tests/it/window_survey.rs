//! How long the oldest host that could be contacted waits for a claim.

use std::time::{Duration, Instant};

use crate::Done;
use crate::rig::Rig;

/// Far more than a test takes.
const LATER_US: i64 = 3_600_000_000;

#[tokio::test]
async fn nothing_waits_in_an_empty_window_or_before_its_time() -> Done {
    let rig = Rig::open().await?;
    assert_eq!(rig.window.survey().await?.1, None);
    let far = rig.now_us().await? + LATER_US;
    rig.feed(1, 10, &[(100, far)]).await?;
    assert_eq!(rig.window.survey().await?.1, None);
    Ok(())
}

#[tokio::test]
async fn an_offer_ages_until_it_is_claimed() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let before = Instant::now();
    rig.feed(1, 10, &[(100, 1)]).await?;
    let now = rig.now_us().await?;
    // As if the offer had been made a minute ago.
    let _: i64 = redis::cmd("EVAL")
        .arg("return redis.call('HSET', KEYS[1], '10', struct.pack('<I4HHBI6', 0, 0, 0, 2, ARGV[1]) .. '1')")
        .arg(1)
        .arg("{q0}:g1:hs")
        .arg(now / 1_000 - 60_000)
        .query_async(&mut rig.raw.clone())
        .await?;
    let age = rig.window.survey().await?.1.expect("a host is offered");
    assert!(age >= Duration::from_mins(1) && age <= Duration::from_mins(1) + before.elapsed(), "{age:?}");
    rig.claim_one(worker).await?;
    assert_eq!(rig.window.survey().await?.1, None);
    Ok(())
}

#[tokio::test]
async fn a_host_whose_time_has_come_waits_although_nobody_claims() -> Done {
    let rig = Rig::open().await?;
    let now = rig.now_us().await?;
    rig.feed(1, 10, &[(100, now + LATER_US)]).await?;
    let _: i64 = rig.ask(&format!("ZADD $/cool {} 10", now / 1_000 - 5_000)).await?;
    let age = rig.window.survey().await?.1.expect("a host could be contacted");
    assert!(age >= Duration::from_secs(5) && age < Duration::from_mins(1), "{age:?}");
    Ok(())
}

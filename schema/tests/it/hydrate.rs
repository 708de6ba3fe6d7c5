//! Taking claims into hand.

use rad_core::ids::{Fence, TaskId};
use rad_schema::db::DbError;
use rad_schema::ledger::Hydrated;
use rad_schema::window::Claimed;
use sqlx::Connection as _;
use tokio::task::JoinHandle;

use crate::Done;
use crate::crawl::Crawl;
use crate::page::url;
use crate::snapshot::everything;

#[tokio::test]
async fn hydrate_drops_what_is_finished_ended_paused_or_claimed_later() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let (paused, cancelled) = (crawl.start(1, None).await?, crawl.start(1, None).await?);
    let open = crawl.task(crawl.job, "/0").await?;
    let done = crawl.task(crawl.job, "/1").await?;
    let of_paused = crawl.task(paused, "/0").await?;
    let of_cancelled = crawl.task(cancelled, "/0").await?;
    crawl.add("/1", Vec::new()).await?;
    crawl.set_state(paused, "paused").await?;
    crawl.db().cancel_job(crawl.tenant, cancelled).await?;
    let late = crawl.claims(&[open]);
    let claims = crawl.claims(&[open, done, of_paused, of_cancelled, TaskId(999_999)]);
    let hydrated = crawl.db().hydrate(&claims, 1).await?;
    assert_eq!(hydrated.iter().map(|task| task.task).collect::<Vec<_>>(), [open]);
    assert_eq!(hydrated[0].url, url("/0").as_str());
    assert_eq!(
        (hydrated[0].job, hydrated[0].host, hydrated[0].depth, hydrated[0].priority),
        (crawl.job, crawl.host, 1, 5)
    );
    assert!(crawl.db().hydrate(&late, 1).await?.is_empty(), "a lower fence came too late");
    assert!(crawl.db().hydrate(&claims[..1], 1).await?.is_empty(), "one claim is taken into hand once");
    // A new generation starts its counter again and still is later.
    let fence = Fence { generation: 2, counter: 1 };
    let next = Claimed { fence, ..claims[0] };
    assert_eq!(crawl.db().hydrate(&[next], 2).await?.len(), 1);
    let old = crawl.claims(&[open]);
    assert!(crawl.db().hydrate(&old, 1).await?.is_empty(), "generation 1 is over");
    crawl.finish().await
}

#[tokio::test]
async fn a_claim_of_a_generation_before_is_not_taken_into_hand() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let open = crawl.task(crawl.job, "/0").await?;
    let claims = crawl.claims(&[open]);
    for old in 0..2 {
        assert_eq!(crawl.db().raise_generation(old, "a server").await?, Some(old + 1));
    }
    let before = everything(&mut crawl.owner).await?;
    assert!(crawl.db().hydrate(&claims, 1).await?.is_empty(), "generation 1 is over");
    assert_eq!(everything(&mut crawl.owner).await?, before);
    let fence = Fence { generation: 2, counter: 1 };
    assert_eq!(crawl.db().hydrate(&[Claimed { fence, ..claims[0] }], 2).await?.len(), 1);
    crawl.finish().await
}

/// Takes the page into hand under generation 1, where somebody's transaction is in the way.
async fn hydrate_that_waits(crawl: &mut Crawl) -> anyhow::Result<JoinHandle<Result<Vec<Hydrated>, DbError>>> {
    let open = crawl.task(crawl.job, "/0").await?;
    let (db, claims) = (crawl.db().clone(), crawl.claims(&[open]));
    let hydrate = tokio::spawn(async move { db.hydrate(&claims, 1).await });
    crawl.wait_for_waiters(1).await?;
    Ok(hydrate)
}

/// Whoever fills the new window reads the ledger after the raise: what was taken into hand before must be there.
#[tokio::test]
async fn a_raise_waits_for_what_is_being_taken_into_hand() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    assert_eq!(crawl.db().raise_generation(0, "a server").await?, Some(1));
    let mut holder = crawl.store.owner().await?;
    let mut hold = holder.begin().await?;
    sqlx::query("SELECT 1 FROM crawl_urls FOR UPDATE").execute(&mut *hold).await?;
    let hydrate = hydrate_that_waits(&mut crawl).await?;
    let db = crawl.db().clone();
    let raise = tokio::spawn(async move { db.raise_generation(1, "another server").await });
    crawl.wait_for_waiters(2).await?;
    hold.rollback().await?;
    assert_eq!(hydrate.await??.len(), 1);
    assert_eq!(raise.await??, Some(2));
    crawl.finish().await
}

#[tokio::test]
async fn what_is_taken_into_hand_during_a_raise_is_too_late() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    assert_eq!(crawl.db().raise_generation(0, "a server").await?, Some(1));
    let mut leader = crawl.store.owner().await?;
    let mut raise = leader.begin().await?;
    sqlx::query("SELECT dispatch_raise_generation(0::smallint, 1, 0, 1, 'another server')")
        .execute(&mut *raise)
        .await?;
    let hydrate = hydrate_that_waits(&mut crawl).await?;
    raise.commit().await?;
    assert!(hydrate.await??.is_empty(), "generation 1 was over before it was through");
    crawl.finish().await
}

/// Nor for long: whoever holds the row may never let it go.
#[tokio::test]
async fn a_row_that_somebody_keeps_does_not_keep_a_raise_from_happening() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    assert_eq!(crawl.db().raise_generation(0, "a server").await?, Some(1));
    let mut holder = crawl.store.owner().await?;
    let mut hold = holder.begin().await?;
    sqlx::query("SELECT 1 FROM crawl_urls FOR UPDATE").execute(&mut *hold).await?;
    let hydrate = hydrate_that_waits(&mut crawl).await?;
    assert_eq!(crawl.db().raise_generation(1, "another server").await?, Some(2));
    let error = hydrate.await?.expect_err("the row is still held");
    assert!(error.is_retryable(), "{error:?}");
    hold.rollback().await?;
    crawl.finish().await
}

//! A page that a worker fetches and a user's lock on its URL exclude each other.

use std::time::Duration;

use rad_core::ids::TenantId;
use rad_core::url::CanonicalUrl;
use rad_schema::window::LockOutcome::{Held, Taken};
use rad_schema::window::Resource;

use crate::Done;
use crate::rig::{Rig, TERMS};

const TTL: Duration = Duration::from_mins(5);

fn page() -> anyhow::Result<Resource> {
    Ok(Resource { tenant: TenantId(1), name: CanonicalUrl::parse("https://example.com/a")?.hash() })
}

#[tokio::test]
async fn a_page_in_a_workers_hand_is_told_as_held_and_no_user_can_take_or_release_it() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    assert_eq!(rig.window.lock(&[(task.task, task.fence, page()?.name)], TERMS).await?, [Taken]);
    let refused = rig.window.acquire_lock(page()?, "me", TTL).await?;
    let holder = refused.holder.expect("the worker has it");
    assert_eq!((refused.done, holder.user, holder.fence), (false, None, task.fence));
    // A name that looks like the worker's token is only a name.
    let mimic = task.fence.counter.to_string();
    assert!(!rig.window.acquire_lock(page()?, &mimic, TTL).await?.done);
    assert!(!rig.window.release_lock(page()?, &mimic).await?.done);
    assert!(rig.window.check_lock(page()?).await?.is_some());
    rig.complete(&task).await?;
    assert_eq!(rig.window.check_lock(page()?).await?, None);
    assert!(rig.window.acquire_lock(page()?, "me", TTL).await?.done);
    Ok(())
}

#[tokio::test]
async fn a_users_lock_keeps_workers_from_the_page_and_outlives_their_leases() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1)]).await?;
    rig.feed_with((2, 10), (0, 8), &[(200, 2)]).await?;
    assert!(rig.window.acquire_lock(page()?, "me", TTL).await?.done);
    let mut tasks = rig.claim(worker, 2).await?;
    tasks.sort_by_key(|task| task.task);
    let locks: Vec<_> =
        tasks.iter().map(|task| Ok((task.task, task.fence, page()?.name))).collect::<anyhow::Result<_>>()?;
    assert_eq!(rig.window.lock(&locks, TERMS).await?, [Held, Taken], "another tenant's page is another");
    for task in &tasks {
        rig.complete(task).await?;
    }
    let holder = rig.window.check_lock(page()?).await?.and_then(|holder| holder.user);
    assert_eq!(holder.as_deref(), Some("me"));
    Ok(())
}

//! URL locks of leased tasks.

use std::time::Duration;

use rad_core::ids::Hash128;
use rad_schema::window::LockOutcome::{Held, Lost, Taken};
use rad_schema::window::{Fate, LeaseTerms, Requeue};

use crate::Done;
use crate::rig::{Rig, TERMS, wrong};

const URL: Hash128 = Hash128(0xabc);
const OTHER_URL: Hash128 = Hash128(0xdef);

#[tokio::test]
async fn two_tasks_of_a_tenant_never_hold_the_lock_of_one_url() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    rig.feed_with((2, 10), (0, 8), &[(200, 3)]).await?;
    let mut tasks = rig.claim(worker, 3).await?;
    tasks.sort_by_key(|task| task.task);
    let locks: Vec<_> = tasks.iter().map(|task| (task.task, task.fence, URL)).collect();
    assert_eq!(
        rig.window.lock(&locks, TERMS).await?,
        [Taken, Held, Taken],
        "other tenants are not concerned"
    );
    rig.complete(&tasks[0]).await?;
    assert_eq!(rig.window.lock(&locks, TERMS).await?, [Lost, Taken, Taken]);
    Ok(())
}

#[tokio::test]
async fn a_lock_that_is_ours_is_taken_again_after_a_lost_answer() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    for _ in 0..2 {
        assert_eq!(rig.window.lock(&[(task.task, task.fence, URL)], TERMS).await?, [Taken]);
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_lease_takes_no_lock() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    let tasks = rig.claim(worker, 2).await?;
    let mistaken = (tasks[0].task, wrong(tasks[0].fence), URL);
    rig.nack(&tasks[1], Requeue::Ledger).await?;
    let ended = (tasks[1].task, tasks[1].fence, OTHER_URL);
    assert_eq!(rig.window.lock(&[mistaken, ended], TERMS).await?, [Lost, Lost]);
    let keys: Vec<String> = rig.ask("KEYS *ul:*").await?;
    assert_eq!(keys, [] as [&str; 0]);
    Ok(())
}

#[tokio::test]
async fn a_lock_goes_with_its_lease_however_that_ends() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2), (102, 3)]).await?;
    let tasks = rig.claim(worker, 3).await?;
    let locks: Vec<_> =
        tasks.iter().zip(1..).map(|(task, url)| (task.task, task.fence, Hash128(url))).collect();
    assert_eq!(rig.window.lock(&locks, TERMS).await?, [Taken; 3]);
    rig.complete(&tasks[0]).await?;
    rig.nack(&tasks[1], Requeue::Ledger).await?;
    rig.window.leave(worker).await?;
    rig.reap(10, |_| Fate::Back).await?;
    let keys: Vec<String> = rig.ask("KEYS *ul:*").await?;
    assert_eq!(keys, [] as [&str; 0]);
    Ok(())
}

#[tokio::test]
async fn a_lock_that_lapsed_and_was_taken_by_another_stays_when_the_first_lease_ends() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    let tasks = rig.claim(worker, 2).await?;
    let lock = |at: usize| [(tasks[at].task, tasks[at].fence, URL)];
    assert_eq!(rig.window.lock(&lock(0), TERMS).await?, [Taken]);
    let key = format!("$/ul:1:{URL}");
    let _: i64 = rig.ask(&format!("DEL {key}")).await?;
    assert_eq!(rig.window.lock(&lock(1), TERMS).await?, [Taken]);
    rig.complete(&tasks[0]).await?;
    let holder: Option<String> = rig.ask(&format!("GET {key}")).await?;
    assert_eq!(holder, Some(tasks[1].fence.counter.to_string()));
    Ok(())
}

#[tokio::test]
async fn a_lock_ends_by_itself_at_the_hard_deadline() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let task = rig.claim_one(worker).await?;
    let terms = LeaseTerms { hard_deadline: Duration::from_secs(100), ..TERMS };
    rig.window.lock(&[(task.task, task.fence, URL)], terms).await?;
    let left: i64 = rig.ask(&format!("PTTL $/ul:1:{URL}")).await?;
    assert!((90_000..=100_000).contains(&left), "{left} ms");
    Ok(())
}

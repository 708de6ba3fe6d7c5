//! Every effect once: who is late writes nothing.

use rad_core::ids::Fence;
use rad_core::verdict::State;
use rad_schema::commit::{Applied, End, Outcome};
use sqlx::Connection;

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, Task, answers, outcome, own_page};
use crate::snapshot::everything;

#[tokio::test]
async fn a_second_commit_with_the_same_fence_changes_nothing() -> Done {
    let mut crawl = Crawl::with_pages(3).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let batch = || vec![own_page(&tasks[0]), outcome(&tasks[1], End::Unchanged { document: None })];
    crawl.commit(batch()).await?;
    let before = everything(&mut crawl.owner).await?;
    assert_eq!(answers(&crawl.commit(batch()).await?, &tasks), [Applied::NotOurs; 2]);
    assert_eq!(everything(&mut crawl.owner).await?, before);
    crawl.finish().await
}

#[tokio::test]
async fn a_stale_fence_changes_nothing_and_its_batch_goes_through_without_it() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let stale = crawl.take(&["/0"]).await?;
    let now = crawl.take(&["/0", "/1"]).await?;
    assert!(now[0].fence > stale[0].fence);
    let before = everything(&mut crawl.owner).await?;
    let links = vec![crawl.link(crawl.job, "/new")];
    let late = Outcome { links, ..own_page(&stale[0]) };
    assert_eq!(answers(&crawl.commit(vec![late.clone()]).await?, &stale), [Applied::NotOurs]);
    assert_eq!(everything(&mut crawl.owner).await?, before);
    let both = [stale[0].clone(), now[1].clone()];
    let committed = crawl.commit(vec![late, own_page(&now[1])]).await?;
    assert_eq!(answers(&committed, &both), [Applied::NotOurs, STORED]);
    assert_eq!(committed.new_tasks, []);
    assert_eq!(answers(&crawl.commit(vec![own_page(&now[0])]).await?, &now[..1]), [STORED]);
    crawl.finish().await
}

#[tokio::test]
async fn a_fence_of_another_generation_changes_nothing() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    for generation in [0, 2] {
        let other = Task { fence: Fence { generation, ..tasks[0].fence }, ..tasks[0].clone() };
        assert_eq!(answers(&crawl.commit(vec![own_page(&other)]).await?, &tasks), [Applied::NotOurs]);
    }
    crawl.finish().await
}

#[tokio::test]
async fn two_commits_of_one_task_at_once_take_effect_once() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let first = crawl.commit_soon(vec![own_page(&tasks[0])]);
    let second = crawl.commit_soon(vec![own_page(&tasks[0])]);
    let applied = [answers(&first.await??, &tasks)[0], answers(&second.await??, &tasks)[0]];
    assert!(applied.contains(&STORED) && applied.contains(&Applied::NotOurs), "{applied:?}");
    crawl.finish().await
}

#[tokio::test]
async fn an_ended_crawl_takes_no_effects() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    assert!(crawl.db().cancel_job(crawl.tenant, crawl.job).await?);
    assert!(!crawl.db().cancel_job(crawl.tenant, crawl.job).await?);
    let before = everything(&mut crawl.owner).await?;
    let late = Outcome { links: vec![crawl.link(crawl.job, "/new")], ..own_page(&tasks[0]) };
    assert_eq!(answers(&crawl.commit(vec![late]).await?, &tasks), [Applied::CrawlEnded]);
    assert_eq!(everything(&mut crawl.owner).await?, before);
    crawl.finish().await
}

#[tokio::test]
async fn a_cancellation_waits_for_the_commit_in_flight_and_then_nothing_takes_effect() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let mut holder = crawl.store.owner().await?;
    let mut hold = holder.begin().await?;
    sqlx::query("SELECT 1 FROM job_progress FOR UPDATE").execute(&mut *hold).await?;
    let commit = crawl.commit_soon(vec![own_page(&tasks[0])]);
    crawl.wait_for_waiters(1).await?;
    let (db, tenant, job) = (crawl.db().clone(), crawl.tenant, crawl.job);
    let cancel = tokio::spawn(async move { db.cancel_job(tenant, job).await });
    crawl.wait_for_waiters(2).await?;
    assert!(!cancel.is_finished());
    assert_eq!(crawl.status().await?.state, "running");
    hold.rollback().await?;
    assert_eq!(answers(&commit.await??, &tasks[..1]), [STORED]);
    assert!(cancel.await??);
    let before = everything(&mut crawl.owner).await?;
    assert_eq!(answers(&crawl.commit(vec![own_page(&tasks[1])]).await?, &tasks[1..]), [Applied::CrawlEnded]);
    assert_eq!(everything(&mut crawl.owner).await?, before);
    assert_eq!(crawl.status().await?.stored, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_commit_that_waits_for_a_cancellation_takes_no_effect() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let mut holder = crawl.store.owner().await?;
    let mut cancel = holder.begin().await?;
    sqlx::query("UPDATE jobs SET state = 'cancelled'").execute(&mut *cancel).await?;
    let commit = crawl.commit_soon(vec![own_page(&tasks[0])]);
    crawl.wait_for_waiters(1).await?;
    cancel.commit().await?;
    assert_eq!(answers(&commit.await??, &tasks), [Applied::CrawlEnded]);
    assert_eq!(crawl.row("/0").await?.0, State::Open.code());
    crawl.finish().await
}

#[tokio::test]
async fn a_connection_killed_during_a_commit_costs_nothing_and_doubles_nothing() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let mut holder = crawl.store.owner().await?;
    let mut hold = holder.begin().await?;
    sqlx::query("SELECT 1 FROM job_progress FOR UPDATE").execute(&mut *hold).await?;
    let commit = crawl.commit_soon(tasks.iter().map(own_page).collect());
    crawl.wait_for_waiters(1).await?;
    let killed = crawl
        .count(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .await?;
    assert_eq!(killed, 1);
    // It tries again on another connection, and waits again.
    crawl.wait_for_waiters(1).await?;
    hold.rollback().await?;
    assert_eq!(answers(&commit.await??, &tasks), [STORED; 2]);
    let status = crawl.status().await?;
    assert_eq!((status.stored, status.open()), (2, 0));
    assert_eq!(crawl.count("SELECT count(*) FROM outbox").await?, 1);
    crawl.finish().await
}

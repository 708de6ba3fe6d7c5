//! Links enter the ledger once, in whatever order commits bring them.

use rad_core::ids::HostId;
use rad_core::verdict::Verdict;
use rad_schema::commit::{Applied, End, Link, Outcome, Settled};
use sqlx::Connection;
use uuid::Uuid;

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, answers, outcome, own_page, url};

#[tokio::test(flavor = "multi_thread")]
async fn commits_at_once_with_the_same_links_in_other_orders_add_each_once() -> Done {
    let mut crawl = Crawl::with_pages(8).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"]).await?;
    let paths: Vec<_> = (0..200).map(|n| format!("/link/{n}")).collect();
    // Held by somebody else until all commits are in the middle of their links.
    let mut holder = crawl.store.owner().await?;
    let mut hold = holder.begin().await?;
    sqlx::query(
        "INSERT INTO crawl_urls (tenant_id, job_id, url_hash, host_id, rank, depth, url) VALUES ($1, $2, $3, $4, 0, 0, '')",
    )
    .bind(crawl.tenant.0)
    .bind(crawl.job.0)
    .bind(Uuid::from_u128(url(&paths[100]).hash().0))
    .bind(crawl.host.0)
    .execute(&mut *hold)
    .await?;
    let commits: Vec<_> = tasks
        .iter()
        .enumerate()
        .map(|(turn, task)| {
            let mut links: Vec<_> = paths.iter().map(|path| crawl.link(crawl.job, path)).collect();
            if turn % 2 == 1 {
                links.reverse();
            }
            crawl.commit_soon(vec![Outcome { links, ..own_page(task) }])
        })
        .collect();
    crawl.wait_for_waiters(8).await?;
    hold.rollback().await?;
    let mut added = Vec::new();
    for (commit, task) in commits.into_iter().zip(tasks.chunks(1)) {
        let committed = commit.await??;
        assert_eq!(answers(&committed, task), [STORED]);
        added.extend(committed.new_tasks.iter().map(|task| task.task));
    }
    added.sort_unstable();
    added.dedup();
    assert_eq!(added.len(), 200, "each link is new in exactly one commit");
    let status = crawl.status().await?;
    assert_eq!((status.discovered, status.stored, status.open()), (209, 8, 200));
    // Closed sessions have told their statistics. A deadlock would be tried again, a second later.
    crawl.db().close().await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(crawl.count(deadlocks).await?, 0);
    crawl.finish().await
}

#[tokio::test]
async fn a_deadlock_with_somebody_else_is_tried_again() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let other = crawl.task(crawl.job, "/1").await?;
    // Another session holds the counters and wants the row that the commit ends.
    let mut holder = crawl.store.owner().await?;
    sqlx::query("SET deadlock_timeout = '10s'").execute(&mut holder).await?;
    let mut hold = holder.begin().await?;
    sqlx::query("SELECT 1 FROM job_progress FOR UPDATE").execute(&mut *hold).await?;
    let commit = crawl.commit_soon(vec![own_page(&tasks[0])]);
    crawl.wait_for_waiters(1).await?;
    // The commit finds the deadlock first, is rolled back, and waits again behind us.
    sqlx::query("UPDATE crawl_urls SET evidence = 'other' WHERE task_id = ANY ($1)")
        .bind(vec![tasks[0].hydrated.task.0, other.0])
        .execute(&mut *hold)
        .await?;
    hold.commit().await?;
    assert_eq!(answers(&commit.await??, &tasks), [STORED]);
    crawl.finish().await
}

#[tokio::test]
async fn links_keep_the_order_of_their_page_and_the_weight_of_their_priority() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let link = |path: &str, host: HostId, priority, position| {
        Link::new(crawl.job, &url(path), host, 1, priority, position)
    };
    let links = vec![
        link("/late", crawl.host, 5, 40),
        link("/early", crawl.host, 5, 3),
        link("/urgent", crawl.host, 9, 90),
    ];
    let mut new = crawl.commit(vec![Outcome { links, ..own_page(&tasks[0]) }]).await?.new_tasks;
    new.sort_by_key(|task| task.rank);
    let mut expected = Vec::new();
    for path in ["/urgent", "/early", "/late"] {
        expected.push(crawl.task(crawl.job, path).await?);
    }
    assert_eq!(new.iter().map(|task| task.task).collect::<Vec<_>>(), expected);
    let step = new[1].rank - new[0].rank;
    assert!((119_000_000..121_000_000).contains(&step), "four steps of priority are two minutes: {step}");
    crawl.finish().await
}

#[tokio::test]
async fn what_is_settled_at_once_is_counted_once_and_dispatched_to_nobody() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let settled = |path: &str, verdict| Settled {
        link: crawl.link(crawl.job, path),
        verdict,
        evidence: "a line of robots.txt".to_owned(),
    };
    let dry = End::Skipped { verdict: Verdict::DryRun, evidence: "it would be fetched".to_owned() };
    let all = vec![
        settled("/new", Verdict::DryRun),
        settled("/new", Verdict::Robots),
        settled("/closed", Verdict::Robots),
        // The crawl has it already, and it waits for its turn.
        settled("/1", Verdict::Robots),
    ];
    let batch = || vec![Outcome { settled: all.clone(), ..outcome(&tasks[0], dry.clone()) }];
    let committed = crawl.commit(batch()).await?;
    assert!(committed.new_tasks.is_empty());
    assert_eq!(answers(&crawl.commit(batch()).await?, &tasks), [Applied::NotOurs], "once");
    let row = |state: i16, verdict: &str| (state, Some(verdict.to_owned()));
    assert_eq!(crawl.row("/new").await?, row(6, "dry_run"));
    assert_eq!(crawl.row("/closed").await?, row(6, "robots"));
    assert_eq!(crawl.row("/1").await?, (0, None));
    let status = crawl.status().await?;
    // The start, /0, /1 and the two that are new.
    assert_eq!((status.discovered, status.skipped, status.open()), (5, 4, 1));
    crawl.finish().await
}

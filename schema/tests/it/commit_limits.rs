//! A limit is a limit, with any number of commits at once.

use std::collections::HashMap;

use rad_schema::commit::{Applied, Outcome};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, answers, own_page, page};

const PATHS: [&str; 12] = ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10", "/11"];

/// Four commits of three pages each, at once; how often each answer was given.
async fn commit_together(crawl: &mut Crawl) -> anyhow::Result<HashMap<String, usize>> {
    let tasks = crawl.take(&PATHS).await?;
    let commits: Vec<_> =
        tasks.chunks(3).map(|batch| crawl.commit_soon(batch.iter().map(own_page).collect())).collect();
    let mut counts = HashMap::new();
    for (commit, batch) in commits.into_iter().zip(tasks.chunks(3)) {
        for applied in answers(&commit.await??, batch) {
            *counts.entry(format!("{applied:?}")).or_default() += 1;
        }
    }
    Ok(counts)
}

fn times(counts: &HashMap<String, usize>, applied: Applied) -> usize {
    counts.get(&format!("{applied:?}")).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_at_once_never_pass_the_maximum_of_a_crawl() -> Done {
    let mut crawl = Crawl::limited(12, Some(5), None).await?;
    let counts = commit_together(&mut crawl).await?;
    assert_eq!((times(&counts, STORED), times(&counts, Applied::CrawlFull)), (5, 7), "{counts:?}");
    let status = crawl.status().await?;
    assert_eq!((status.stored, status.open()), (5, 7));
    assert_eq!(crawl.count("SELECT count(*) FROM documents").await?, 5);
    assert_eq!(crawl.db().finish_jobs().await?, [(crawl.tenant, crawl.job)]);
    let status = crawl.status().await?;
    assert_eq!((status.state.as_str(), status.end_reason.as_deref()), ("completed", Some("page_limit")));
    crawl.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_at_once_never_pass_the_month_of_a_tenant() -> Done {
    let mut crawl = Crawl::limited(12, None, Some(5)).await?;
    let counts = commit_together(&mut crawl).await?;
    assert_eq!((times(&counts, STORED), times(&counts, Applied::Quota)), (5, 7), "{counts:?}");
    let status = crawl.status().await?;
    assert_eq!((status.stored, status.open()), (5, 7));
    assert_eq!(crawl.count("SELECT pages FROM tenant_usage").await?, 5);
    assert_eq!(
        crawl.count("SELECT count(*) FROM crawl_urls WHERE state = 0 AND verdict = 'quota'").await?,
        7
    );
    assert_eq!(crawl.db().finish_jobs().await?, []);
    crawl.finish().await
}

#[tokio::test]
async fn what_waits_for_the_month_is_stored_when_there_is_room_again() -> Done {
    let mut crawl = Crawl::limited(2, None, Some(1)).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let links = vec![crawl.link(crawl.job, "/new")];
    let batch = vec![own_page(&tasks[0]), Outcome { links, ..own_page(&tasks[1]) }];
    let committed = crawl.commit(batch).await?;
    assert_eq!(answers(&committed, &tasks), [STORED, Applied::Quota]);
    assert_eq!(committed.new_tasks, [], "links of a page that was not stored come with its next fetch");
    sqlx::query("UPDATE tenants SET monthly_pages = 2").execute(&mut crawl.owner).await?;
    let again = crawl.take(&["/1"]).await?;
    assert_eq!(answers(&crawl.commit(vec![own_page(&again[0])]).await?, &again), [STORED]);
    crawl.finish().await
}

#[tokio::test]
async fn a_month_without_a_page_stores_none() -> Done {
    let mut crawl = Crawl::limited(1, None, Some(0)).await?;
    let tasks = crawl.take(&["/0"]).await?;
    assert_eq!(answers(&crawl.commit(vec![own_page(&tasks[0])]).await?, &tasks), [Applied::Quota]);
    assert_eq!(crawl.count("SELECT count(*) FROM tenant_usage").await?, 0);
    crawl.finish().await
}

#[tokio::test]
async fn duplicates_count_against_no_limit() -> Done {
    let mut crawl = Crawl::limited(4, Some(2), Some(2)).await?;
    let tasks = crawl.take(&["/0", "/1", "/2"]).await?;
    let first: Vec<_> = tasks.iter().map(|task| page(task, "# Same")).collect();
    crawl.commit(first).await?;
    let last = crawl.take(&["/3"]).await?;
    assert_eq!(answers(&crawl.commit(vec![own_page(&last[0])]).await?, &last), [STORED]);
    let status = crawl.status().await?;
    assert_eq!((status.stored, status.duplicate), (2, 2));
    crawl.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_at_once_never_pass_the_tokens_of_a_month_and_go_on_when_they_are_raised() -> Done {
    let mut crawl = Crawl::limited(12, None, None).await?;
    let change = "SELECT admin_change_tenant(NULL, 'acme', false, NULL, false, NULL, NULL, NULL, true, $1)";
    let one = crawl.take(&["/11"]).await?;
    assert_eq!(answers(&crawl.commit(vec![own_page(&one[0])]).await?, &one), [STORED]);
    // All pages but the two with a longer path have as many.
    let tokens = crawl.count("SELECT tokens FROM tenant_usage").await?;
    assert!(tokens > 0);
    let limit = 5 * tokens + tokens / 2;
    sqlx::query(change).bind(limit).execute(&mut crawl.owner).await?;
    let tasks = crawl.take(&PATHS[..9]).await?;
    let commits: Vec<_> =
        tasks.chunks(3).map(|batch| crawl.commit_soon(batch.iter().map(own_page).collect())).collect();
    let mut applied = Vec::new();
    for (commit, batch) in commits.into_iter().zip(tasks.chunks(3)) {
        applied.extend(answers(&commit.await??, batch));
    }
    let stored = applied.iter().filter(|one| **one == STORED).count();
    assert!((1..=5).contains(&stored), "{applied:?}");
    assert_eq!(applied.iter().filter(|one| **one == Applied::Quota).count(), 9 - stored, "{applied:?}");
    let used = crawl.count("SELECT tokens FROM tenant_usage").await?;
    assert!(used <= limit, "{used} of {limit}");
    assert_eq!(
        used,
        crawl.count("SELECT sum(tokens)::bigint FROM chunks").await?,
        "what is stored is counted"
    );
    let status = crawl.status().await?;
    assert_eq!(status.unstored, i64::try_from(9 - stored)?, "fetched in vain");
    let terms = crawl.db().lane_terms(&[crawl.lane()]).await?;
    assert_eq!(terms[0].and_then(|terms| terms.room), Some(0), "nothing is fetched that finds no room");

    sqlx::query(change).bind(None::<i64>).execute(&mut crawl.owner).await?;
    let waiting: Vec<_> = PATHS[..9]
        .iter()
        .zip(&applied)
        .filter(|(_, applied)| **applied == Applied::Quota)
        .map(|(path, _)| *path)
        .collect();
    let again = crawl.take(&waiting).await?;
    let committed = crawl.commit(again.iter().map(own_page).collect()).await?;
    assert!(answers(&committed, &again).iter().all(|applied| *applied == STORED));
    crawl.finish().await
}

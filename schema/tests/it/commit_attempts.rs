//! Attempts that leave their task open.

use std::time::Duration;

use rad_core::verdict::Verdict;
use rad_schema::commit::{Applied, End, Excluded, Outcome};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{answers, outcome, url};

/// What the ledger counts of a failed attempt: attempts and rank.
async fn counted(crawl: &mut Crawl) -> anyhow::Result<(i16, i64)> {
    let sql = "SELECT attempts, rank FROM crawl_urls WHERE job_id = $1 AND url = $2";
    let row = sqlx::query_as(sql).bind(crawl.job.0).bind(url("/0").as_str().to_owned());
    Ok(row.fetch_one(&mut crawl.owner).await?)
}

#[tokio::test]
async fn a_failed_attempt_is_counted_once_however_often_it_is_committed() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    for attempt in 1..=2 {
        let tasks = crawl.take(&["/0"]).await?;
        let end = End::Wait {
            verdict: Verdict::Timeout,
            evidence: "by the test".to_owned(),
            wait: Duration::from_secs(30),
            failed: true,
        };
        let batch = || vec![outcome(&tasks[0], end.clone())];
        let first = answers(&crawl.commit(batch()).await?, &tasks);
        let (attempts, rank) = counted(&mut crawl).await?;
        assert_eq!((first, attempts), (vec![Applied::Waits { rank }], attempt));
        // Its answer was lost: the worker asks again, and is told the same.
        let second = answers(&crawl.commit(batch()).await?, &tasks);
        assert_eq!(second, [Applied::Waits { rank }]);
        assert_eq!(counted(&mut crawl).await?, (attempt, rank));
    }
    crawl.finish().await
}

#[tokio::test]
async fn links_that_were_left_out_are_counted_with_the_end_of_their_page() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let samples = vec!["http://other.test/".to_owned()];
    let excluded = Excluded { host: 3, path: 2, depth: 1, pattern: 5, trap: 4, samples };
    let wait = End::Wait {
        verdict: Verdict::Quota,
        evidence: "by the test".to_owned(),
        wait: Duration::from_secs(30),
        failed: false,
    };
    for end in [wait.clone(), wait, End::Unchanged { document: None }] {
        let page = Outcome { excluded: excluded.clone(), ..outcome(&tasks[0], end) };
        crawl.commit(vec![page]).await?;
    }
    let status = crawl.status().await?;
    assert_eq!((status.excluded_host, status.excluded_path, status.excluded_depth), (3, 2, 1));
    crawl.finish().await
}

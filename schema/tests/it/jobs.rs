//! Starting and finishing crawls.

use rad_core::ids::{JobId, TenantId};
use rad_core::scope::Scope;
use rad_schema::jobs::NewJob;

use crate::Done;
use crate::crawl::{Crawl, TRACE};
use crate::page::url;

#[tokio::test]
async fn only_crawls_with_nothing_open_are_finished() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let (empty, cancelled) = (crawl.start(0, None).await?, crawl.start(0, None).await?);
    crawl.db().cancel_job(crawl.tenant, cancelled).await?;
    let running = crawl.db().running_jobs((TenantId(0), JobId(0)), 10).await?;
    assert_eq!(running, [(crawl.tenant, crawl.job), (crawl.tenant, empty)]);
    let after_first = crawl.db().running_jobs(running[0], 10).await?;
    assert_eq!(after_first, running[1..]);
    assert_eq!(crawl.db().finish_jobs().await?, [(crawl.tenant, empty)]);
    assert_eq!(crawl.db().finish_jobs().await?, []);
    assert_eq!(crawl.status().await?.state, "running");
    crawl.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_repeated_under_its_key_is_one_crawl() -> Done {
    let crawl = Crawl::with_pages(1).await?;
    let new = NewJob {
        start: url("/again"),
        scope: Scope::default(),
        priority: 7,
        max_pages: None,
        idempotency_key: Some("key".to_owned()),
        trace_id: TRACE.to_owned(),
    };
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (db, new, tenant, host) = (crawl.db().clone(), new.clone(), crawl.tenant, crawl.host);
        starts.spawn(async move { db.start_job(tenant, host, &new).await });
    }
    let mut started = Vec::new();
    while let Some(start) = starts.join_next().await {
        started.push(start??);
    }
    assert_eq!(started.iter().filter(|start| start.new).count(), 1);
    assert!(started.iter().all(|start| start.job == started[0].job && start.same_request));
    for other in [
        NewJob { start: url("/other"), ..new.clone() },
        NewJob { priority: 8, ..new.clone() },
        NewJob { max_pages: Some(7), ..new.clone() },
        NewJob { scope: Scope { max_depth: Some(1), ..Scope::default() }, ..new.clone() },
    ] {
        let again = crawl.db().start_job(crawl.tenant, crawl.host, &other).await?;
        assert_eq!((again.job, again.new, again.same_request), (started[0].job, false, false), "{other:?}");
    }
    crawl.finish().await
}

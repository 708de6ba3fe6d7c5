//! Taking claims into hand, and counting the workers that died with a task.

use rad_core::ids::{Fence, TaskId, TenantId};
use rad_schema::commit::Applied;
use rad_schema::window::{Claimed, Reclaimed};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{answers, own_page, url};

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
async fn the_tenth_death_or_overrun_ends_a_task_and_is_counted_once() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let task = crawl.task(crawl.job, "/0").await?;
    let held = |died| [Reclaimed { task, tenant: TenantId(1), died }];
    for death in 1..=11 {
        let ended = crawl.db().count_deaths(&held(death % 2 == 0)).await?;
        assert_eq!(ended, i64::from(death == 10), "death {death}");
    }
    assert_eq!(crawl.row("/0").await?, (7, Some("poison".to_owned())));
    assert_eq!(crawl.count("SELECT deaths::bigint FROM crawl_urls WHERE verdict = 'poison'").await?, 10);
    let status = crawl.status().await?;
    assert_eq!((status.failed, status.open()), (1, 1));
    let again = crawl.claims(&[task]);
    assert!(crawl.db().hydrate(&again, 1).await?.is_empty());
    crawl.finish().await
}

#[tokio::test]
async fn a_task_that_poisoned_its_workers_takes_no_late_commit() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let held = [Reclaimed { task: tasks[0].hydrated.task, tenant: crawl.tenant, died: true }];
    for _ in 0..10 {
        crawl.db().count_deaths(&held).await?;
    }
    let late = crawl.commit(vec![own_page(&tasks[0])]).await?;
    assert_eq!(answers(&late, &tasks), [Applied::NotOurs]);
    crawl.finish().await
}

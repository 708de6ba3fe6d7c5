//! Taking claims into hand.

use rad_core::ids::{Fence, TaskId};
use rad_schema::window::Claimed;

use crate::Done;
use crate::crawl::Crawl;
use crate::page::url;

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

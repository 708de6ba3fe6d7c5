//! A limit is a limit, with any number of workers.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use rad_loadtest::fleet::{Fleet, FleetOptions, StartRequest};
use rad_loadtest::web::{Server, Site};

use crate::proof::{WITHIN, adds_up, reader, rig, spec};

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_of_at_most_50_pages_stores_exactly_50_with_three_workers() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(41, 400), 3).await?;
    let request = StartRequest { max_pages: Some(50), ..StartRequest::new(web.url()) };
    let started = fleet.api().start(&request).await?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    ensure!(ended.end_reason.as_deref() == Some("page_limit"), "ended by {:?}", ended.end_reason);
    ensure!(ended.counts.stored == 50, "{} pages stored", ended.counts.stored);
    ensure!(ended.counts.waiting == 0, "an ended crawl waits for nothing");
    let db = reader(&fleet).await?;
    ensure!(db.document_contents(fleet.tenant()).await?.len() == 50, "documents");
    ensure!(db.billed(fleet.tenant()).await?.months == 50, "billed");
    adds_up(&db, fleet.tenant(), &ended).await?;
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_30_pages_a_month_stores_exactly_30_in_two_crawls_and_the_rest_when_the_limit_is_raised()
-> Result<()> {
    let first = Server::start(Site::new(spec(42, 200)), "127.0.0.1:0".parse()?).await?;
    let second = Server::start(Site::new(spec(43, 200)), "127.0.0.1:0".parse()?).await?;
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions::for_test(folder.path())).await?;
    let api = fleet.create_tenant("small", Some(30)).await?;
    let crawls = [
        api.start(&StartRequest::new(first.url())).await?,
        api.start(&StartRequest::new(second.url())).await?,
    ];
    let db = reader(&fleet).await?;
    // The tenant is parked: both crawls stay open, and what is in flight comes to rest.
    let mut arrivals = 0;
    loop {
        let stored = db.document_contents(api.tenant()).await?.len();
        ensure!(stored <= 30, "{stored} pages stored, 30 are the limit");
        let now = first.arrivals() + second.arrivals();
        if stored == 30 && now == arrivals {
            break;
        }
        arrivals = now;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    }
    for crawl in &crawls {
        let status = api.crawl(crawl.id).await?;
        ensure!(!status.has_ended(), "a crawl that waits for its quota has not ended");
        ensure!(status.counts.waiting > 0, "its URLs wait");
        adds_up(&db, api.tenant(), &status).await?;
    }
    ensure!(db.billed(api.tenant()).await?.months == 30, "billed");
    // What did not fit was rolled back with its links: nothing of the sites may be missing in the end.
    fleet.limit_pages(api.tenant(), None).await?;
    for crawl in &crawls {
        let ended = api.wait_crawl(crawl.id, WITHIN, |_| ()).await?;
        ensure!(ended.state == "completed", "ended {}", ended.state);
        adds_up(&db, api.tenant(), &ended).await?;
    }
    let expected: HashSet<_> =
        [&first, &second].into_iter().flat_map(|web| web.site().expected().stored.into_keys()).collect();
    let stored: HashSet<_> =
        db.document_contents(api.tenant()).await?.into_iter().map(|(_, content)| content).collect();
    ensure!(stored == expected, "{} contents stored of {}", stored.len(), expected.len());
    ensure!(db.billed(api.tenant()).await?.months == i64::try_from(expected.len())?, "billed");
    fleet.stop().await?;
    Ok(())
}

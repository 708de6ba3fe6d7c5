//! Tenants beside each other, and two crawls of one tenant at once.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use rad_core::ids::TenantId;
use rad_loadtest::client::{Api, StartRequest};

use crate::proof::{WITHIN, adds_up, reader, rig, spec};

async fn sees_nothing_of(api: &Api, foreign_crawl: i64) -> Result<()> {
    for refused in [
        api.crawl(foreign_crawl).await.err(),
        api.cancel(foreign_crawl).await.err(),
        api.samples(foreign_crawl).await.map(drop).err(),
        api.documents(Some(foreign_crawl)).await.map(drop).err(),
    ] {
        let told = refused.map(|error| error.to_string()).unwrap_or_default();
        ensure!(told.contains(&format!("there is no crawl {foreign_crawl}")), "answered {told:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_crawl_one_site_and_neither_sees_the_other() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(61, 150), 3).await?;
    let other = fleet.create_tenant("other", None).await?;
    let mine = fleet.api().start(&StartRequest::new(web.url())).await?;
    let theirs = other.start(&StartRequest::new(web.url())).await?;
    let mine = fleet.wait_crawl(mine.id, WITHIN, |_| ()).await?;
    let theirs = other.wait_crawl(theirs.id, WITHIN, |_| ()).await?;
    let db = reader(&fleet).await?;
    let expected: HashSet<_> = web.site().expected().stored.keys().copied().collect();
    for (tenant, crawl) in [(fleet.tenant(), &mine), (other.tenant(), &theirs)] {
        let stored = db.document_contents(tenant).await?;
        ensure!(stored.len() == expected.len(), "{} documents of {}", stored.len(), expected.len());
        ensure!(stored.iter().all(|(_, content)| expected.contains(content)), "strange contents");
        adds_up(&db, tenant, crawl).await?;
        let foreign = db.foreign_rows(tenant).await?;
        ensure!(foreign.len() >= 10, "the check looked at {} tables only", foreign.len());
        ensure!(foreign.iter().all(|(_, rows)| *rows == 0), "rows of others are visible: {foreign:?}");
    }
    ensure!(db.document_contents(TenantId(0)).await?.is_empty(), "a tenant that is none sees documents");
    sees_nothing_of(fleet.api(), theirs.id).await?;
    sees_nothing_of(&other, mine.id).await?;
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_crawls_of_one_tenant_leave_every_document_whole() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(62, 150), 3).await?;
    let first = fleet.api().start(&StartRequest::new(web.url())).await?;
    let second = fleet.api().start(&StartRequest::new(web.url())).await?;
    let first = fleet.wait_crawl(first.id, WITHIN, |_| ()).await?;
    let second = fleet.wait_crawl(second.id, WITHIN, |_| ()).await?;
    let db = reader(&fleet).await?;
    adds_up(&db, fleet.tenant(), &first).await?;
    adds_up(&db, fleet.tenant(), &second).await?;
    let expected = i64::try_from(web.site().expected().unique_contents())?;
    let stored = i64::try_from(db.document_contents(fleet.tenant()).await?.len())?;
    ensure!(stored == expected, "{stored} documents of {expected}");
    let billed = db.billed(fleet.tenant()).await?;
    ensure!(billed.months == expected, "{expected} pages, billed {billed:?}");
    ensure!(first.counts.stored + second.counts.stored == expected, "stored by both: {:?}", (first, second));
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_crawl_of_an_unchanged_site_bills_nothing_and_keeps_the_site() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(63, 120), 2).await?;
    let first = fleet.api().start(&StartRequest::new(web.url())).await?;
    let first = fleet.wait_crawl(first.id, WITHIN, |_| ()).await?;
    let second = fleet.api().start(&StartRequest::new(web.url())).await?;
    let second = fleet.wait_crawl(second.id, WITHIN, |_| ()).await?;
    ensure!(second.counts.stored == 0, "{} pages billed again", second.counts.stored);
    ensure!(second.counts.unchanged == first.counts.stored, "{:?}", second.counts);
    ensure!(second.counts.discovered == first.counts.discovered, "the site shrank: {:?}", second.counts);
    let db = reader(&fleet).await?;
    adds_up(&db, fleet.tenant(), &second).await?;
    ensure!(db.billed(fleet.tenant()).await?.months == first.counts.stored, "billed");
    fleet.stop().await?;
    Ok(())
}

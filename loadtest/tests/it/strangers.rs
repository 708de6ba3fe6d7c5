//! Whole crawls of small sites that behave as strangers' servers do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _};
use rad_core::scope::Scope;
use rad_loadtest::client::{CrawlStatus, StartRequest};
use rad_loadtest::fleet::Fleet;

use crate::proof::{WITHIN, adds_up, reader};
use crate::scripted::{ScriptedSite, scripted};

async fn crawl(fleet: &Fleet, site: &ScriptedSite, scope: Scope) -> Result<CrawlStatus> {
    let started = fleet.api().start(&StartRequest { scope, ..StartRequest::new(site.url("/")) }).await?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    adds_up(&reader(fleet).await?, fleet.tenant(), &ended).await?;
    Ok(ended)
}

fn dry() -> Scope {
    Scope { dry_run: true, ..Scope::default() }
}

/// Paths that a crawl skipped or could not have, with their verdicts.
async fn verdicts(fleet: &Fleet, site: &ScriptedSite, crawl: &CrawlStatus) -> Result<Vec<(String, String)>> {
    let errors = fleet.api().crawl_errors(crawl.id, 100).await?;
    let start = site.url("");
    let path = |url: &str| url.strip_prefix(&start).unwrap_or(url).to_owned();
    let mut verdicts: Vec<_> = errors.into_iter().map(|error| (path(&error.url), error.verdict)).collect();
    verdicts.sort();
    Ok(verdicts)
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(path, verdict)| ((*path).to_owned(), (*verdict).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_be_fetched_and_fetches_no_page() -> Result<()> {
    let (_folder, site, fleet) = scripted().await?;
    let map = site.url("/map.xml");
    site.text("/robots.txt", "text/plain", format!("User-agent: *\nDisallow: /private\nSitemap: {map}\n"));
    let entries =
        ["/listed", "/private/listed"].map(|path| format!("<url><loc>{}</loc></url>", site.url(path)));
    let xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9";
    site.text(
        "/map.xml",
        "application/xml",
        format!("<urlset xmlns=\"{xmlns}\">{}</urlset>", entries.concat()),
    );
    site.page("/", &["/a", "/private/linked", "http://elsewhere.example/"]);
    site.page("/a", &["/b"]);
    site.page("/b", &[]);
    site.page("/listed", &[]);

    let fresh = crawl(&fleet, &site, dry()).await?;
    ensure!(site.asked() == ["/map.xml", "/robots.txt"], "pages were fetched");
    let known =
        [("/", "dry_run"), ("/listed", "dry_run"), ("/map.xml", "sitemap"), ("/private/listed", "robots")];
    ensure!(verdicts(&fleet, &site, &fresh).await? == owned(&known), "{:?}", fresh.reasons);
    let why = fleet.api().explain(fresh.id, &site.url("/private/listed")).await?.why;
    ensure!(why.contains("Disallow: /private"), "{why}");

    let real = crawl(&fleet, &site, Scope::default()).await?;
    ensure!(real.counts.stored == 4, "{:?}", real.counts);
    site.asked();
    let known = [
        ("/", "dry_run"),
        ("/a", "dry_run"),
        ("/b", "dry_run"),
        ("/listed", "dry_run"),
        ("/map.xml", "sitemap"),
        ("/private/linked", "robots"),
        ("/private/listed", "robots"),
    ];
    let again = crawl(&fleet, &site, dry()).await?;
    ensure!(site.asked().iter().all(|path| path == "/map.xml"), "pages were fetched");
    ensure!(verdicts(&fleet, &site, &again).await? == owned(&known), "{:?}", again.reasons);
    ensure!(again.excluded_links.other_host == 1, "{:?}", again.excluded_links);
    let why = fleet.api().explain(again.id, &site.url("/b")).await?.why;
    ensure!(why.contains("asked whether it has changed"), "{why}");
    ensure!(reader(&fleet).await?.billed(fleet.tenant()).await?.months == 4, "a dry run is not billed");
    ensure!(fleet.api().documents(None).await?.len() == 4, "a dry run removes nothing");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_there_in_two_crawls_leaves_the_documents_and_explain_says_why() -> Result<()> {
    let (_folder, site, fleet) = scripted().await?;
    site.page("/", &["/a", "/b"]);
    site.page("/a", &["/c"]);
    site.page("/b", &[]);
    site.page("/c", &[]);
    crawl(&fleet, &site, Scope::default()).await?;
    ensure!(fleet.api().documents(None).await?.len() == 4);
    site.remove("/a");
    for _ in 0..2 {
        crawl(&fleet, &site, Scope::default()).await?;
    }
    let last = crawl(&fleet, &site, Scope::default()).await?;
    let deadline = Instant::now() + WITHIN;
    while fleet.api().documents(None).await?.len() > 2 {
        ensure!(Instant::now() < deadline, "the documents stay");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (path, reason) in [("/a", "gone"), ("/c", "unlinked")] {
        let explained = fleet.api().explain(last.id, &site.url(path)).await?;
        let removed = explained.more.get("removed").context("its document was removed")?;
        ensure!(removed["reason"] == reason, "{path}: {removed}");
        ensure!(explained.why.contains("removed by crawl"), "{}", explained.why);
    }
    let kept = reader(&fleet).await?.kept_bytes(fleet.tenant()).await?;
    ensure!(kept.rows == kept.counted, "{kept:?}");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_wants_its_cookie_back_is_crawled_and_the_next_crawl_begins_without() -> Result<()> {
    let (_folder, site, fleet) = scripted().await?;
    site.answer("/", |cookie| {
        if cookie.is_some_and(|cookie| cookie.contains("session=1")) {
            return Html("<title>In</title><p>Welcome. <a href='/inside'>Inside</a>").into_response();
        }
        let set = [(header::SET_COOKIE, "session=1; Path=/"), (header::LOCATION, "/")];
        (StatusCode::FOUND, set).into_response()
    });
    site.answer("/inside", |cookie| match cookie {
        Some("session=1") => Html("<title>Inside</title><p>For guests.").into_response(),
        _ => StatusCode::FORBIDDEN.into_response(),
    });
    for stored in [2, 0] {
        let ended = crawl(&fleet, &site, Scope::default()).await?;
        ensure!(ended.counts.stored == stored && ended.counts.failed == 0, "{:?}", ended.counts);
        let starts = site.asked().into_iter().filter(|path| path == "/").count();
        ensure!(starts == 2, "the start was asked for {starts} times");
    }
    fleet.stop().await?;
    Ok(())
}

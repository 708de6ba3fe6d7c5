//! The life of a fetched sitemap: it brings its pages in and is not stored.

use std::sync::Arc;

use rad_core::scope::SitemapMode;
use rad_core::verdict::Verdict;
use rad_schema::commit::End;
use rad_schema::db::DbError;
use rad_schema::ledger::Hydrated;

use crate::engine::Engine;
use crate::fetch::Page;
use crate::page::{Processed, known};
use crate::robots::HostRules;
use crate::{dry, listing};

/// Reads the sitemap that `task` turned out to be. `host` says what its own host allows.
pub(crate) async fn process(
    engine: &Engine,
    task: &Hydrated,
    host: &HostRules,
    page: Page,
) -> Result<Processed, DbError> {
    let crawl = engine.scopes.of(task);
    let level = task.depth;
    if crawl.scope.sitemap == SitemapMode::Skip {
        return Ok(refused(format!("the content type {} is not supported", page.content_type)));
    }
    let from = page.final_url.host_key();
    let listing = match read(engine, task, page).await {
        Ok(listing) => listing,
        Err(evidence) => return Ok(refused(evidence)),
    };
    let said = (Verdict::Sitemap, listing.evidence);
    let mut processed = if crawl.scope.dry_run {
        dry::survey(engine, task, host, listing.pages, said).await?
    } else {
        // What is listed is one link from the start, however deep in the site it stands.
        let from_start = Hydrated { depth: 0, ..task.clone() };
        let (links, excluded) = known(engine).select(&from_start, &crawl, &listing.pages).await?;
        let (verdict, evidence) = said;
        Processed { links, excluded, ..Processed::only(End::Skipped { verdict, evidence }) }
    };
    let near = listing.sitemaps.into_iter().filter(|url| crawl.holds_host(url) || url.host_key() == from);
    processed.links.extend(known(engine).sitemaps(task, level.saturating_add(1), near.collect()).await?);
    Ok(processed)
}

fn refused(evidence: String) -> Processed {
    Processed::only(End::Skipped { verdict: Verdict::UnsupportedType, evidence })
}

async fn read(engine: &Engine, task: &Hydrated, page: Page) -> Result<listing::Listing, String> {
    let reader = Arc::clone(&engine.readers).next().await;
    let (threads, of, level) = (Arc::clone(&engine.threads), task.task, task.depth);
    let read = tokio::task::spawn_blocking(move || {
        let _reader = reader;
        let _kept = threads.keep("a parser", Arc::new([of]));
        listing::read(&page, level)
    });
    read.await.unwrap_or_else(|_| Err("the sitemap could not be parsed".to_owned()))
}

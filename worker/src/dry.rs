//! Dry runs: what a crawl would fetch, and why not the rest, without fetching a page.
//!
//! The start brings in what the tenant's stored pages link to, one after another; a sitemap brings in what it lists and
//! what is stored behind that. Every URL gets a row that has ended already: nothing of it is dispatched, and no host
//! waits for its clock. Only robots.txt and sitemaps are fetched, as in any crawl.

use std::collections::HashSet;

use rad_core::ids::Hash128;
use rad_core::scope::SitemapMode;
use rad_core::url::{CanonicalUrl, HostKey};
use rad_core::verdict::Verdict;
use rad_schema::commit::{End, Excluded, Link, Settled};
use rad_schema::db::DbError;
use rad_schema::ledger::Hydrated;

use crate::engine::Engine;
use crate::page::{Processed, RobotsVerdict, known, robots_verdict};
use crate::robots::HostRules;

/// Rows of one task: as many as one commit takes. A URL beyond them is in nobody's sight.
const MOST_ROWS: usize = 6_000;

/// The start of a dry run: it is judged itself, and all that is stored behind it.
pub(crate) async fn start(
    engine: &Engine,
    task: &Hydrated,
    url: &CanonicalUrl,
    host: &HostRules,
) -> Result<Processed, DbError> {
    let mut behind = engine.db.stored_links(task.tenant, &[url.hash()]).await?;
    let stored = behind.remove(&url.hash());
    let said = (Verdict::DryRun, would_be_fetched(stored.is_some()));
    let links = if engine.scopes.of(task).scope.sitemap == SitemapMode::Only { None } else { stored };
    survey(engine, task, host, parsed(links.into_iter()), said).await
}

/// What a page of the site lists: judged one by one, with all that is stored behind it. `said` of the page itself.
pub(crate) async fn survey(
    engine: &Engine,
    task: &Hydrated,
    host: &HostRules,
    seeds: Vec<CanonicalUrl>,
    said: (Verdict, String),
) -> Result<Processed, DbError> {
    let (verdict, mut evidence) = said;
    let (crawl, here) =
        (engine.scopes.of(task), CanonicalUrl::parse(&task.url).map(|url| url.host_key()).ok());
    let (mut level, mut from) = (seeds, Hydrated { depth: 0, ..task.clone() });
    let (mut met, mut settled, mut excluded) = (HashSet::new(), Vec::new(), Excluded::default());
    while !level.is_empty() {
        let (links, left_out) = known(engine).select(&from, &crawl, &level).await?;
        excluded.add(left_out);
        let mut fresh: Vec<Link> = links.into_iter().filter(|link| met.insert(link.hash())).collect();
        if settled.len() + fresh.len() > MOST_ROWS {
            fresh.truncate(MOST_ROWS - settled.len());
            evidence.push_str("; there is more than was looked at");
        }
        let hashes: Vec<Hash128> = fresh.iter().map(Link::hash).collect();
        let mut stored = engine.db.stored_links(task.tenant, &hashes).await?;
        settled.extend(fresh.into_iter().map(|link| {
            let is_stored = stored.contains_key(&link.hash());
            judged(link, is_stored, host, here.as_ref())
        }));
        level = if settled.len() < MOST_ROWS && crawl.scope.sitemap != SitemapMode::Only {
            parsed(hashes.iter().filter_map(|hash| stored.remove(hash)))
        } else {
            Vec::new()
        };
        from.depth = from.depth.saturating_add(1);
    }
    Ok(Processed { settled, excluded, ..Processed::only(End::Skipped { verdict, evidence }) })
}

fn parsed(links: impl Iterator<Item = Vec<String>>) -> Vec<CanonicalUrl> {
    links.flatten().filter_map(|link| CanonicalUrl::parse(&link).ok()).collect()
}

/// `host` is what is known of `here`; the rules of other hosts are read when a crawl goes there.
fn judged(link: Link, is_stored: bool, host: &HostRules, here: Option<&HostKey>) -> Settled {
    let url = CanonicalUrl::parse(link.url()).ok();
    let is_here = url.as_ref().is_some_and(|url| Some(&url.host_key()) == here);
    let refused = url.filter(|_| is_here).and_then(|url| robots_verdict(host, &url));
    let (verdict, evidence) = match refused {
        Some(RobotsVerdict::Denied(rule)) => (Verdict::Robots, rule),
        Some(_) => (Verdict::RobotsUnreachable, "robots.txt of its host could not be read".to_owned()),
        None if is_here => (Verdict::DryRun, would_be_fetched(is_stored)),
        None => {
            let evidence = "it would be fetched, if robots.txt of its host allows it".to_owned();
            (Verdict::DryRun, evidence)
        }
    };
    Settled { link, verdict, evidence }
}

fn would_be_fetched(is_stored: bool) -> String {
    let what = if is_stored { "it would be asked whether it has changed" } else { "it would be fetched" };
    what.to_owned()
}

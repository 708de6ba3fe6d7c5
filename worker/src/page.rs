//! The life of one page between its claim and its commit: robots, fetch, classify, extract.
//!
//! Every path ends in an [`End`] with its reason; only a store that does not answer ends in an error, and then
//! the lease is handed back.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use metrics::{counter, histogram};
use rad_core::errors::chain;
use rad_core::metrics::fetch::{EXTRACT_DURATION, LINKS_DISCOVERED, POLITENESS_WAIT, ROBOTS_DENIED};
use rad_core::retry::{FailureClass, Next, RetryPolicy};
use rad_core::scope::SitemapMode;
use rad_core::url::CanonicalUrl;
use rad_core::verdict::Verdict;
use rad_schema::commit::{End, Excluded, Link, Settled};
use rad_schema::db::DbError;
use rad_schema::documents::links_of;
use rad_schema::ledger::Hydrated;
use rad_schema::window::HostTerms;

use crate::content;
use crate::dry;
use crate::engine::{Engine, ends};
use crate::extract::HostMemory;
use crate::fetch::{Conditional, FetchError, Fetched, Kind, Page, meters};
use crate::links::Known;
use crate::readers::Reader;
use crate::robots::{HostRules, Rules, Sources, VISIT_GAP};
use crate::{listed, listing};

/// Push-backs longer than this must outlive Redis.
const KEPT_PUSH_BACK: Duration = Duration::from_secs(10);
/// A longer delay of the host is waited for in the queue, not in a slot with a lease.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// A page that is ready to be committed.
pub(crate) struct Processed {
    pub(crate) end: End,
    pub(crate) links: Vec<Link>,
    /// What a dry run says of other URLs.
    pub(crate) settled: Vec<Settled>,
    pub(crate) excluded: Excluded,
    /// How long the host must rest, where it asked for more than its delay.
    pub(crate) pause: Duration,
    /// What the host allows, if it is known.
    pub(crate) terms: Option<HostTerms>,
    /// How its fetch failed, if it did.
    pub(crate) failure: Option<FailureClass>,
    /// How long its host took to answer, if it was asked.
    pub(crate) took: Option<Duration>,
    /// The format of what was fetched, if anything was.
    pub(crate) format: Option<&'static str>,
}

impl Processed {
    pub(crate) fn only(end: End) -> Self {
        Self {
            end,
            links: Vec::new(),
            settled: Vec::new(),
            excluded: Excluded::default(),
            pause: Duration::ZERO,
            terms: None,
            failure: None,
            took: None,
            format: None,
        }
    }
}

/// Brings one task to its end, or to another attempt when it takes so long that its lease may run out.
pub(crate) async fn process(engine: &Engine, task: &Hydrated) -> Result<Processed, DbError> {
    // The rest of the lease is for the commit.
    let longest = engine.config.lease().hard_deadline.mul_f64(0.75);
    if let Ok(processed) = tokio::time::timeout(longest, pursue(engine, task)).await {
        return processed;
    }
    meters::failed(FailureClass::Timeout);
    Ok(failed(task, FailureClass::Timeout, "the page as a whole took too long"))
}

async fn pursue(engine: &Engine, task: &Hydrated) -> Result<Processed, DbError> {
    let url = match CanonicalUrl::parse(&task.url) {
        Ok(url) => url,
        // The ledger holds canonical URLs only; one that is not was written by another version.
        Err(error) => {
            return Ok(Processed::only(End::Failed {
                verdict: Verdict::TargetForbidden,
                evidence: error.to_string(),
            }));
        }
    };
    let key = url.host_key();
    let sources = Sources { db: &engine.db, fetcher: &engine.fetcher, config: &engine.config };
    let host = engine.robots.rules(sources, task.host, &key).await?;
    let mut processed = match robots_verdict(&host, &url) {
        Some(RobotsVerdict::Denied(evidence)) => {
            counter!(ROBOTS_DENIED).increment(1);
            Processed::only(End::Skipped { verdict: Verdict::Robots, evidence })
        }
        Some(RobotsVerdict::Unreachable(rest)) => {
            let evidence = "robots.txt could not be read, so nothing on the host may be fetched";
            let failed = failed(task, FailureClass::RobotsUnreachable, evidence);
            Processed { pause: failed.pause.max(rest), ..failed }
        }
        Some(RobotsVerdict::Elsewhere) => waits_for_robots(task),
        None if is_dry_start(engine, task, &url) => dry::start(engine, task, &url, &host).await?,
        // robots.txt was a request like any other: the host's clock runs from it.
        None if host.asked_now && host.terms.delay > LONGEST_SLEEP => waits_for_host(&host),
        None => {
            if host.asked_now {
                histogram!(POLITENESS_WAIT).record(host.terms.delay);
                tokio::time::sleep(host.terms.delay).await;
            }
            fetch(engine, task, &url, &host).await?
        }
    };
    let (terms, rest) = engine.healths.note(task.host, host.terms, processed.failure, processed.took);
    processed.pause = processed.pause.max(rest);
    processed.links.extend(first_sitemaps(engine, task, &url, &host).await?);
    if processed.pause > KEPT_PUSH_BACK
        && let Err(error) = engine.db.push_back(task.host, processed.pause).await
    {
        // The window still gets it, with the page's completion.
        tracing::warn!(host = task.host.0, error = chain(&error), "push-back not kept in Postgres");
    }
    Ok(Processed { terms: Some(terms), ..processed })
}

/// In a dry run nothing but sitemaps is fetched, and all tasks behind the start are sitemaps.
fn is_dry_start(engine: &Engine, task: &Hydrated, url: &CanonicalUrl) -> bool {
    let crawl = engine.scopes.of(task);
    crawl.scope.dry_run && crawl.begins_at(url)
}

/// The start of a crawl brings the sitemaps of its host along, whatever becomes of itself.
async fn first_sitemaps(
    engine: &Engine,
    task: &Hydrated,
    url: &CanonicalUrl,
    host: &HostRules,
) -> Result<Vec<Link>, DbError> {
    let crawl = engine.scopes.of(task);
    if !crawl.begins_at(url) || !matches!(host.rules, Rules::Known(_)) {
        return Ok(Vec::new());
    }
    let found = listing::begins_with(crawl.scope.sitemap, &url.host_key(), &host.sitemaps);
    known(engine).sitemaps(task, 0, found).await
}

pub(crate) enum RobotsVerdict {
    Denied(String),
    Unreachable(Duration),
    Elsewhere,
}

pub(crate) fn robots_verdict(host: &HostRules, url: &CanonicalUrl) -> Option<RobotsVerdict> {
    let rules = match &host.rules {
        Rules::Known(rules) => rules,
        Rules::Unreachable(rest) => return Some(RobotsVerdict::Unreachable(*rest)),
        Rules::Elsewhere => return Some(RobotsVerdict::Elsewhere),
    };
    let decision = rules.check(url.path_and_query());
    if decision.allowed {
        return None;
    }
    let line = decision.line.map_or_else(
        || "robots.txt forbids it".to_owned(),
        |line| format!("robots.txt line {}: {}", line.number, line.text),
    );
    Some(RobotsVerdict::Denied(line))
}

async fn fetch(
    engine: &Engine,
    task: &Hydrated,
    url: &CanonicalUrl,
    host: &HostRules,
) -> Result<Processed, DbError> {
    let crawl = engine.scopes.of(task);
    // What may not be fetched, is out of scope, or would hold the slot for long, becomes a task of its own.
    let follow = |to: &CanonicalUrl| {
        host.terms.delay <= LONGEST_SLEEP
            && robots_verdict(host, to).is_none()
            && crawl.admits(to, task.depth).is_ok()
    };
    let conditional = Conditional { etag: task.etag.clone(), last_modified: task.last_modified.clone() };
    engine.fetcher.expect_pace(&url.host_key(), host.pace());
    let asked = Instant::now();
    let fetched = engine.fetcher.get(url, &conditional, host.terms.delay, &crawl.cookies, &follow).await;
    let took = asked.elapsed();
    engine.crash.pass("fetched");
    // Redirects were waited for in between, and say nothing about the host's load.
    let is_direct = !matches!(&fetched, Ok(Fetched::Page(page)) if !page.hops.is_empty());
    let processed = answered(engine, task, url, host, fetched).await?;
    Ok(Processed { took: is_direct.then_some(took), ..processed })
}

async fn answered(
    engine: &Engine,
    task: &Hydrated,
    url: &CanonicalUrl,
    host: &HostRules,
    fetched: Result<Fetched, FetchError>,
) -> Result<Processed, DbError> {
    match fetched {
        Ok(Fetched::Page(page)) if page.kind == Kind::Sitemap => {
            listed::process(engine, task, host, page).await
        }
        Ok(Fetched::Page(page)) if engine.scopes.of(task).scope.dry_run => {
            let evidence = format!("it was to be a sitemap, and is {}", page.content_type);
            Ok(Processed::only(End::Skipped { verdict: Verdict::UnsupportedType, evidence }))
        }
        Ok(Fetched::Page(page)) => stored(engine, task, url, page).await,
        Ok(Fetched::NotModified { final_url, .. }) if final_url == *url => unchanged(engine, task).await,
        // Another URL's version has not changed; without its validators it will be sent whole.
        Ok(Fetched::NotModified { final_url, .. }) => redirected(engine, task, final_url).await,
        Ok(Fetched::Redirect { to, .. }) => redirected(engine, task, to).await,
        Err(FetchError::Status { status: 400..=499, .. }) if is_guess(engine, task, url) => {
            let evidence = "there is no sitemap at the usual place".to_owned();
            Ok(Processed::only(End::Skipped { verdict: Verdict::Sitemap, evidence }))
        }
        Err(error) => Ok(refused(task, &error)),
    }
}

/// A sitemap that nobody named: none there is no failure.
fn is_guess(engine: &Engine, task: &Hydrated, url: &CanonicalUrl) -> bool {
    task.depth == 0 && url.path_and_query() == listing::USUAL_PLACE && !engine.scopes.of(task).begins_at(url)
}

async fn stored(
    engine: &Engine,
    task: &Hydrated,
    url: &CanonicalUrl,
    page: Page,
) -> Result<Processed, DbError> {
    let final_url = page.final_url.clone();
    let mut reader = Arc::clone(&engine.readers).next().await;
    let span = tracing::Span::current();
    let (threads, crash, of) = (Arc::clone(&engine.threads), Arc::clone(&engine.crash), task.task);
    let templates = Arc::clone(&engine.templates);
    let read = tokio::task::spawn_blocking(move || {
        // The reader is held by the thread and not by the page, which may give up waiting for it.
        let _page = span.enter();
        let _kept = threads.keep("a parser", Arc::new([of]));
        crash.pass("extracting");
        crash.extract(page.final_url.path_and_query());
        read(page, &templates, &mut reader)
    })
    .await;
    engine.crash.pass("extracted");
    let Ok(mut read) = read else {
        // A panic in a parser must not take the worker with it.
        meters::unreadable();
        return Ok(Processed::only(End::Failed {
            verdict: Verdict::ParserFailed,
            evidence: "the page could not be parsed".to_owned(),
        }));
    };
    counter!(LINKS_DISCOVERED).increment(read.links.len() as u64);
    let (links, excluded) = select(engine, task, &read.links).await?;
    if let Some(evidence) = read.noindex {
        let end = End::Skipped { verdict: Verdict::Noindex, evidence };
        return Ok(Processed { links, excluded, ..Processed::only(end) });
    }
    if read.is_missing {
        let evidence = read.page.title.unwrap_or_default();
        let end = End::Skipped { verdict: Verdict::SoftNotFound, evidence };
        return Ok(Processed { links, excluded, ..Processed::only(end) });
    }
    engine.scopes.of(task).note(&final_url, &read.text);
    if final_url != *url {
        let host = task.host;
        read.page.redirect_target = Some(Link::new(task.job, &final_url, host, task.depth, task.priority, 0));
    }
    let format = Some(ends::format_of(read.page.content_type.as_deref()));
    Ok(Processed { links, excluded, format, ..Processed::only(End::Page(Box::new(read.page))) })
}

fn read(page: Page, templates: &HostMemory, reader: &mut Reader) -> content::Read {
    let begun = Instant::now();
    let read = content::read(page, templates, reader.compressor());
    histogram!(EXTRACT_DURATION).record(begun.elapsed());
    read
}

/// An unchanged page keeps its place in the site: its stored links are followed as if it had been sent.
async fn unchanged(engine: &Engine, task: &Hydrated) -> Result<Processed, DbError> {
    let stored = task.outlinks.as_deref().map(links_of).unwrap_or_default();
    let found: Vec<_> = stored.iter().filter_map(|link| CanonicalUrl::parse(link).ok()).collect();
    let (links, excluded) = select(engine, task, &found).await?;
    Ok(Processed { links, excluded, ..Processed::only(End::Unchanged { document: task.document }) })
}

/// The target gets a task of its own, under its own host's clock and robots, if it is in scope.
async fn redirected(engine: &Engine, task: &Hydrated, to: CanonicalUrl) -> Result<Processed, DbError> {
    let evidence = to.as_str().to_owned();
    if engine.scopes.of(task).admits(&to, task.depth.saturating_add(1)).is_err() {
        let end = End::Skipped { verdict: Verdict::RedirectOutOfScope, evidence };
        return Ok(Processed::only(end));
    }
    let links = known(engine).target(task, &to).await?;
    Ok(Processed { links, ..Processed::only(End::Redirected { to: evidence }) })
}

async fn select(
    engine: &Engine,
    task: &Hydrated,
    found: &[CanonicalUrl],
) -> Result<(Vec<Link>, Excluded), DbError> {
    let crawl = engine.scopes.of(task);
    let found = if crawl.scope.sitemap == SitemapMode::Only { &[] } else { found };
    known(engine).select(task, &crawl, found).await
}

pub(crate) fn known(engine: &Engine) -> Known<'_> {
    Known { db: &engine.db, hosts: &engine.hosts, seen: &engine.seen }
}

fn refused(task: &Hydrated, error: &FetchError) -> Processed {
    match error {
        // Not a failure of the page: it is of a kind that is not stored.
        FetchError::UnsupportedType { .. } => {
            Processed::only(End::Skipped { verdict: Verdict::UnsupportedType, evidence: error.to_string() })
        }
        _ => failed(task, error.failure(), &error.to_string()),
    }
}

/// Another attempt later, or the end.
fn failed(task: &Hydrated, failure: FailureClass, evidence: &str) -> Processed {
    let attempt = u32::from(task.attempts) + 1;
    let next = RetryPolicy::default().next(failure, attempt, jitter(task), SystemTime::now());
    let (end, pause) = match next {
        Next::RetryAfter { wait, host_pushback } => {
            let evidence = format!("attempt {attempt}: {evidence}");
            (End::Wait { verdict: Verdict::Retry, evidence, wait, failed: true }, host_pushback)
        }
        Next::GiveUp { verdict, host_pushback } => {
            (End::Failed { verdict, evidence: evidence.to_owned() }, host_pushback)
        }
    };
    Processed { pause: pause.unwrap_or_default(), failure: Some(failure), ..Processed::only(end) }
}

/// The task comes again when the host's delay has passed.
fn waits_for_host(host: &HostRules) -> Processed {
    histogram!(POLITENESS_WAIT).record(host.terms.delay);
    let end = End::Wait {
        verdict: Verdict::Retry,
        evidence: "robots.txt was read, and the host asks for a pause".to_owned(),
        wait: host.terms.delay,
        failed: false,
    };
    Processed { pause: host.terms.delay, ..Processed::only(end) }
}

/// The task comes again when the host that keeps the robots.txt may have been left alone for long enough. Many hosts
/// may wait for one, so they come back spread over a minute.
fn waits_for_robots(task: &Hydrated) -> Processed {
    Processed::only(End::Wait {
        verdict: Verdict::Retry,
        evidence: "robots.txt is kept by another host, which was asked a moment ago".to_owned(),
        wait: VISIT_GAP + Duration::from_mins(1).mul_f64(jitter(task)),
        failed: false,
    })
}

/// Spreads retries without a source of randomness: the hydrate time is as good as one.
fn jitter(task: &Hydrated) -> f64 {
    let spread = u32::try_from(task.hydrated_us.rem_euclid(1_000_000)).unwrap_or(0);
    f64::from(spread) / 1e6
}

//! `rad crawl`: starts a crawl at any scheduler and follows it.

use std::time::Duration;

use clap::{Args, ValueEnum};
use rad_core::scope::{Pattern, Scope, ScopeKind, SitemapMode};
use rad_core::url::QueryRule;
use rad_loadtest::client::{CrawlStatus, StartRequest};
use serde_json::json;

use crate::connection::ApiOptions;
use crate::failure::{Failure, INTERRUPTED, NOTHING_STORED, QUOTA, TIMED_OUT};
use crate::follow::{Followed, Outcome, follow};
use crate::interrupt::Interrupt;
use crate::paint::Paint;
use crate::{clean, output, start_url, tally};

/// Start a crawl and follow it.
///
/// The crawl belongs to the fleet: Ctrl-C ends following, and the crawl goes on.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct CrawlOptions {
    /// Where to start
    url: String,
    /// Pages to store at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    max_pages: Option<i64>,
    /// 1 to 10, 10 the most urgent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..=10))]
    priority: Option<i16>,
    /// Which links belong to the crawl: those on the host, below its name, of its owner, in the folder of the URL, or any
    #[arg(long, value_enum, default_value_t = Kind::Host)]
    scope: Kind,
    /// Only URLs that match, such as `/docs/**` or `re:/20[0-9]{2}/`; may be repeated
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    include: Vec<Pattern>,
    /// Not the URLs that match; may be repeated
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    exclude: Vec<Pattern>,
    /// What becomes of the queries of links
    #[arg(long, value_enum, default_value_t = Query::DropTracking)]
    query: Query,
    /// Which sitemaps are read: those that robots.txt names, also the usual one, nothing else, or none
    #[arg(long, value_enum, default_value_t = Sitemap::Named)]
    sitemap: Sitemap,
    /// Follow links that look like one of endlessly many too
    #[arg(long)]
    traps: bool,
    /// Fetch no page: only say what would be fetched, and why not the rest, by robots.txt, sitemaps and what is stored
    #[arg(long)]
    dry_run: bool,
    /// Links between the start and a page at most
    #[arg(long, value_name = "N")]
    max_depth: Option<u16>,
    /// Repeating the command with the same key finds the crawl of the first time
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Only start it, and print its number
    #[arg(long)]
    no_follow: bool,
    /// Follow it for so long at most
    #[arg(long, value_name = "SECONDS", conflicts_with = "no_follow")]
    timeout: Option<u64>,
    /// Print one JSON object at the end instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

/// [`ScopeKind`] as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Host,
    Subdomains,
    Domain,
    Path,
    Any,
}

/// [`QueryRule`] as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Query {
    DropTracking,
    Keep,
    Ignore,
}

/// [`SitemapMode`] as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sitemap {
    Named,
    Include,
    Only,
    Skip,
}

pub(crate) async fn run(options: &CrawlOptions, interrupt: &Interrupt) -> Result<u8, Failure> {
    let request = request(options)?;
    let api = options.api.open()?;
    let Some(started) = interrupt.first.run_until_cancelled(api.start(&request)).await else {
        eprintln!("Interrupted while starting: `rad status` lists the crawls that were started");
        return Ok(INTERRUPTED);
    };
    let started = started?;
    eprintln!("Crawl {} of {}", started.id, clean::line(&started.url));
    if options.no_follow {
        only_started(&started, options.json)?;
        return Ok(0);
    }
    let within = options.timeout.map(Duration::from_secs);
    let followed = follow(&api, started, within, &interrupt.first).await?;
    conclude(&followed, options.json)
}

fn request(options: &CrawlOptions) -> Result<StartRequest, Failure> {
    Ok(StartRequest {
        url: start_url::parse(&options.url)?.as_str().to_owned(),
        scope: scope(options),
        priority: options.priority,
        max_pages: options.max_pages,
        idempotency_key: options.idempotency_key.clone(),
    })
}

fn scope(options: &CrawlOptions) -> Scope {
    Scope {
        kind: match options.scope {
            Kind::Host => ScopeKind::Host,
            Kind::Subdomains => ScopeKind::Subdomains,
            Kind::Domain => ScopeKind::Domain,
            Kind::Path => ScopeKind::Path,
            Kind::Any => ScopeKind::Any,
        },
        max_depth: options.max_depth,
        include: options.include.clone(),
        exclude: options.exclude.clone(),
        query: match options.query {
            Query::DropTracking => QueryRule::DropTracking,
            Query::Keep => QueryRule::Keep,
            Query::Ignore => QueryRule::Ignore,
        },
        traps: options.traps,
        dry_run: options.dry_run,
        sitemap: match options.sitemap {
            Sitemap::Named => SitemapMode::Named,
            Sitemap::Include => SitemapMode::Include,
            Sitemap::Only => SitemapMode::Only,
            Sitemap::Skip => SitemapMode::Skip,
        },
    }
}

fn only_started(status: &CrawlStatus, as_json: bool) -> Result<(), Failure> {
    if as_json {
        output::json(&json!({ "outcome": "started", "crawl": status }))?;
    } else {
        output::text(&format!("{}\n", status.id))?;
    }
    eprintln!("Watch it with `rad status {0} --follow`, end it with `rad cancel {0}`", status.id);
    Ok(())
}

/// Tells how the crawl stands at the end of following it; returns the exit code.
pub(crate) fn conclude(followed: &Followed, as_json: bool) -> Result<u8, Failure> {
    let Followed { status, outcome } = followed;
    let (code, name) = code(followed);
    if as_json {
        output::json(&json!({ "outcome": name, "crawl": status }))?;
    } else {
        output::text(&tally::crawl(status, Paint::for_stdout()))?;
    }
    let id = status.id;
    match outcome {
        Outcome::Ended if status.scope.dry_run => {
            eprintln!(
                "No page was fetched: `rad status {id} --errors` lists what would be, and why not the rest"
            );
        }
        Outcome::Ended if code == NOTHING_STORED => {
            eprintln!("Nothing was stored: `rad status {id} --errors` lists why");
        }
        Outcome::Ended => eprintln!("`rad docs --crawl {id}` lists its documents"),
        Outcome::Quota => {
            let why = status.pause.as_ref().map(tally::quota).unwrap_or_default();
            eprintln!("Crawl {id} is paused: {why}");
        }
        Outcome::TimedOut | Outcome::Interrupted => {
            eprintln!(
                "The crawl goes on. Watch it with `rad status {id} --follow`, end it with `rad cancel {id}`"
            );
        }
    }
    Ok(code)
}

fn code(followed: &Followed) -> (u8, &str) {
    match followed.outcome {
        Outcome::Ended if followed.status.scope.dry_run || followed.status.counts.stored_something() => {
            (0, &followed.status.state)
        }
        Outcome::Ended => (NOTHING_STORED, &followed.status.state),
        Outcome::Quota => (QUOTA, "paused"),
        Outcome::TimedOut => (TIMED_OUT, "timed_out"),
        Outcome::Interrupted => (INTERRUPTED, "interrupted"),
    }
}

#[cfg(test)]
mod tests {
    use rad_loadtest::client::Counts;

    use super::*;
    use crate::tally::tests::{crawl, paused};

    #[test]
    fn each_outcome_has_its_exit_code() {
        let nothing = || {
            let counts = Counts { discovered: 2, failed: 2, ..Counts::default() };
            CrawlStatus { state: "completed".to_owned(), counts, ..crawl() }
        };
        let ended = || CrawlStatus { state: "completed".to_owned(), ..crawl() };
        for (status, outcome, expected) in [
            (ended(), Outcome::Ended, (0, "completed")),
            (nothing(), Outcome::Ended, (5, "completed")),
            (paused(), Outcome::Quota, (6, "paused")),
            (crawl(), Outcome::TimedOut, (124, "timed_out")),
            (crawl(), Outcome::Interrupted, (130, "interrupted")),
        ] {
            assert_eq!(code(&Followed { status, outcome }), expected, "{outcome:?}");
        }
    }
}

//! `rad status`: the newest crawls, one of them, or its errors.

use clap::Args;
use rad_loadtest::client::{Api, CrawlError, CrawlStatus};

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::follow::follow;
use crate::interrupt::Interrupt;
use crate::paint::Paint;
use crate::table::{Set, Table};
use crate::{crawl, output, tally};

/// Rows of a table where nothing was said.
const ROWS: u32 = 20;

/// Show the newest crawls, or one of them.
#[derive(Args)]
pub(crate) struct StatusOptions {
    /// Number of a crawl
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    id: Option<i64>,
    /// Follow the crawl until it ends, with the exit codes of `rad crawl`
    #[arg(long, requires = "id", conflicts_with_all = ["errors", "limit"])]
    follow: bool,
    /// List URLs of the crawl that failed or were skipped
    #[arg(long, requires = "id")]
    errors: bool,
    /// Rows to show at most [default: 20; all with --json]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print one JSON object, or one a line where there are several
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &StatusOptions) -> Result<u8, Failure> {
    let api = options.api.open()?;
    let most = output::most(options.limit, ROWS, options.json);
    match options.id {
        None => list(&api.crawls(None, most).await?, most, options.json)?,
        Some(id) if options.errors => errors(&api.crawl_errors(id, most).await?, most, options.json)?,
        Some(id) if options.follow => return followed(&api, id, options.json).await,
        Some(id) => one(&api.crawl(id).await?, options.json)?,
    }
    Ok(0)
}

async fn followed(api: &Api, id: i64, as_json: bool) -> Result<u8, Failure> {
    let status = api.crawl(id).await?;
    let interrupt = Interrupt::listen()?;
    crawl::conclude(&follow(api, status, None, &interrupt.first).await?, as_json)
}

fn one(status: &CrawlStatus, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(output::json(status)?);
    }
    Ok(output::text(&tally::crawl(status, Paint::for_stdout()))?)
}

fn list(crawls: &[CrawlStatus], most: usize, as_json: bool) -> Result<(), Failure> {
    if as_json {
        output::ndjson(crawls)?;
        output::note_cut(crawls.len(), most);
        return Ok(());
    }
    if crawls.is_empty() {
        eprintln!("There are no crawls yet; `rad crawl URL` starts one");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("ID", Set::Right),
        ("STATE", Set::Left),
        ("STORED", Set::Right),
        ("WAITING", Set::Right),
        ("FAILED", Set::Right),
        ("STARTED", Set::Left),
        ("URL", Set::Cut),
    ]);
    for crawl in crawls {
        table.row([
            crawl.id.to_string(),
            crawl.state.clone(),
            crawl.counts.stored.to_string(),
            crawl.counts.waiting.to_string(),
            crawl.counts.failed.to_string(),
            crawl.created_at.clone(),
            crawl.url.clone(),
        ]);
    }
    output::text(&table.text(Paint::for_stdout()))?;
    output::note_cut(crawls.len(), most);
    Ok(())
}

fn errors(errors: &[CrawlError], most: usize, as_json: bool) -> Result<(), Failure> {
    if as_json {
        output::ndjson(errors)?;
        output::note_cut(errors.len(), most);
        return Ok(());
    }
    if errors.is_empty() {
        eprintln!("No URL of the crawl failed or was skipped");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("STATE", Set::Left),
        ("REASON", Set::Left),
        ("TRIES", Set::Right),
        ("URL", Set::Cut),
        ("EVIDENCE", Set::Cut),
    ]);
    for error in errors {
        table.row([
            error.state.clone(),
            error.verdict.clone(),
            error.attempts.to_string(),
            error.url.clone(),
            error.evidence.clone().unwrap_or_default(),
        ]);
    }
    output::text(&table.text(Paint::for_stdout()))?;
    output::note_cut(errors.len(), most);
    Ok(())
}

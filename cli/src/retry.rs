//! `rad retry`: opens failed URLs of a crawl again.

use clap::Args;

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::paint::Paint;
use crate::{output, tally};

/// Try failed URLs of a crawl again; a completed crawl runs on, a cancelled one does not.
#[derive(Args)]
pub(crate) struct RetryOptions {
    /// Number of the crawl
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    id: i64,
    /// Only URLs that failed with this verdict, such as poison or timeout
    #[arg(long, value_name = "CODE")]
    verdict: Option<String>,
    /// Print the crawl as one JSON object, with `reopened`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &RetryOptions) -> Result<u8, Failure> {
    let retried = options.api.open()?.retry(options.id, options.verdict.as_deref()).await?;
    if options.json {
        output::json(&retried)?;
        return Ok(0);
    }
    match retried.reopened {
        0 => eprintln!("No URL failed so; `rad status {} --errors` lists those that did", options.id),
        1 => eprintln!("1 URL waits again"),
        urls => eprintln!("{urls} URLs wait again"),
    }
    output::text(&tally::crawl(&retried.crawl, Paint::for_stdout()))?;
    Ok(0)
}

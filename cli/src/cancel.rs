//! `rad cancel`: ends a crawl.

use clap::Args;

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::paint::Paint;
use crate::{output, tally};

/// End a crawl; what it stored stays.
#[derive(Args)]
pub(crate) struct CancelOptions {
    /// Number of the crawl
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    id: i64,
    /// Print the crawl as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &CancelOptions) -> Result<u8, Failure> {
    let status = options.api.open()?.cancel(options.id).await?;
    if options.json {
        output::json(&status)?;
    } else {
        output::text(&tally::crawl(&status, Paint::for_stdout()))?;
    }
    Ok(0)
}

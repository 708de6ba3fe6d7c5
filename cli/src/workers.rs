//! `rad workers`: who crawls.

use clap::Args;
use rad_loadtest::client::Worker;

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::output;
use crate::paint::Paint;
use crate::table::{Set, Table};

/// List the workers of the last day.
#[derive(Args)]
pub(crate) struct WorkersOptions {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &WorkersOptions) -> Result<u8, Failure> {
    let workers = options.api.open()?.workers().await?;
    if options.json {
        output::ndjson(&workers)?;
    } else if workers.is_empty() {
        eprintln!("No worker said anything within the last day");
    } else {
        output::text(&table(&workers).text(Paint::for_stdout()))?;
    }
    if workers.iter().any(|worker| worker.version_skew) {
        eprintln!("Workers marked with * are of another version than the scheduler: update them");
    }
    Ok(0)
}

fn table(workers: &[Worker]) -> Table {
    let mut table = Table::new(&[
        ("LIFE", Set::Right),
        ("WORKER", Set::Cut),
        ("VERSION", Set::Left),
        ("STATE", Set::Left),
        ("BUSY", Set::Right),
        ("SILENT", Set::Right),
        ("CRAWL", Set::Right),
    ]);
    for worker in workers {
        let skew = if worker.version_skew { "*" } else { "" };
        table.row([
            worker.incarnation.to_string(),
            worker.worker_id.clone(),
            format!("{}{skew}", worker.version),
            worker.state.clone(),
            format!("{}/{}", worker.busy, worker.slots),
            format!("{} s", worker.silent_ms / 1_000),
            worker.current_job.map(|job| job.to_string()).unwrap_or_default(),
        ]);
    }
    table
}

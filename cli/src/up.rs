//! `rad up`: one command from nothing to a crawled site.
//!
//! Stores, migrations, a tenant, a scheduler and workers start in order; then one crawl is started or continued
//! and followed to its end. Everything is kept in one folder, so that running it again continues.

mod address;
mod follow;
mod memory;
mod narration;
mod settings;
mod site;
mod summary;

use std::path::Path;
use std::time::Instant;

use rad_core::url::CanonicalUrl;
use rad_loadtest::client::CrawlStatus;
use rad_loadtest::fleet::{Fleet, Process};

pub(crate) use settings::UpOptions;

use crate::failure::{Failure, INTERRUPTED, NOTHING_STORED};
use crate::interrupt::Interrupt;
use crate::output;
use crate::paint::Paint;
use follow::Watch;
use memory::Memory;
use narration::Narration;
use summary::Summary;

/// What is running.
struct Up {
    fleet: Fleet,
    /// The built-in site, where no other was asked for.
    site: Option<Process>,
    memory: Memory,
    /// Where the crawl starts.
    start: CanonicalUrl,
}

pub(crate) async fn run(options: &UpOptions, interrupt: &Interrupt) -> Result<u8, Failure> {
    let outcome = up(options, interrupt).await;
    if let (true, Err(failure)) = (options.json, &outcome) {
        let error = format!("{:#}", failure.error);
        output::json(&serde_json::json!({ "outcome": "failed", "exit_code": failure.code, "error": error }))?;
    }
    outcome
}

async fn up(options: &UpOptions, interrupt: &Interrupt) -> Result<u8, Failure> {
    let Some(started) = interrupt.first.run_until_cancelled(Box::pin(start(options))).await else {
        eprintln!("Interrupted while starting.");
        return Ok(INTERRUPTED);
    };
    let mut up = started?;
    let mut watch = Watch::new();
    let crawled = interrupt.first.run_until_cancelled(Box::pin(crawl(&mut up, &mut watch, options))).await;
    watch.finish();
    let code = match crawled {
        Some(Ok(code)) if options.stay => stay(&mut up, &mut watch, interrupt).await.map(|()| code),
        Some(Ok(code)) => Ok(code),
        Some(Err(failure)) => Err(failure),
        None => interrupted(&up, options).await,
    };
    stop(up, interrupt).await?;
    if matches!(code, Ok(INTERRUPTED)) {
        eprintln!("Stopped. Running the same command again continues the crawl.");
    }
    code
}

async fn start(options: &UpOptions) -> Result<Up, Failure> {
    let plan = settings::plan(options)?;
    for note in &plan.notes {
        eprintln!("{note}");
    }
    let mut narration = Narration::new(&plan.fleet);
    let workers = plan.fleet.workers;
    let fleet = Fleet::start_telling(plan.fleet, &mut |news| narration.tell(&news)).await?;
    eprintln!("The fleet of {workers} workers runs; its API is at {}", fleet.api().origin());
    for scheduler in fleet.metrics_urls() {
        eprintln!("Metrics of the scheduler: {scheduler}/metrics");
    }
    let mut memory = plan.memory;
    match target(&fleet, &mut memory, plan.start).await {
        Ok((start, site)) => Ok(Up { fleet, site, memory, start }),
        Err(error) => {
            // Servers that were adopted don't end with us. The first error is the one to tell.
            let _ = fleet.stop().await;
            Err(error.into())
        }
    }
}

/// The URL asked for, or the built-in site.
async fn target(
    fleet: &Fleet,
    memory: &mut Memory,
    asked: Option<CanonicalUrl>,
) -> anyhow::Result<(CanonicalUrl, Option<Process>)> {
    memory.keep_key(fleet.key())?;
    match asked {
        Some(start) => Ok((start, None)),
        None => site::serve(memory, fleet.dir()).await,
    }
}

async fn crawl(up: &mut Up, watch: &mut Watch, options: &UpOptions) -> Result<u8, Failure> {
    let began = Instant::now();
    let crawl = up.memory.begin(up.fleet.api(), &up.start, options.max_pages).await?;
    let verb = if crawl.continued { "Continuing" } else { "Starting" };
    eprintln!("{verb} crawl {} of {}", crawl.status.id, up.start.as_str());
    let status = watch.follow(&mut up.fleet, crawl.status.id).await?;
    watch.finish();
    up.memory.forget(&up.start)?;
    let summary = Summary::read(&up.fleet, status, crawl.continued, began.elapsed()).await?;
    if options.json {
        output::json(&summary.json(options.given_stores()))?;
    } else {
        let text = summary.text(Paint::for_stdout(), options.given_stores(), options.stay);
        output::text(&text)?;
    }
    Ok(if summary.stored_something() { 0 } else { NOTHING_STORED })
}

/// Tells how far the crawl came.
async fn interrupted(up: &Up, options: &UpOptions) -> Result<u8, Failure> {
    eprintln!("Draining: pages in hand are finished; Ctrl-C again ends at once");
    if options.json {
        let status: Option<CrawlStatus> = match up.memory.crawl(&up.start) {
            Some(id) => up.fleet.api().crawl(id).await.ok(),
            None => None,
        };
        output::json(&serde_json::json!({ "outcome": "interrupted", "crawl": status }))?;
    }
    Ok(INTERRUPTED)
}

async fn stay(up: &mut Up, watch: &mut Watch, interrupt: &Interrupt) -> Result<(), Failure> {
    eprintln!("{}", how_to_use(up.fleet.api().origin(), &up.memory.key_file()));
    let watching = watch.keep(&mut up.fleet);
    interrupt.first.run_until_cancelled(watching).await.unwrap_or(Ok(()))
}

/// What to type elsewhere while everything stays up.
fn how_to_use(origin: &str, key_file: &Path) -> String {
    // Another terminal is in another folder.
    let key_file = std::path::absolute(key_file).unwrap_or_else(|_| key_file.to_owned());
    let quoted = key_file.display().to_string().replace('\'', r"'\''");
    format!(
        "\nStaying up until Ctrl-C. The other commands find this fleet with:\n  \
         export RAD_API_URL={origin} RAD_API_KEY_FILE='{quoted}'\n  \
         rad status, rad docs, rad workers, rad whoami, rad crawl URL"
    )
}

async fn stop(up: Up, interrupt: &Interrupt) -> Result<(), Failure> {
    let Up { fleet, site, .. } = up;
    // Dropping what runs kills it; nothing committed is lost by that.
    let Some(stopped) = interrupt.second.run_until_cancelled(fleet.stop()).await else {
        return Ok(());
    };
    drop(site);
    for name in stopped?.killed {
        eprintln!("{name} did not end in time and was killed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_fleet_can_be_pasted_into_a_shell_anywhere() {
        let told = how_to_use("http://127.0.0.1:9", Path::new("/tmp/it's/key"));
        let line = r"export RAD_API_URL=http://127.0.0.1:9 RAD_API_KEY_FILE='/tmp/it'\''s/key'";
        assert!(told.contains(line), "{told}");
        assert!(how_to_use("http://a", Path::new(".rad/key")).contains("RAD_API_KEY_FILE='/"));
    }
}

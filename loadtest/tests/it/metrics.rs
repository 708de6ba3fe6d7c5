//! Every process exports what the registry says of it, and counts what really happened.

mod scrape;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rad_core::metrics::{Exporter, Role, all, control, fetch, fleet as workers, tasks};
use rad_loadtest::client::{CrawlStatus, StartRequest};
use rad_loadtest::fleet::{Fleet, TenantApi};
use rad_loadtest::web::Server;

use crate::proof::{WITHIN, rig, spec};
use scrape::{Scrape, scrape, scrape_all};

/// Longest time until the leader has counted the fleet (every 10 s), and until a process has counted what the API
/// shows already.
const SETTLES: Duration = Duration::from_secs(30);

/// From one look to the next.
const LOOK: Duration = Duration::from_millis(200);

const WORKERS: usize = 2;

/// What the crate metrics-process exports on Linux; the test of rules and dashboards in rad-cli has the same.
const OF_EVERY_PROCESS: [&str; 8] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
];

#[tokio::test(flavor = "multi_thread")]
async fn processes_export_what_the_registry_says_and_count_what_happened() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(61, 80), WORKERS).await?;
    let scheduler = fleet.metrics_urls();
    let crawlers = fleet.worker_metrics_urls().await?;
    ensure!((scheduler.len(), crawlers.len()) == (1, WORKERS), "{scheduler:?} {crawlers:?}");
    exports(&scrape(&scheduler[0]).await?, Role::Scheduler)?;
    for crawler in &crawlers {
        exports(&scrape(crawler).await?, Role::Worker)?;
    }

    let tenant = fleet.create_tenant("metered", Some(1_000)).await?;
    let hold = web.hold("/");
    let crawl = tenant.start(&StartRequest::new(web.url())).await?;
    the_leader_counts_the_fleet(&scheduler[0]).await?;
    hold.release();

    let ended = tenant.wait_crawl(crawl.id, WITHIN, |_| ()).await?;
    ensure!(ended.state == "completed", "ended {}", ended.state);
    let all: Vec<_> = scheduler.iter().chain(&crawlers).cloned().collect();
    what_happened_is_counted(&all, &ended, &web).await?;
    the_gauges_of_a_quota_follow(&scheduler[0], &tenant, &fleet, &web).await?;
    for url in &all {
        scrape(url).await?.judge_with_promtool()?;
    }
    fleet.stop().await?;
    Ok(())
}

/// Every metric of this kind of process is there from its start, with all series that are known then.
fn exports(scrape: &Scrape, role: Role) -> Result<()> {
    for metric in all().filter(|metric| metric.is_exported_by(role)) {
        ensure!(scrape.describes(metric), "{role:?} does not export {}", metric.name);
        for values in metric.known_series() {
            let labels: Vec<_> = metric.labels.iter().map(|label| label.name).zip(values).collect();
            ensure!(scrape.has(metric, &labels), "{role:?} does not have {} {labels:?}", metric.name);
        }
    }
    for name in OF_EVERY_PROCESS {
        ensure!(scrape.value(name, &[]).is_some(), "{role:?} does not export {name}");
    }
    Ok(())
}

/// Asks again and again until `settled` finds nothing to object to.
async fn eventually(urls: &[String], settled: impl Fn(&Scrape) -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + SETTLES;
    loop {
        let objection = match settled(&scrape_all(urls).await?) {
            Ok(()) => return Ok(()),
            Err(objection) => objection,
        };
        if Instant::now() > deadline {
            return Err(objection);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// While a crawl of a tenant with a limit waits for its first page.
async fn the_leader_counts_the_fleet(leader: &String) -> Result<()> {
    eventually(std::slice::from_ref(leader), |scrape| {
        for metric in all().filter(|metric| metric.exporter == Exporter::Leader) {
            ensure!(scrape.describes(metric), "the leader does not export {}", metric.name);
        }
        let open = scrape.sum(workers::QUEUE_TASKS, &[("queue", "crawl")]);
        for (what, value, wanted) in [
            ("leaders", scrape.sum(control::LEADER, &[]), 1.0),
            ("workers", scrape.sum(workers::WORKERS, &[("state", "alive")]), 2.0),
            ("tasks", open, 1.0),
            ("URLs", scrape.sum(workers::FRONTIER_URLS, &[("state", "waiting")]), 1.0),
            ("tasks of the tenant", scrape.sum(workers::TENANT_TASKS, &[("tenant", "metered")]), 1.0),
            ("windows closed", scrape.sum(workers::QUEUE_PAUSED, &[]), 0.0),
        ] {
            same(what, value, wanted)?;
        }
        Ok(())
    })
    .await
}

/// Counters of all processes together are the counts of the crawl.
async fn what_happened_is_counted(urls: &[String], crawl: &CrawlStatus, web: &Server) -> Result<()> {
    let counts = crawl.counts;
    let well = counts.stored + counts.unchanged + counts.duplicate + counts.redirected + counts.superseded;
    let figure = |count: i64| -> Result<f64> { Ok(f64::from(u32::try_from(count)?)) };
    let (discovered, arrivals) = (figure(counts.discovered)?, figure(i64::try_from(web.arrivals())?)?);
    let (well, skipped, failed) = (figure(well)?, figure(counts.skipped)?, figure(counts.failed)?);
    let stored = figure(counts.stored)?;
    ensure!(
        stored > 0.0 && skipped > 0.0 && failed > 0.0 && counts.redirected > 0,
        "the site has everything"
    );
    eventually(urls, |scrape| {
        let finished = |outcome| scrape.sum(tasks::FINISHED, &[("outcome", outcome)]);
        for (what, value, wanted) in [
            ("finished", scrape.sum(tasks::FINISHED, &[]), discovered),
            ("finished well", finished("ok"), well),
            ("skipped", finished("skipped"), skipped),
            ("failed", finished("failed"), failed),
            ("pushed", scrape.sum(tasks::PUSHED, &[]), discovered),
            ("pushed by the API", scrape.sum(tasks::PUSHED, &[("source", "api")]), 1.0),
            ("tried again", scrape.sum(tasks::RETRIES, &[]), 0.0),
            ("durations", scrape.sum("rad_task_duration_seconds_count", &[]), discovered),
            ("documents", scrape.sum(fetch::DOCUMENTS_STORED, &[("format", "html")]), stored),
            ("answers", scrape.sum(fetch::FETCHES, &[]), arrivals),
            ("requests being made", scrape.sum(fetch::FETCH_IN_FLIGHT, &[]), 0.0),
            ("slots in use", scrape.sum(workers::WORKER_SLOTS_BUSY, &[("pool", "default")]), 0.0),
            ("denied by robots.txt", scrape.sum(fetch::ROBOTS_DENIED, &[]), skipped),
            ("impolite requests", scrape.sum(fetch::POLITENESS_VIOLATIONS, &[]), 0.0),
        ] {
            same(what, value, wanted)?;
        }
        let claimed = scrape.sum(tasks::CLAIMED, &[]);
        ensure!(claimed >= discovered, "{claimed} claimed, {discovered} finished");
        Ok(())
    })
    .await
}

/// A tenant that may store no more is shown at its limit; what it still has waits as paused.
async fn the_gauges_of_a_quota_follow(
    leader: &String,
    tenant: &TenantApi,
    fleet: &Fleet,
    web: &Server,
) -> Result<()> {
    fleet.limit_pages(tenant.tenant(), Some(1)).await?;
    // A page that is new, so that it needs room.
    let request = StartRequest::new(format!("{}?again", web.url()));
    tenant.start(&request).await.context("starting a crawl of a tenant at its limit")?;
    eventually(std::slice::from_ref(leader), |scrape| {
        let quota = &[("tenant", "metered"), ("quota", "monthly_pages")];
        let ratio = scrape.value(workers::TENANT_QUOTA, quota).context("the tenant's ratio is missing")?;
        ensure!(ratio >= 1.0, "used {ratio} of the limit");
        same("paused", scrape.sum(workers::QUEUE_TASKS, &[("state", "paused")]), 1.0)
    })
    .await
}

fn same(what: &str, value: f64, wanted: f64) -> Result<()> {
    // Counts below 2^53 are exact.
    ensure!((value - wanted).abs() < 0.5, "{what}: {value}, and not {wanted}");
    Ok(())
}

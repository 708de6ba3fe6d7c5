//! Shows the state of the whole fleet to Prometheus. Only the leader does: two of it would double every sum.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use metrics::gauge;
use rad_core::errors::chain;
use rad_core::metrics::fleet::{
    EVENTS_PENDING, FRONTIER_URLS, QUEUE_OLDEST, QUEUE_PAUSED, QUEUE_TASKS, TENANT_QUOTA, TENANT_TASKS,
    WORKERS,
};
use rad_core::metrics::{CRAWL_QUEUE, TASK_QUEUE};
use rad_schema::db::Db;
use rad_schema::gauges::{QueueGauges, TenantGauge};
use rad_schema::process::metrics::FleetSeries;
use rad_schema::window::{Stats, WindowError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Current, as_gauge, next, timed};
use crate::feed::{FeedError, OpenWindow};

const PERIOD: Duration = Duration::from_secs(10);
/// Time for the window to be opened before its gauges are asked for.
const FIRST: Duration = Duration::from_secs(1);
/// Older values say nothing of the fleet; a series that ends says so.
const KEPT: Duration = Duration::from_secs(30);
/// Names of a URL's states, by their numbers in the ledger.
const STATES: [&str; 8] =
    ["waiting", "stored", "unchanged", "duplicate", "redirected", "superseded", "skipped", "failed"];
/// The pool of workers without a `RAD_POOL`: shown at 0 where no worker has ever been.
const DEFAULT_POOL: &str = "default";

/// Gathers until `stop`; then, or when it is dropped, the series vanish.
pub(super) async fn run(
    db: Db,
    crawls: Vec<Current>,
    errands: Current,
    fleet: FleetSeries,
    stop: CancellationToken,
) {
    let leading = Leading(fleet);
    let mut pause = FIRST;
    let mut gathered = Instant::now();
    while next(&stop, pause).await {
        pause = PERIOD;
        let open: Vec<_> = crawls.iter().map(|current| current.borrow().clone()).collect();
        let errands = errands.borrow().clone();
        let seen = tokio::select! {
            () = stop.cancelled() => return,
            seen = timed("gauges", CRAWL_QUEUE, gather(&db, open, errands)) => seen,
        };
        match seen {
            Ok(seen) => {
                leading.0.publish(|| seen.record());
                gathered = Instant::now();
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "fleet not counted");
                if gathered.elapsed() > KEPT {
                    leading.0.withdraw();
                }
            }
        }
    }
}

/// However the task ends, its series end with it.
struct Leading(FleetSeries);

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.withdraw();
    }
}

/// Counts of a window and the age of its oldest offer; none while it is being opened, or does not answer.
type Surveyed = Option<(Stats, Option<Duration>)>;

/// What one gathering saw.
struct Seen {
    queue: QueueGauges,
    /// By shard.
    crawls: Vec<Surveyed>,
    errands: Surveyed,
}

async fn gather(
    db: &Db,
    crawls: Vec<Option<OpenWindow>>,
    errands: Option<OpenWindow>,
) -> Result<Seen, FeedError> {
    let queue = db.queue_gauges().await?;
    let mut asked = JoinSet::new();
    for (place, open) in crawls.into_iter().chain([errands]).enumerate() {
        asked.spawn(async move { (place, survey(open).await) });
    }
    let mut surveyed = asked.join_all().await;
    surveyed.sort_unstable_by_key(|(place, _)| *place);
    let mut surveyed: Vec<_> = surveyed.into_iter().map(|(_, surveyed)| surveyed).collect();
    let errands = surveyed.pop().flatten();
    Ok(Seen { queue, crawls: surveyed, errands })
}

/// One shard that does not answer must not keep the others from being counted.
async fn survey(open: Option<OpenWindow>) -> Surveyed {
    match open?.window.survey().await {
        Ok(seen) => Some(seen),
        Err(WindowError::Stale) => None,
        Err(error) => {
            tracing::warn!(error = chain(&error), "a shard of the window not counted");
            None
        }
    }
}

impl Seen {
    fn record(&self) {
        let open = self.crawls.iter().flatten();
        let leased: i64 = open.clone().map(|(stats, _)| stats.leased).sum();
        let oldest = open.filter_map(|(_, oldest)| *oldest).max().unwrap_or_default();
        let ready = (self.queue.open - self.queue.paused - leased).max(0);
        let (queued, claimed) = self.queue.tasks;
        for (queue, state, tasks) in [
            (CRAWL_QUEUE, "ready", ready),
            (CRAWL_QUEUE, "claimed", leased),
            (CRAWL_QUEUE, "paused", self.queue.paused),
            (CRAWL_QUEUE, "poison", self.queue.poison),
            (TASK_QUEUE, "ready", queued),
            (TASK_QUEUE, "claimed", claimed),
        ] {
            gauge!(QUEUE_TASKS, "queue" => queue, "state" => state).set(as_gauge(tasks));
        }
        let oldest_errand = self.errands.and_then(|(_, oldest)| oldest).unwrap_or_default();
        gauge!(QUEUE_OLDEST, "queue" => CRAWL_QUEUE).set(oldest);
        gauge!(QUEUE_OLDEST, "queue" => TASK_QUEUE).set(oldest_errand);
        let errands = std::slice::from_ref(&self.errands);
        for (queue, surveyed) in [(CRAWL_QUEUE, self.crawls.as_slice()), (TASK_QUEUE, errands)] {
            for (shard, surveyed) in surveyed.iter().enumerate() {
                gauge!(QUEUE_PAUSED, "queue" => queue, "shard" => shard.to_string())
                    .set(u8::from(surveyed.is_none()));
            }
        }
        for (state, urls) in STATES.into_iter().zip(self.queue.by_state) {
            gauge!(FRONTIER_URLS, "state" => state).set(as_gauge(urls));
        }
        gauge!(EVENTS_PENDING).set(as_gauge(self.queue.outbox));
        self.queue.tenants.iter().for_each(record_tenant);
        self.record_workers();
    }

    /// A state that nobody is in is shown at 0: an alert on too few must not look at a series that is gone.
    fn record_workers(&self) {
        let pools: BTreeSet<_> = self.queue.workers.iter().map(|seen| seen.pool.as_str()).collect();
        for pool in pools.into_iter().chain([DEFAULT_POOL]) {
            for state in ["alive", "draining", "lost"] {
                gauge!(WORKERS, "pool" => pool.to_owned(), "state" => state).set(0);
            }
        }
        for seen in &self.queue.workers {
            gauge!(WORKERS, "pool" => seen.pool.clone(), "state" => seen.state.clone())
                .set(as_gauge(seen.workers));
        }
    }
}

fn record_tenant(tenant: &TenantGauge) {
    let waiting = (tenant.open - tenant.paused).max(0);
    for (state, tasks) in [("waiting", waiting), ("paused", tenant.paused)] {
        gauge!(TENANT_TASKS, "tenant" => tenant.name.clone(), "state" => state).set(as_gauge(tasks));
    }
    for (quota, ratio) in [
        ("monthly_pages", tenant.pages_ratio),
        ("monthly_tokens", tenant.tokens_ratio),
        ("storage_bytes", tenant.storage_ratio),
    ] {
        if let Some(ratio) = ratio {
            gauge!(TENANT_QUOTA, "tenant" => tenant.name.clone(), "quota" => quota).set(ratio);
        }
    }
}

#[cfg(test)]
mod tests {
    use rad_core::metrics::{Exporter, all};
    use rad_core::verdict::State;

    use rad_schema::gauges::WorkerGauge;

    use super::*;

    fn seen() -> Seen {
        Seen {
            queue: QueueGauges {
                open: 100,
                paused: 10,
                poison: 3,
                by_state: [100, 1, 2, 3, 4, 5, 6, 7],
                tenants: vec![TenantGauge {
                    name: "acme".to_owned(),
                    open: 100,
                    paused: 10,
                    pages_ratio: Some(0.25),
                    tokens_ratio: None,
                    storage_ratio: None,
                }],
                workers: vec![WorkerGauge {
                    pool: "heavy".to_owned(),
                    state: "alive".to_owned(),
                    workers: 2,
                }],
                outbox: 42,
                tasks: (8, 5),
            },
            crawls: vec![
                Some((Stats { leased: 10, ..Stats::default() }, Some(Duration::from_millis(1_500)))),
                Some((Stats { leased: 20, ..Stats::default() }, Some(Duration::from_millis(300)))),
            ],
            errands: Some((Stats::default(), None)),
        }
    }

    #[test]
    fn the_leader_exports_all_that_the_registry_says() {
        let fleet = FleetSeries::default();
        fleet.publish(|| seen().record());
        let text = fleet.render();
        for metric in all().filter(|metric| metric.exporter == Exporter::Leader) {
            assert!(text.contains(&format!("# HELP {} ", metric.name)), "{} in {text}", metric.name);
            assert!(text.contains(&format!("# TYPE {} gauge\n", metric.name)), "{} in {text}", metric.name);
        }
        for line in [
            r#"rad_queue_tasks{queue="crawl",state="ready"} 60"#,
            r#"rad_queue_tasks{queue="crawl",state="claimed"} 30"#,
            r#"rad_queue_tasks{queue="crawl",state="poison"} 3"#,
            r#"rad_queue_oldest_task_age_seconds{queue="crawl"} 1.5"#,
            r#"rad_queue_paused{queue="crawl",shard="1"} 0"#,
            r#"rad_queue_paused{queue="tasks",shard="0"} 0"#,
            r#"rad_queue_tasks{queue="tasks",state="ready"} 8"#,
            r#"rad_queue_tasks{queue="tasks",state="claimed"} 5"#,
            r#"rad_queue_oldest_task_age_seconds{queue="tasks"} 0"#,
            r#"rad_tenant_tasks{tenant="acme",state="waiting"} 90"#,
            r#"rad_tenant_quota_ratio{tenant="acme",quota="monthly_pages"} 0.25"#,
            r#"rad_workers{pool="heavy",state="alive"} 2"#,
            r#"rad_workers{pool="heavy",state="lost"} 0"#,
            r#"rad_workers{pool="default",state="lost"} 0"#,
            r#"rad_frontier_urls{state="failed"} 7"#,
            "rad_events_pending 42",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line} in {text}");
        }
        assert!(!text.contains("storage_bytes"), "a tenant without a limit has no ratio: {text}");
    }

    #[test]
    fn a_window_that_is_not_open_is_a_paused_queue() {
        let fleet = FleetSeries::default();
        let crawls = vec![None, seen().crawls[1]];
        fleet.publish(|| Seen { crawls, ..seen() }.record());
        let text = fleet.render();
        assert!(text.contains("rad_queue_paused{queue=\"crawl\",shard=\"0\"} 1\n"), "{text}");
        assert!(text.contains("rad_queue_paused{queue=\"crawl\",shard=\"1\"} 0\n"), "{text}");
        assert!(text.contains("rad_queue_tasks{queue=\"crawl\",state=\"claimed\"} 20\n"), "{text}");
    }

    #[tokio::test]
    async fn the_series_end_with_the_task_even_if_it_is_dropped() {
        let fleet = FleetSeries::default();
        let leading = Leading(fleet.clone());
        leading.0.publish(|| seen().record());
        assert!(fleet.render().contains("rad_workers"));
        let task = tokio::spawn(async move {
            let _leading = leading;
            std::future::pending::<()>().await;
        });
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(fleet.render(), "");
    }

    #[test]
    fn states_have_the_names_that_the_api_gives_them() {
        let all = [
            State::Open,
            State::Stored,
            State::Unchanged,
            State::Duplicate,
            State::Redirected,
            State::Superseded,
            State::Skipped,
            State::Failed,
        ];
        for (state, name) in all.into_iter().zip(STATES) {
            assert_eq!(STATES[usize::try_from(state.code()).unwrap()], name);
            let known = serde_json::to_value(state).unwrap();
            assert!(known == name || (state == State::Open && name == "waiting"), "{known} {name}");
        }
    }
}

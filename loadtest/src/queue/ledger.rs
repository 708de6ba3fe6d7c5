//! The way from the ledger into the window: topping up, rebuilding after a wipe, and taking claimed tasks into hand.
//!
//! Schedulers feed lanes in chunks, one after the other; so does this, with the same calls.

mod feed;
mod rows;

use std::time::{Duration, Instant};

use rad_core::ids::{JobId, TenantId};
use rad_schema::db::Db;
use rad_schema::window::Window;
use serde::Serialize;

use super::QueueError;
use super::bench::{Bench, TERMS};
use super::options::Sizes;
use super::statistics::{count, per, whole};
use feed::{Feeder, Times};

const CONNECTIONS: u32 = 4;
const JOBS_AT_ONCE: i32 = 100;

/// Tasks in a claim that is hydrated.
const BATCH: usize = 32;

/// Claims that are hydrated.
const HYDRATES: usize = 200;

/// The ledger test.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LedgerFigures {
    /// Open rows.
    pub rows: usize,
    /// Lanes that they lie in.
    pub lanes: usize,
    /// Rows that a feeder brings into empty lanes in a second.
    pub feeder_per_s: f64,
    /// Part of that time spent on Postgres.
    pub feeder_ledger_share: f64,
    /// Microseconds inside Redis for each row fed.
    pub feeder_server_us: f64,
    /// Seconds from a wipe of Redis to a full window, for a million waiting URLs.
    pub rebuild_s_per_million: f64,
    /// Rows taken into hand in a second, one batch of 32 after the other.
    pub hydrate_per_s: f64,
    /// Microseconds of a hydrate for each task.
    pub hydrate_us_per_task: f64,
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<LedgerFigures, QueueError> {
    bench.tell(&format!("ledger: making {} rows", sizes.rows));
    let db = Db::connect(&bench.database_url(), CONNECTIONS, "rad-loadtest").await?;
    let rows = rows::make(bench, &db, sizes.rows).await?;
    let measured = with_rows(bench, &db, rows).await;
    db.close().await;
    measured
}

async fn with_rows(bench: &mut Bench, db: &Db, rows: usize) -> Result<LedgerFigures, QueueError> {
    bench.tell("ledger: feeding");
    let window = reopen(bench, db).await?;
    let lanes = lanes(db).await?;
    let feeder = Feeder { db, window: &window, pause: Duration::ZERO };
    let (times, spent) = bench.metered(fed(&feeder, &lanes, rows)).await?;
    bench.tell("ledger: taking claimed tasks into hand");
    let (tasks, hydrating) = hydrate(bench, db, &window).await?;
    bench.tell("ledger: rebuilding after a wipe");
    let rebuilt = rebuild(bench, db, rows).await?;
    let (rows_f, tasks) = (count(rows), count(tasks));
    Ok(LedgerFigures {
        rows,
        lanes: lanes.len(),
        feeder_per_s: per(rows_f, spent.seconds),
        feeder_ledger_share: per(times.ledger.as_secs_f64(), spent.seconds),
        feeder_server_us: per(whole(spent.script_us), rows_f),
        rebuild_s_per_million: per(rebuilt.as_secs_f64() * 1e6, rows_f),
        hydrate_per_s: per(tasks, hydrating.as_secs_f64()),
        hydrate_us_per_task: per(hydrating.as_secs_f64() * 1e6, tasks),
    })
}

/// Opens the window of the next generation in an empty Redis.
async fn reopen(bench: &Bench, db: &Db) -> Result<Window, QueueError> {
    bench.link().wipe().await?;
    open_next(bench, db).await
}

/// As the leader does when it notices a wipe.
async fn open_next(bench: &Bench, db: &Db) -> Result<Window, QueueError> {
    let run_id = bench.link().run_id().await?;
    let old = db.shard().await?.map_or(0, |shard| shard.generation);
    let raised = db.raise_generation(old, &run_id).await?;
    let generation = raised.ok_or_else(|| QueueError::Broken("nobody else raises generations".to_owned()))?;
    if bench.link().open(generation, &run_id).await? {
        Ok(bench.link().window(generation))
    } else {
        Err(QueueError::Broken("an empty Redis refused a new generation".to_owned()))
    }
}

async fn lanes(db: &Db) -> Result<Vec<rad_schema::window::Lane>, QueueError> {
    let (mut lanes, mut after) = (Vec::new(), (TenantId(0), JobId(0)));
    loop {
        let jobs = db.running_jobs(after, JOBS_AT_ONCE).await?;
        let Some(last) = jobs.last() else { return Ok(lanes) };
        after = *last;
        for (tenant, job) in jobs {
            lanes.extend(db.lanes(tenant, job).await?);
        }
    }
}

/// Feeds all lanes, and proves that every row has arrived.
async fn fed(
    feeder: &Feeder<'_>,
    lanes: &[rad_schema::window::Lane],
    rows: usize,
) -> Result<Times, QueueError> {
    let times = feeder.feed(lanes).await?;
    if times.added == rows {
        Ok(times)
    } else {
        Err(QueueError::Broken(format!("{} of {rows} rows came into the window", times.added)))
    }
}

/// From the wipe on: a new generation, a list of lanes, every lane fed.
async fn rebuild(bench: &Bench, db: &Db, rows: usize) -> Result<Duration, QueueError> {
    bench.link().wipe().await?;
    bench.calm().await?;
    let began = Instant::now();
    let window = open_next(bench, db).await?;
    // Nobody knows when the hosts were contacted last, so each rests for its delay.
    let feeder = Feeder { db, window: &window, pause: Duration::from_secs(1) };
    fed(&feeder, &lanes(db).await?, rows).await?;
    Ok(began.elapsed())
}

/// Claims and hydrates, one batch after the other; all that was claimed must be given. Nothing is completed.
async fn hydrate(bench: &mut Bench, db: &Db, window: &Window) -> Result<(usize, Duration), QueueError> {
    let worker = bench.worker(window).await?;
    let (mut tasks, mut spent) = (0, Duration::ZERO);
    for request in 1..=HYDRATES as u64 {
        let claimed = window.claim(worker, request, BATCH, TERMS).await?.tasks;
        if claimed.is_empty() {
            break;
        }
        let began = Instant::now();
        let hydrated = db.hydrate(&claimed, window.generation()).await?.len();
        spent += began.elapsed();
        if hydrated != claimed.len() {
            return Err(QueueError::Broken(format!(
                "{hydrated} of {} claimed rows were given",
                claimed.len()
            )));
        }
        tasks += hydrated;
    }
    Ok((tasks, spent))
}

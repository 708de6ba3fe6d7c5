//! Tasks claimed and completed in a second, with everything on.
//!
//! A window of many lanes is served at one batch size after the other. Hosts rest between requests, some take two
//! at once, some are shared by two tenants, and some lanes ask for refills, as in a fleet.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rad_core::ids::Hash128;
use rad_schema::bench::Reading;
use rad_schema::window::{LockOutcome, Window};
use serde::Serialize;

use super::QueueError;
use super::bench::{Bench, Spent, TERMS};
use super::layout::Layout;
use super::load::{Load, Served, complete, drive};
use super::options::Sizes;
use super::statistics::{count, per, whole};

const PER_LANE: usize = 10;

/// Most tasks in a claim.
const MOST: usize = 32;

/// Measured batches: their size and the load that makes it.
const BATCHES: [(u32, Load); 4] = [
    (1, Load { batch: 1, calls: 1 }),
    (8, Load { batch: 8, calls: 1 }),
    (32, Load { batch: MOST, calls: 1 }),
    // A claim takes at most 32: two of them, completed together.
    (64, Load { batch: MOST, calls: 2 }),
];

/// Of all tasks, for each batch size.
const PERCENT: usize = 20;

/// One batch size.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    /// Tasks claimed and completed.
    pub tasks: usize,
    /// In each second of the clock.
    pub per_s: f64,
    /// In each second of processor time that Redis used.
    pub per_core_s: f64,
    /// Microseconds inside Redis' scripts for each task.
    pub server_us: f64,
    /// Microseconds of Redis' processor for each task: scripts, protocol, append-only file.
    pub cpu_us: f64,
    /// Bytes that each task adds to the append-only file; none when the file was rewritten meanwhile.
    pub log_bytes: Option<f64>,
    /// Tasks that a claim brought, where it brought any.
    pub tasks_per_claim: f64,
}

/// Microseconds of Redis for each task, call by call, at 32 tasks a call.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Steps {
    /// Claiming.
    pub claim: f64,
    /// Locking the URL.
    pub lock: f64,
    /// Completing.
    pub complete: f64,
}

/// All of the throughput test.
#[derive(Clone, Debug, Serialize)]
pub struct Throughput {
    /// By batch size.
    pub by_batch: BTreeMap<u32, Rate>,
    /// The calls one by one.
    pub server_us_by_call: Steps,
    /// Tasks that were fed.
    pub fed: usize,
    /// The window was emptied to the last task, so that all must have been handed out.
    pub emptied: bool,
    /// Different tasks that were handed out until the window was empty.
    pub handed_out: usize,
    /// Hand-outs of a task that had been handed out before.
    pub doubled: usize,
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<Throughput, QueueError> {
    let layout = layout(sizes);
    bench.tell(&format!("throughput: filling {} lanes of {PER_LANE}", layout.lanes));
    let windows = bench.fresh().await?;
    let fed = layout.fill(&windows).await?;
    let mut seen = Seen::default();
    let warm = Load { batch: 8, calls: 1 };
    seen.add(drive(bench, &windows, sizes.workers, warm, fed / 20).await?.tasks.iter().map(|task| task.0));
    let mut by_batch = BTreeMap::new();
    for (size, load) in BATCHES {
        bench.tell(&format!("throughput: claim and complete, {size} at a time"));
        let most = (fed * PERCENT / 100).min(sizes.batch_tasks);
        let (served, rate) = rate(bench, &windows, sizes.workers, load, most).await?;
        seen.add(served.tasks.iter().map(|task| task.0));
        by_batch.insert(size, rate);
    }
    bench.tell("throughput: call by call");
    let (steps, tasks) = steps(bench, &windows[0], (fed / 100).min(6_400)).await?;
    seen.add(tasks.into_iter());
    if sizes.emptied {
        bench.tell("throughput: emptying the window");
        let left = fed - seen.tasks.len();
        let rest = drive(bench, &windows, sizes.workers, BATCHES[2].1, left).await?;
        seen.add(rest.tasks.iter().map(|task| task.0));
    }
    let (handed_out, doubled) = (seen.tasks.len(), seen.doubled);
    Ok(Throughput { by_batch, server_us_by_call: steps, fed, emptied: sizes.emptied, handed_out, doubled })
}

/// At 30,000 tasks a second, a third of the hosts rest.
fn layout(sizes: &Sizes) -> Layout {
    let delay = Duration::from_micros(u64::try_from(sizes.hosts * 10).unwrap_or(u64::MAX));
    let lanes = sizes.hosts + sizes.hosts / 10;
    Layout { hosts: sizes.hosts, delay, more_every: 10, ..Layout::of(lanes, sizes.tenants, PER_LANE) }
}

/// Tasks handed out so far.
#[derive(Default)]
struct Seen {
    tasks: HashSet<i64>,
    doubled: usize,
}

impl Seen {
    fn add(&mut self, tasks: impl Iterator<Item = i64>) {
        for task in tasks {
            self.doubled += usize::from(!self.tasks.insert(task));
        }
    }
}

async fn rate(
    bench: &mut Bench,
    windows: &[Window],
    workers: usize,
    load: Load,
    most: usize,
) -> Result<(Served, Rate), QueueError> {
    let before = bench.calm().await?;
    let began = std::time::Instant::now();
    let served = drive(bench, windows, workers, load, most).await?;
    let wall = began.elapsed();
    let after = bench.read().await?;
    let spent = Spent::between(&before, &after, wall);
    let tasks = count(served.tasks.len());
    let rate = Rate {
        tasks: served.tasks.len(),
        per_s: per(tasks, spent.seconds),
        per_core_s: per(tasks, spent.cpu_seconds),
        server_us: per(whole(spent.script_us), tasks),
        cpu_us: per(spent.cpu_seconds * 1e6, tasks),
        log_bytes: log_bytes(&before, &after, tasks),
        tasks_per_claim: per(tasks, count(served.claims)),
    };
    bench.tell(&format!("    {:.0}/s, {:.1} µs of Redis' processor each", rate.per_s, rate.cpu_us));
    Ok((served, rate))
}

fn log_bytes(before: &Reading, after: &Reading, tasks: f64) -> Option<f64> {
    let grown = usize::try_from(after.log_bytes - before.log_bytes).ok()?;
    (!after.rewrites && grown > 0).then(|| per(count(grown), tasks))
}

/// Claims about `most` tasks, then locks all, then completes all.
async fn steps(bench: &mut Bench, window: &Window, most: usize) -> Result<(Steps, Vec<i64>), QueueError> {
    let worker = bench.worker(window).await?;
    let before = bench.calm().await?;
    let mut hands = Vec::new();
    for request in 1..=most.div_ceil(MOST) as u64 {
        let batch = window.claim(worker, request, MOST, TERMS).await?;
        if !batch.tasks.is_empty() {
            hands.push(batch.tasks);
        }
    }
    let claimed = bench.read().await?;
    for hand in &hands {
        let locks: Vec<_> = hand
            .iter()
            .map(|task| (task.task, task.fence, Hash128::of(&task.task.0.to_be_bytes())))
            .collect();
        let outcomes = window.lock(&locks, TERMS).await?;
        if outcomes.iter().any(|outcome| *outcome != LockOutcome::Taken) {
            return Err(QueueError::Broken("the lock of a URL that nobody holds was refused".to_owned()));
        }
    }
    let locked = bench.read().await?;
    for hand in &hands {
        complete(window, hand).await?;
    }
    let completed = bench.read().await?;
    let tasks: Vec<_> = hands.iter().flatten().map(|task| task.task.0).collect();
    let us = |now: &Reading, then| per(whole(now.scripts_since(then).usec), count(tasks.len()));
    let steps = Steps {
        claim: us(&claimed, &before),
        lock: us(&locked, &claimed),
        complete: us(&completed, &locked),
    };
    Ok((steps, tasks))
}

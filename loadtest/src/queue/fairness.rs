//! Who is served how often while all have a backlog, and how long a small tenant waits beside a huge one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rad_core::ids::{Incarnation, TenantId};
use rad_schema::window::Window;
use serde::Serialize;
use tokio::task::JoinSet;

use super::QueueError;
use super::bench::{Bench, TERMS};
use super::layout::Layout;
use super::load::complete;
use super::options::Sizes;
use super::statistics::{count, jain, per};

const TENANTS: usize = 10;
const PER_LANE: usize = 50;
const BATCH: usize = 8;

/// URLs of the small tenant.
const SMALL: usize = 10;

/// Of the small tenant's one host, in the test with fetches that take time.
const DELAY: Duration = Duration::from_millis(50);
const FETCH: Duration = Duration::from_millis(2);
const FETCHERS: usize = 4;

/// The fairness test.
#[derive(Clone, Debug, Serialize)]
pub struct Fairness {
    /// Jain's index over ten equal tenants, the largest with a hundred times the backlog of the smallest.
    pub jain: f64,
    /// The same over ten tenants of weight 1 to 10, what each got divided by its weight.
    pub jain_weighted: f64,
    /// Tasks handed out until ten URLs on ten hosts were, alone and beside a huge tenant.
    pub small_beside_huge_turns: Wait,
    /// Milliseconds until ten URLs on one polite host were fetched by four workers.
    pub small_beside_huge_ms: Wait,
}

/// A small tenant's wait.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Wait {
    /// With nobody else.
    pub alone: f64,
    /// Beside a tenant with a huge backlog.
    pub beside: f64,
    /// The second over the first.
    pub ratio: f64,
}

impl Wait {
    fn new(alone: f64, beside: f64) -> Self {
        Self { alone, beside, ratio: per(beside, alone) }
    }
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<Fairness, QueueError> {
    bench.tell("fairness: ten equal tenants");
    let jain = shares(bench, sizes.fairness_turns, |_| 1).await?;
    bench.tell("fairness: ten tenants of different weight");
    let jain_weighted = shares(bench, sizes.fairness_turns, |tenant| tenant + 1).await?;
    bench.tell("fairness: a small tenant beside a huge one");
    let huge = sizes.fairness_turns * 2;
    let turns = Wait::new(turns_of_small(bench, 0).await?, turns_of_small(bench, huge).await?);
    let millis = Wait::new(wait_of_small(bench, 0).await?, wait_of_small(bench, huge).await?);
    Ok(Fairness { jain, jain_weighted, small_beside_huge_turns: turns, small_beside_huge_ms: millis })
}

/// Jain's index over what each tenant got for its weight.
async fn shares(bench: &mut Bench, turns: usize, weight: fn(usize) -> usize) -> Result<f64, QueueError> {
    let windows = bench.fresh().await?;
    // The smallest has half as much again as it can get; the others more, by the square of their place.
    let smallest = (turns + turns / 2).div_ceil(PER_LANE);
    for (part, tenant) in (1_i64..).zip(0..TENANTS) {
        let lanes = smallest * (tenant + 1) * (tenant + 1);
        let weight = i32::try_from(weight(tenant)).unwrap_or(i32::MAX);
        Layout { weight, part, ..Layout::of(lanes, 1, PER_LANE) }.fill(&windows).await?;
    }
    let mut server = Server::new(bench, &windows[0]).await?;
    while server.total < turns * TENANTS {
        server.serve(BATCH).await?;
    }
    let shares: Vec<_> = (1_i64..)
        .zip(0..TENANTS)
        .map(|(part, tenant)| {
            let lane = Layout { part, ..Layout::of(1, 1, 1) }.lane(0);
            per(count(server.of(lane.tenant)), count(weight(tenant)))
        })
        .collect();
    Ok(jain(&shares))
}

/// Tasks handed out until the small tenant has its ten, which came after `before` of the huge one's.
async fn turns_of_small(bench: &mut Bench, before: usize) -> Result<f64, QueueError> {
    let windows = bench.fresh().await?;
    let mut server = Server::new(bench, &windows[0]).await?;
    if before > 0 {
        huge(before).fill(&windows).await?;
        while server.total < before {
            server.serve(BATCH).await?;
        }
    }
    let small = Layout { part: 1, ..Layout::of(SMALL, 1, 1) };
    small.fill(&windows).await?;
    let at = server.total;
    while server.of(small.lane(0).tenant) < SMALL {
        server.serve(1).await?;
    }
    Ok(count(server.total - at))
}

fn huge(lanes: usize) -> Layout {
    Layout { part: 2, ..Layout::of(lanes, 1, PER_LANE) }
}

/// Milliseconds from the feed of ten URLs on one polite host to the claim of the last.
async fn wait_of_small(bench: &mut Bench, others: usize) -> Result<f64, QueueError> {
    let windows = bench.fresh().await?;
    if others > 0 {
        huge(others).fill(&windows).await?;
    }
    let small = Layout { part: 1, delay: DELAY, ..Layout::of(1, 1, SMALL) };
    let tenant = small.lane(0).tenant;
    let mut fetchers = JoinSet::new();
    let (told, mut heard) = tokio::sync::mpsc::channel(SMALL);
    for window in windows.iter().cycle().take(FETCHERS) {
        let worker = bench.worker(window).await?;
        fetchers.spawn(fetch(window.clone(), worker, tenant, told.clone()));
    }
    drop(told);
    let began = Instant::now();
    small.fill(&windows).await?;
    for _ in 0..SMALL {
        if heard.recv().await.is_none() {
            break;
        }
    }
    let waited = began.elapsed();
    // Whoever has nobody left to tell ends.
    drop(heard);
    fetchers.abort_all();
    while let Some(ended) = fetchers.join_next().await {
        if let Ok(Err(error)) = ended {
            return Err(error);
        }
    }
    Ok(waited.as_secs_f64() * 1_000.0)
}

/// Claims one task at a time, takes a while for it, and tells of those of `tenant`.
async fn fetch(
    window: Window,
    worker: Incarnation,
    tenant: TenantId,
    told: tokio::sync::mpsc::Sender<()>,
) -> Result<(), QueueError> {
    for request in 1.. {
        let batch = window.claim(worker, request, 1, TERMS).await?;
        for task in &batch.tasks {
            if task.tenant == tenant && told.send(()).await.is_err() {
                return Ok(());
            }
        }
        tokio::time::sleep(FETCH).await;
        if !batch.tasks.is_empty() {
            complete(&window, &batch.tasks).await?;
        }
    }
    Ok(())
}

/// One worker that counts whom it serves.
struct Server {
    window: Window,
    worker: Incarnation,
    request: u64,
    total: usize,
    by_tenant: BTreeMap<TenantId, usize>,
}

impl Server {
    async fn new(bench: &mut Bench, window: &Window) -> Result<Self, QueueError> {
        let worker = bench.worker(window).await?;
        Ok(Self { window: window.clone(), worker, request: 0, total: 0, by_tenant: BTreeMap::new() })
    }

    fn of(&self, tenant: TenantId) -> usize {
        self.by_tenant.get(&tenant).copied().unwrap_or(0)
    }

    async fn serve(&mut self, most: usize) -> Result<(), QueueError> {
        self.request += 1;
        let batch = self.window.claim(self.worker, self.request, most, TERMS).await?;
        if batch.tasks.is_empty() {
            return Err(QueueError::Broken("a claim brought nothing while tasks were due".to_owned()));
        }
        for task in &batch.tasks {
            *self.by_tenant.entry(task.tenant).or_default() += 1;
        }
        self.total += batch.tasks.len();
        complete(&self.window, &batch.tasks).await
    }
}

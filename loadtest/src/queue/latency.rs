//! How long a claim takes, with few and with many URLs waiting.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rad_schema::window::{Claimed, Nack, Requeue, Window};
use serde::Serialize;

use super::QueueError;
use super::bench::{Bench, TERMS};
use super::layout::{Layout, now_us};
use super::options::Sizes;
use super::statistics::{Percentiles, per};

/// Tasks in a claim.
const BATCH: usize = 8;

/// The median of these is told: other work on the machine disturbs one or the other.
const ROUNDS: u64 = 7;

const HOSTS_OF_TENANT: usize = 100;

/// The latency test: one client, one call at a time.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// Milliseconds of a claim of eight, by the number of URLs that wait.
    pub claim_ms: BTreeMap<usize, Percentiles>,
    /// p99 with the most URLs waiting over p99 with the fewest.
    pub p99_ratio: f64,
}

impl Latency {
    /// p99 with `many` waiting over p99 with `few`; none unless both were measured.
    pub(super) fn ratio(&self, many: usize, few: usize) -> Option<f64> {
        Some(per(self.claim_ms.get(&many)?.p99, self.claim_ms.get(&few)?.p99))
    }
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<Latency, QueueError> {
    let mut claim_ms = BTreeMap::new();
    for &waiting in &sizes.latency_waiting {
        bench.tell(&format!("latency: {waiting} waiting"));
        let windows = bench.fresh().await?;
        let layout = layout(waiting);
        layout.fill(&windows).await?;
        claim_ms.insert(waiting, of_claims(bench, &windows[0], sizes.latency_claims).await?);
    }
    let mut latency = Latency { claim_ms, p99_ratio: 0.0 };
    let ends = latency.claim_ms.keys().next_back().copied().zip(latency.claim_ms.keys().next().copied());
    latency.p99_ratio = ends.and_then(|(many, few)| latency.ratio(many, few)).unwrap_or(0.0);
    Ok(latency)
}

/// Few URLs lie in short lanes, many in long ones.
fn layout(waiting: usize) -> Layout {
    let length = if waiting <= 1_000 { 10 } else { 100 };
    let lanes = waiting / length;
    Layout::of(lanes, lanes.div_ceil(HOSTS_OF_TENANT), length)
}

async fn of_claims(bench: &mut Bench, window: &Window, claims: usize) -> Result<Percentiles, QueueError> {
    let worker = bench.worker(window).await?;
    bench.calm().await?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut samples = Vec::with_capacity(claims);
        for turn in 0..claims as u64 {
            let began = Instant::now();
            let batch = window.claim(worker, round * claims as u64 + turn + 1, BATCH, TERMS).await?;
            samples.push(began.elapsed());
            if batch.tasks.len() != BATCH {
                let got = batch.tasks.len();
                return Err(QueueError::Broken(format!("a claim brought {got} of {BATCH} that were due")));
            }
            give_back(window, &batch.tasks).await?;
        }
        rounds.push(Percentiles::of(&mut samples));
    }
    Ok(Percentiles::typical(&rounds))
}

/// Behind all others, so that the window stays full and the next claim finds other tasks.
async fn give_back(window: &Window, tasks: &[Claimed]) -> Result<(), QueueError> {
    let rank = now_us();
    let nacks: Vec<_> = tasks
        .iter()
        .map(|task| Nack {
            task: task.task,
            fence: task.fence,
            requeue: Requeue::At(rank),
            pause: Duration::ZERO,
        })
        .collect();
    window.nack(&nacks).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_told_only_of_what_was_measured() {
        let claim_ms = [(1_000, 2.0), (100_000, 3.0)]
            .into_iter()
            .map(|(waiting, p99)| (waiting, Percentiles { p50: 1.0, p99 }))
            .collect();
        let latency = Latency { claim_ms, p99_ratio: 1.5 };
        assert_eq!(latency.ratio(100_000, 1_000), Some(1.5));
        assert_eq!(latency.ratio(10_000_000, 1_000), None);
        let json = serde_json::to_value(&latency).unwrap();
        assert_eq!(json["claim_ms"]["100000"]["p99"], 3.0);
    }
}

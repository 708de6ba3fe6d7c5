//! The figures of a benchmark of dispatch.

use std::collections::BTreeMap;

use serde::Serialize;

use super::environment::Environment;
use super::fairness::Fairness;
use super::latency::Latency;
use super::ledger::LedgerFigures;
use super::memory::Memory;
use super::options::Sizes;
use super::plain::Baseline;
use super::statistics::{Percentiles, per};
use super::throughput::{Rate, Throughput};
use super::wake::Wake;

const FEW: usize = 1_000;
const MANY: usize = 10_000_000;

/// What was measured; printed as it is with `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Tasks claimed and completed in a second, by batch size.
    pub claim_complete_per_s: BTreeMap<u32, f64>,
    /// The same for each second of processor time that Redis used: what one core would do alone.
    pub claim_complete_per_redis_core_s: BTreeMap<u32, f64>,
    /// Microseconds inside Redis' scripts for a task claimed and completed, by batch size.
    pub server_us_per_task: BTreeMap<u32, f64>,
    /// By the number of URLs in a lane.
    pub bytes_per_waiting_url: BTreeMap<usize, f64>,
    /// p99 of a claim with ten million URLs waiting over that with a thousand; none without `--full`.
    pub claim_p99_ratio_10m_1k: Option<f64>,
    /// Jain's index among equal tenants.
    pub jain: f64,
    /// Rows that a feeder brings into the window in a second.
    pub feeder_per_s: f64,
    /// Seconds to rebuild the window of a million waiting URLs.
    pub rebuild_s_per_million: f64,
    /// From the push of a URL to the claim by a worker that slept.
    pub push_to_claim_ms: Percentiles,
    /// Plain commands in the same run.
    pub baseline: Baseline,
    /// Compared with the plain commands.
    pub ratios: Ratios,
    /// The parts in full.
    pub throughput: Throughput,
    /// See `throughput`.
    pub memory: Memory,
    /// See `throughput`.
    pub latency: Latency,
    /// See `throughput`.
    pub fairness: Fairness,
    /// See `throughput`.
    pub ledger: LedgerFigures,
    /// How large the parts were.
    pub sizes: Sizes,
    /// Where it was measured.
    pub environment: Environment,
}

/// What scheduling costs over plain commands.
#[derive(Clone, Debug, Serialize)]
pub struct Ratios {
    /// Tasks claimed and completed for each pair of LPUSH and RPOP, by batch size.
    pub of_push_pop: BTreeMap<u32, f64>,
    /// Tasks claimed and completed for each EVALSHA of an empty script, by batch size.
    pub of_evalsha: BTreeMap<u32, f64>,
}

/// The parts of a benchmark, measured.
pub(super) struct Parts {
    pub(super) baseline: Baseline,
    pub(super) throughput: Throughput,
    pub(super) memory: Memory,
    pub(super) latency: Latency,
    pub(super) fairness: Fairness,
    pub(super) wake: Wake,
    pub(super) ledger: LedgerFigures,
}

impl Report {
    pub(super) fn new(sizes: Sizes, environment: Environment, parts: Parts) -> Self {
        let Parts { baseline, throughput, memory, latency, fairness, wake, ledger } = parts;
        let by_batch = |figure: &dyn Fn(&Rate) -> f64| -> BTreeMap<u32, f64> {
            throughput.by_batch.iter().map(|(size, rate)| (*size, rounded(figure(rate)))).collect()
        };
        Self {
            claim_complete_per_s: by_batch(&|rate| rate.per_s),
            claim_complete_per_redis_core_s: by_batch(&|rate| rate.per_core_s),
            server_us_per_task: by_batch(&|rate| rate.server_us),
            bytes_per_waiting_url: memory.bytes_per_waiting_url.clone(),
            claim_p99_ratio_10m_1k: latency.ratio(MANY, FEW),
            jain: fairness.jain,
            feeder_per_s: ledger.feeder_per_s,
            rebuild_s_per_million: ledger.rebuild_s_per_million,
            push_to_claim_ms: wake.push_to_claim_ms,
            ratios: Ratios {
                of_push_pop: by_batch(&|rate| per(rate.per_core_s, baseline.push_pop_per_core_s)),
                of_evalsha: by_batch(&|rate| per(rate.per_core_s, baseline.evalsha_per_core_s)),
            },
            baseline,
            throughput,
            memory,
            latency,
            fairness,
            ledger,
            sizes,
            environment,
        }
    }

    /// Whether no task was handed out twice, and, if the window was emptied, none was lost.
    pub fn is_right(&self) -> bool {
        let told = &self.throughput;
        told.doubled == 0 && (!told.emptied || told.handed_out == told.fed)
    }
}

/// To thousandths: more digits would be noise.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

//! What a person may choose about a benchmark of dispatch, and how large its parts are.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

/// Measures dispatch on private stores: throughput, latency, memory, fairness, feeding and rebuilding.
#[derive(Clone, Debug, Args)]
pub struct QueueOptions {
    /// Hosts of the throughput test; a tenth of them is shared by two tenants
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub hosts: u32,
    /// Tenants of the throughput test
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..))]
    pub tenants: u32,
    /// Rows of the ledger that is fed and rebuilt
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    pub rows: u32,
    /// Connections to Redis
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub connections: u32,
    /// Workers that claim at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub workers: u32,
    /// Also hand out every task of the throughput test, and measure claims with ten million URLs waiting
    #[arg(long)]
    pub full: bool,
    /// Everything at a hundredth of its size: shows that it works, not how fast
    #[arg(long, conflicts_with_all = ["full", "hosts", "tenants", "rows"])]
    pub quick: bool,
    /// Folder of the private stores [default: a temporary one]
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How large the parts of a benchmark are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Hosts of the throughput test.
    pub hosts: usize,
    /// Its tenants.
    pub tenants: usize,
    /// Claiming workers of the throughput test.
    pub workers: usize,
    /// Most tasks for each batch size.
    pub batch_tasks: usize,
    /// The throughput test goes on to the last task.
    pub emptied: bool,
    /// Plain commands of each kind.
    pub plain_calls: usize,
    /// URLs of each memory test.
    pub memory_urls: usize,
    /// Hosts with a full window in the test of the bound.
    pub full_windows: usize,
    /// Claims of each round of the latency test.
    pub latency_claims: usize,
    /// URLs that wait in the latency tests, from few to many.
    pub latency_waiting: Vec<usize>,
    /// Tasks handed out in the fairness tests, per tenant.
    pub fairness_turns: usize,
    /// Pushes of the wake-up test.
    pub pushes: usize,
    /// Rows of the ledger.
    pub rows: usize,
}

/// Lanes of the latency test with the most URLs.
const LANE_OF_MILLIONS: usize = 100;

impl QueueOptions {
    pub(super) fn sizes(&self) -> Sizes {
        if self.quick {
            return self.quick_sizes();
        }
        let mut latency_waiting = vec![1_000, 100_000];
        if self.full {
            latency_waiting.push(100_000 * LANE_OF_MILLIONS);
        }
        Sizes {
            hosts: self.hosts as usize,
            tenants: self.tenants as usize,
            workers: self.workers as usize,
            batch_tasks: 50_000,
            emptied: self.full,
            plain_calls: 200_000,
            memory_urls: 100_000,
            full_windows: 10_000,
            latency_claims: 2_000,
            latency_waiting,
            fairness_turns: 1_000,
            pushes: 1_000,
            rows: self.rows as usize,
        }
    }

    fn quick_sizes(&self) -> Sizes {
        Sizes {
            hosts: 1_000,
            tenants: 20,
            workers: self.workers.min(8) as usize,
            batch_tasks: 10_000,
            emptied: true,
            plain_calls: 2_000,
            memory_urls: 2_000,
            full_windows: 100,
            latency_claims: 40,
            latency_waiting: vec![1_000, 5_000, 20_000],
            fairness_turns: 100,
            pushes: 20,
            rows: 5_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: QueueOptions,
    }

    fn sizes(arguments: &[&str]) -> Sizes {
        Line::try_parse_from([&["queue"], arguments].concat()).unwrap().options.sizes()
    }

    #[test]
    fn only_a_full_run_has_ten_million_urls_waiting() {
        assert_eq!(sizes(&[]).latency_waiting, [1_000, 100_000]);
        assert_eq!(sizes(&["--full"]).latency_waiting, [1_000, 100_000, 10_000_000]);
    }

    #[test]
    fn a_quick_run_is_small_whatever_else_is_asked_for() {
        let quick = sizes(&["--quick"]);
        assert!(
            quick.hosts <= 1_000
                && quick.rows <= 10_000
                && quick.latency_waiting.iter().all(|&n| n <= 20_000)
        );
        assert!(Line::try_parse_from(["queue", "--quick", "--full"]).is_err());
    }
}

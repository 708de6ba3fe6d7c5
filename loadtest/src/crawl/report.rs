//! The figures of one crawl test.

use std::fmt;

use serde::Serialize;

use crate::client::{Counts, CrawlStatus, ReasonCount};
use crate::cost::Cost;
use crate::crawl::judgement::Judgement;
use crate::crawl::{CrawlOptions, Recrawl};

/// What was measured and found; printed as it is with `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where the crawl started.
    pub url: String,
    /// Seed of the synthetic site.
    pub seed: u64,
    /// Worker processes.
    pub workers: usize,
    /// Pages that the crawl must store.
    pub pages_expected: usize,
    /// Pages that it says to have stored.
    pub pages_stored: i64,
    /// Stored pages in each second of the crawl.
    pub pages_per_s: f64,
    /// Documents too many.
    pub duplicates: usize,
    /// Contents that are missing.
    pub lost: usize,
    /// From the start call to the crawl's end.
    pub seconds: f64,
    /// Chunks written.
    pub chunks: i64,
    /// Pages that were fetched and then not stored because a limit was reached.
    pub fetched_not_stored: i64,
    /// URLs by state.
    pub counts: Counts,
    /// Why URLs were skipped or failed.
    pub reasons: Vec<ReasonCount>,
    /// Every count is the sum of its parts.
    pub ledger_adds_up: bool,
    /// `completed`, or what it was when time ran out.
    pub state: String,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// The crawl did not end in time.
    pub timed_out: bool,
    /// Processor time for each stored page: comparable also where others use the machine.
    pub cpu_ms_per_page: Cost,
    /// The most memory that a worker had, in MB; 0 where the system does not tell, or no worker lives.
    pub worker_peak_mb: f64,
    /// What is broken, in words; empty if all is right.
    pub broken: Vec<String>,
    /// The second crawl, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recrawl: Option<Recrawl>,
    /// Where it was measured.
    pub machine: Machine,
}

/// The machine of the test.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Machine {
    /// Processor cores that this process may use.
    pub cores: usize,
}

/// What was measured beside the stores.
pub(super) struct Measured {
    pub(super) seconds: f64,
    pub(super) timed_out: bool,
    pub(super) cost: Cost,
    pub(super) worker_peak_mb: f64,
}

impl Report {
    pub(super) fn new(
        options: &CrawlOptions,
        status: &CrawlStatus,
        judgement: Judgement,
        measured: Measured,
    ) -> Self {
        let Measured { seconds, timed_out, cost, worker_peak_mb } = measured;
        let stored = f64::from(i32::try_from(status.counts.stored).unwrap_or(i32::MAX));
        let mut broken = judgement.broken;
        if timed_out {
            broken.push(format!("the crawl did not end within {} s", options.timeout_seconds));
        }
        Self {
            url: status.url.clone(),
            seed: options.seed,
            workers: options.workers,
            pages_expected: judgement.expected,
            pages_stored: status.counts.stored,
            pages_per_s: rounded(stored / seconds),
            duplicates: judgement.duplicates,
            lost: judgement.lost,
            seconds: rounded(seconds),
            chunks: status.chunks,
            fetched_not_stored: status.fetched_not_stored,
            counts: status.counts,
            reasons: status.reasons.clone(),
            ledger_adds_up: judgement.adds_up,
            state: status.state.clone(),
            end_reason: status.end_reason.clone(),
            timed_out,
            cpu_ms_per_page: cost,
            worker_peak_mb,
            recrawl: None,
            broken,
            machine: Machine { cores: std::thread::available_parallelism().map_or(1, usize::from) },
        }
    }

    /// Whether nothing is broken.
    pub fn is_right(&self) -> bool {
        self.broken.is_empty()
    }
}

/// To milliseconds: more digits would be noise.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<16} {value}");
        row("site", &self.url)?;
        row("workers", &self.workers)?;
        row("seconds", &format_args!("{:.2}", self.seconds))?;
        row("pages/s", &format_args!("{:.1}", self.pages_per_s))?;
        row("stored", &format_args!("{} of {} expected", self.pages_stored, self.pages_expected))?;
        row("lost", &self.lost)?;
        row("duplicates", &self.duplicates)?;
        row("chunks", &self.chunks)?;
        row("in vain", &self.fetched_not_stored)?;
        row("URLs", &self.counts.discovered)?;
        for (state, urls) in self.counts.by_state().iter().filter(|(_, urls)| *urls > 0) {
            row(&format!("  {state}"), urls)?;
        }
        for reason in &self.reasons {
            row(&format!("  {}", reason.verdict), &format_args!("{} {}", reason.urls, reason.state))?;
        }
        let cost = &self.cpu_ms_per_page;
        row("CPU ms/page", &format_args!("{:.3}", cost.all))?;
        for (process, ms) in &cost.processes {
            row(&format!("  {process}"), &format_args!("{ms:.3}"))?;
        }
        for (stage, ms) in &cost.stages {
            row(&format!("    {stage}"), &format_args!("{ms:.3}"))?;
        }
        row("worker peak MB", &self.worker_peak_mb)?;
        if let Some(again) = &self.recrawl {
            let factor = format_args!("{:.2} s, {:.1} times as fast", again.seconds, again.times_faster);
            row("again", &factor)?;
            row("  unchanged", &format_args!("{}, {} of them by 304", again.unchanged, again.not_modified))?;
            row("  billed", &again.billed)?;
        }
        row("counts add up", if self.ledger_adds_up { &"yes" } else { &"NO" })?;
        for broken in &self.broken {
            row("BROKEN", broken)?;
        }
        Ok(())
    }
}

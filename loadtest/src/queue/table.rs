//! A report for people.

use std::fmt::{self, Display};

use super::Report;
use super::statistics::Percentiles;

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.speed(f)?;
        self.size_and_wait(f)?;
        self.fairness(f)?;
        self.ledger(f)?;
        let at = &self.environment;
        let build = if at.release { "release build" } else { "DEBUG BUILD: figures say little" };
        row(f, "machine", format_args!("{}, {} cores, {build}", at.cpu, at.cores))?;
        row(f, "programs", format_args!("rad {}, Redis {}, Postgres {}", at.commit, at.redis, at.postgres))?;
        if !self.is_right() {
            let told = &self.throughput;
            let what = format_args!("{} of {} tasks, {} doubled", told.handed_out, told.fed, told.doubled);
            row(f, "BROKEN", what)?;
        }
        Ok(())
    }
}

impl Report {
    fn speed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "claim + complete  tasks/s  /s of a Redis core  server µs  of LPUSH+RPOP  of EVALSHA")?;
        for (size, rate) in &self.throughput.by_batch {
            writeln!(
                f,
                "  {size:>2} at a time   {:>8.0}  {:>18.0}  {:>9.1}  {:>13.2}  {:>10.2}",
                rate.per_s,
                rate.per_core_s,
                rate.server_us,
                self.ratios.of_push_pop.get(size).copied().unwrap_or_default(),
                self.ratios.of_evalsha.get(size).copied().unwrap_or_default(),
            )?;
        }
        let (plain, steps) = (&self.baseline, &self.throughput.server_us_by_call);
        row(
            f,
            "plain, /s of a core",
            format_args!(
                "{:.0} LPUSH+RPOP, {:.0} EVALSHA ({:.1} µs)",
                plain.push_pop_per_core_s, plain.evalsha_per_core_s, plain.evalsha_server_us
            ),
        )?;
        row(
            f,
            "server µs a task",
            format_args!("claim {:.1}, lock {:.1}, complete {:.1}", steps.claim, steps.lock, steps.complete),
        )
    }

    fn size_and_wait(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (length, bytes) in &self.memory.bytes_per_waiting_url {
            row(f, &format!("bytes a URL, {length} a lane"), format_args!("{bytes:.1}"))?;
        }
        let full = format!("{} full windows", self.memory.full_windows);
        row(f, &full, format_args!("{:.1} MB", megabytes(self.memory.full_windows_bytes)))?;
        for (waiting, claim) in &self.latency.claim_ms {
            row(f, &format!("claim, {waiting} wait"), times(claim))?;
        }
        row(f, "p99 most/fewest", format_args!("{:.2}", self.latency.p99_ratio))?;
        row(f, "push to claim", times(&self.push_to_claim_ms))
    }

    fn fairness(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fair = &self.fairness;
        row(f, "Jain", format_args!("{:.4} equal, {:.4} by weight", fair.jain, fair.jain_weighted))?;
        let (turns, wait) = (&fair.small_beside_huge_turns, &fair.small_beside_huge_ms);
        row(
            f,
            "small beside huge",
            format_args!(
                "{:.0} turns for {:.0} alone ({:.2}), {:.0} ms for {:.0} ({:.2})",
                turns.beside, turns.alone, turns.ratio, wait.beside, wait.alone, wait.ratio
            ),
        )
    }

    fn ledger(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = &self.ledger;
        row(
            f,
            "feeder",
            format_args!(
                "{:.0} rows/s, {:.0} % of it Postgres, {:.1} server µs a row",
                ledger.feeder_per_s,
                ledger.feeder_ledger_share * 100.0,
                ledger.feeder_server_us
            ),
        )?;
        row(f, "rebuild", format_args!("{:.1} s for a million waiting", ledger.rebuild_s_per_million))?;
        row(
            f,
            "hydrate",
            format_args!("{:.0} rows/s, {:.0} µs each", ledger.hydrate_per_s, ledger.hydrate_us_per_task),
        )
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{name:<24} {value}")
}

fn times(of: &Percentiles) -> String {
    format!("p50 {:.3} ms, p99 {:.3} ms", of.p50, of.p99)
}

fn megabytes(bytes: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a server's memory is far below 2^52 bytes")]
    let bytes = bytes as f64;
    bytes / f64::from(1 << 20)
}

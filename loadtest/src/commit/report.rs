//! The figures of a benchmark of the commit.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::CommitOptions;
use super::rounds::{Round, Way};

/// What was measured; printed as it is with `--json`. Each figure is the median of the rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Chunk rows that commits wrote in a second, with all that a commit does beside them.
    pub chunk_rows_per_s: f64,
    /// The same rows by plain COPY, in a second.
    pub copy_rows_per_s: f64,
    /// Commit over COPY, round by round.
    pub ratio: f64,
    /// Pages committed in a second.
    pub pages_per_s: f64,
    /// Processor time of Postgres for a committed page, in milliseconds.
    pub postgres_ms_per_page: f64,
    /// Processor time of Postgres for a chunk row of a commit, in microseconds, everything of the commit counted.
    pub postgres_us_per_row: f64,
    /// The same for a row of COPY.
    pub copy_postgres_us_per_row: f64,
    /// Chunks of a page.
    pub chunks_per_page: f64,
    /// Pages of a round.
    pub pages: u32,
    /// Rounds.
    pub rounds: u32,
    /// Pages of a transaction.
    pub batch: u32,
    /// Transactions at once.
    pub connections: u32,
}

impl Report {
    pub(super) fn new(options: &CommitOptions, rounds: &[Round]) -> Self {
        let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            chunk_rows_per_s: of(&|round| rate(round.committed.rows, round.committed.wall)),
            copy_rows_per_s: of(&|round| rate(round.copied.rows, round.copied.wall)),
            ratio: of(&|round| round.copied.wall.as_secs_f64() / round.committed.wall.as_secs_f64()),
            pages_per_s: of(&|round| rate(round.pages, round.committed.wall)),
            postgres_ms_per_page: of(&|round| each(round.committed.server, round.pages) / 1e3),
            postgres_us_per_row: of(&|round| server_us(&round.committed)),
            copy_postgres_us_per_row: of(&|round| server_us(&round.copied)),
            chunks_per_page: of(&|round| number(round.committed.rows) / number(round.pages)),
            pages: options.pages,
            rounds: options.rounds,
            batch: options.batch,
            connections: options.connections,
        }
    }
}

fn server_us(way: &Way) -> f64 {
    each(way.server, way.rows)
}

/// Microseconds of `time` for each of `things`.
fn each(time: Duration, things: usize) -> f64 {
    time.as_secs_f64() * 1e6 / number(things.max(1))
}

fn rate(things: usize, time: Duration) -> f64 {
    number(things) / time.as_secs_f64()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// To thousandths: more digits would be noise.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.get(numbers.len() / 2).copied().unwrap_or(0.0);
    (middle * 1e3).round() / 1e3
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<16} {value}");
        let (pages, rounds) = (self.pages, self.rounds);
        row("rounds", &format_args!("{rounds} of {pages} pages, {} chunks each", self.chunks_per_page))?;
        row("transactions", &format_args!("of {} pages, {} at once", self.batch, self.connections))?;
        row(
            "commit",
            &format_args!("{:.0} chunk rows/s, {:.0} pages/s", self.chunk_rows_per_s, self.pages_per_s),
        )?;
        row("plain COPY", &format_args!("{:.0} rows/s", self.copy_rows_per_s))?;
        row("ratio", &format_args!("{:.2}", self.ratio))?;
        row("Postgres", &format_args!("{:.3} CPU ms a page", self.postgres_ms_per_page))?;
        let (own, plain) = (self.postgres_us_per_row, self.copy_postgres_us_per_row);
        row("  a row", &format_args!("{own:.1} CPU µs; COPY {plain:.1}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_was_disturbed_changes_nothing() {
        let way = |ms| Way { rows: 100, wall: Duration::from_millis(ms), server: Duration::from_millis(ms) };
        let round = |commit| Round { pages: 10, copied: way(50), committed: way(commit) };
        let options = CommitOptions {
            pages: 10,
            rounds: 3,
            batch: 5,
            connections: 1,
            body_bytes: 1,
            dir: None,
            json: true,
        };
        let report = Report::new(&options, &[round(100), round(9_000), round(100)]);
        let close = |value: f64, to: f64| assert!((value - to).abs() < 1e-9, "{value} {to}");
        close(report.ratio, 0.5);
        close(report.chunk_rows_per_s, 1_000.0);
        close(report.postgres_ms_per_page, 10.0);
        close(report.postgres_us_per_row, 1_000.0);
    }
}

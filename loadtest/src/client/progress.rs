//! Showing a person how a crawl goes on, on standard error.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::crawl::CrawlStatus;

/// The rate is that of this last while.
const WINDOW: Duration = Duration::from_secs(3);

/// How often a line is written where there is no terminal to draw on.
const LINES: Duration = Duration::from_secs(5);

/// A bar on a terminal, a line every 5 s elsewhere.
pub struct Progress {
    bar: Option<ProgressBar>,
    /// When how many URLs had ended.
    ended: VecDeque<(Instant, i64)>,
    line_due: Instant,
}

impl Progress {
    /// Shows nothing until the first status.
    pub fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:20} {pos}/{len} URLs: {wide_msg}");
            ProgressBar::no_length().with_style(style.expect("the template's names are indicatif's"))
        });
        Self { bar, ended: VecDeque::new(), line_due: Instant::now() + LINES }
    }

    /// Shows `status`.
    pub fn show(&mut self, status: &CrawlStatus) {
        let now = Instant::now();
        let rate = self.rate(now, status.counts.discovered - status.counts.waiting);
        if let Some(bar) = &self.bar {
            bar.set_length(status.counts.discovered.cast_unsigned());
            bar.set_position((status.counts.discovered - status.counts.waiting).cast_unsigned());
            bar.set_message(text(status, rate));
        } else if now >= self.line_due {
            self.line_due = now + LINES;
            eprintln!("crawl {}: {}", status.id, text(status, rate));
        }
    }

    /// Writes a line that stays, above the bar if there is one.
    pub fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// URLs ended per second.
    fn rate(&mut self, now: Instant, ended: i64) -> f64 {
        self.ended.push_back((now, ended));
        while self.ended.len() > 2 && now.duration_since(self.ended[0].0) > WINDOW {
            self.ended.pop_front();
        }
        let (since, before) = self.ended[0];
        let seconds = now.duration_since(since).as_secs_f64();
        if seconds > 0.0 { count(ended - before) / seconds } else { 0.0 }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

fn count(urls: i64) -> f64 {
    f64::from(i32::try_from(urls).unwrap_or(i32::MAX))
}

fn text(status: &CrawlStatus, rate: f64) -> String {
    let counts = &status.counts;
    let mut text = format!("{} stored, {} waiting", counts.stored, counts.waiting);
    if counts.failed > 0 {
        let reasons = status.reasons.iter().filter(|reason| reason.state == "failed");
        let reasons: Vec<_> = reasons.map(|reason| format!("{} {}", reason.urls, reason.verdict)).collect();
        write!(text, ", {} failed ({})", counts.failed, reasons.join(", "))
            .expect("a String takes all writes");
    }
    format!("{text}, {rate:.0} pages/s")
}

#[cfg(test)]
mod tests {
    use rad_core::scope::Scope;

    use super::super::crawl::{Counts, ExcludedLinks, ReasonCount};
    use super::*;

    #[test]
    fn the_text_names_reasons_of_failures_only() {
        let reason = |state: &str, verdict: &str, urls| ReasonCount {
            state: state.to_owned(),
            verdict: verdict.to_owned(),
            urls,
        };
        let status = CrawlStatus {
            id: 1,
            url: "http://a.example/".to_owned(),
            state: "running".to_owned(),
            end_reason: None,
            priority: 5,
            scope: Scope::default(),
            max_pages: None,
            trace_id: String::new(),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            ended_at: None,
            running_ms: 10,
            counts: Counts { discovered: 9, stored: 4, waiting: 2, failed: 3, ..Counts::default() },
            chunks: 8,
            fetched_not_stored: 0,
            removed: 0,
            excluded_links: ExcludedLinks::default(),
            reasons: vec![
                reason("failed", "http_4xx", 2),
                reason("waiting", "retry", 1),
                reason("failed", "timeout", 1),
            ],
            pause: None,
        };
        assert_eq!(text(&status, 12.4), "4 stored, 2 waiting, 3 failed (2 http_4xx, 1 timeout), 12 pages/s");
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut progress = Progress { bar: None, ended: VecDeque::new(), line_due: Instant::now() };
        let start = Instant::now();
        assert!(progress.rate(start, 1_000).abs() < f64::EPSILON);
        let rate = progress.rate(start + Duration::from_secs(2), 1_100);
        assert!((rate - 50.0).abs() < 0.01, "{rate}");
        let rate = progress.rate(start + Duration::from_secs(4), 1_100);
        assert!(rate.abs() < f64::EPSILON, "{rate}");
    }
}

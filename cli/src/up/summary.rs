//! What a crawl brought, and where it is.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use rad_loadtest::fleet::{CrawlStatus, Fleet, Sample};
use serde_json::{Value, json};

use crate::paint::Paint;

/// Lines of a sample that are shown.
const SAMPLE_LINES: usize = 6;

/// Characters of such a line.
const SAMPLE_COLUMNS: usize = 110;

/// The end of a run.
pub(super) struct Summary {
    status: CrawlStatus,
    continued: bool,
    /// What this run took.
    took: Duration,
    /// Documents of the tenant, of all crawls.
    documents: usize,
    /// Their chunks.
    chunks: i64,
    samples: Vec<Sample>,
    database_url: String,
    tenant: i64,
}

impl Summary {
    pub(super) async fn read(
        fleet: &Fleet,
        status: CrawlStatus,
        continued: bool,
        took: Duration,
    ) -> anyhow::Result<Self> {
        let documents = fleet.api().documents(None).await.context("counting the documents")?;
        let samples = fleet.api().samples(status.id).await.context("reading some chunks")?;
        Ok(Self {
            status,
            continued,
            took,
            documents: documents.len(),
            chunks: documents.iter().map(|document| i64::from(document.chunk_count)).sum(),
            samples,
            database_url: fleet.database_url(),
            tenant: fleet.tenant().0,
        })
    }

    /// Whether the crawl found any page that is now stored.
    pub(super) fn stored_something(&self) -> bool {
        let counts = &self.status.counts;
        counts.stored + counts.unchanged + counts.duplicate + counts.superseded > 0
    }

    /// For programs. The URL of `given` stores may hold a password and is the caller's own.
    pub(super) fn json(&self, given: bool) -> Value {
        json!({
            "outcome": self.status.state,
            "continued": self.continued,
            "seconds": self.took.as_secs_f64(),
            "crawl": self.status,
            "documents": self.documents,
            "chunks": self.chunks,
            "tenant_id": self.tenant,
            "database_url": (!given).then_some(&self.database_url),
            "samples": self.samples,
        })
    }

    /// For people.
    pub(super) fn text(&self, paint: Paint, given: bool) -> String {
        let mut text = self.counts(paint);
        text.push_str(&self.place(given));
        for (number, sample) in self.samples.iter().enumerate() {
            text.push_str(&shown(number + 1, sample, paint));
        }
        text
    }

    fn counts(&self, paint: Paint) -> String {
        let status = &self.status;
        let end = match status.end_reason.as_deref() {
            Some("page_limit") => "completed at its page limit",
            _ => &status.state,
        };
        let title =
            format!("Crawl {} of {}: {end} after {:.1} s", status.id, status.url, self.took.as_secs_f64());
        let mut text = format!("\n{}\n\n", paint.bold(title));
        for (state, urls) in status.counts.by_state().into_iter().filter(|(_, urls)| *urls > 0) {
            let reasons = status.reasons.iter().filter(|reason| reason.state == state);
            let reasons: Vec<_> =
                reasons.map(|reason| format!("{} {}", reason.urls, reason.verdict)).collect();
            // Padded before it is painted: codes would count as columns.
            let row = format!("  {state:<12}{urls:>9}   {}", reasons.join(", "));
            let row = row.trim_end();
            let row = if state == "failed" { paint.red(row) } else { row.to_owned() };
            line(&mut text, &row);
        }
        line(&mut text, &format!("  {:<12}{:>9}", "URLs in all", status.counts.discovered));
        text
    }

    fn place(&self, given: bool) -> String {
        let database =
            if given { "\"$DATABASE_URL\"".to_owned() } else { format!("'{}'", self.database_url) };
        let mut text =
            format!("\n{} documents with {} chunks are in Postgres:\n", self.documents, self.chunks);
        line(&mut text, &format!("  psql {database} \\"));
        // Row security hides everything from a session that has not said who it is.
        line(&mut text, &format!("    -c \"SET app.tenant_id = '{}'\" \\", self.tenant));
        line(&mut text, "    -c \"SELECT document_id, url, title, chunk_count FROM documents LIMIT 10\"");
        if !given {
            line(&mut text, "These stores run while rad does; `rad up --stay` keeps them up.");
        }
        text
    }
}

fn shown(number: usize, sample: &Sample, paint: Paint) -> String {
    let place = if sample.heading_path.is_empty() {
        sample.title.clone().unwrap_or_default()
    } else {
        sample.heading_path.join(" > ")
    };
    let mut text = format!("\n{}\n", paint.bold(format_args!("Chunk {number}: {}", sample.url)));
    line(&mut text, &paint.dim(format_args!("  {place} ({} tokens)", sample.tokens)));
    let lines = sample.text.lines().filter(|line| !line.trim().is_empty());
    for shown in lines.take(SAMPLE_LINES) {
        let cut: String = shown.chars().filter(|letter| !letter.is_control()).take(SAMPLE_COLUMNS).collect();
        let more = if cut.len() < shown.len() { "…" } else { "" };
        line(&mut text, &format!("  | {cut}{more}"));
    }
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes all writes");
}

#[cfg(test)]
mod tests;

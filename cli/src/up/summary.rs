//! What a crawl brought, and where it is.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use rad_loadtest::client::{CrawlStatus, Sample};
use rad_loadtest::fleet::Fleet;
use serde_json::{Value, json};

use crate::paint::Paint;
use crate::{clean, tally};

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
        self.status.counts.stored_something()
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

    /// For people. Whoever `stays` knows already how to keep the stores up.
    pub(super) fn text(&self, paint: Paint, given: bool, stays: bool) -> String {
        let mut text = self.counts(paint);
        text.push_str(&self.place(given));
        if !given && !stays {
            line(&mut text, "These stores run while rad does; `rad up --stay` keeps them up.");
        }
        for (number, sample) in self.samples.iter().enumerate() {
            text.push_str(&shown(number + 1, sample, paint));
        }
        text
    }

    fn counts(&self, paint: Paint) -> String {
        let status = &self.status;
        let end = tally::end(status);
        let title =
            format!("Crawl {} of {}: {end} after {:.1} s", status.id, status.url, self.took.as_secs_f64());
        let mut text = format!("\n{}\n\n", paint.bold(title));
        text.push_str(&tally::counts(status, paint));
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
        text
    }
}

fn shown(number: usize, sample: &Sample, paint: Paint) -> String {
    let place = if sample.heading_path.is_empty() {
        sample.title.clone().unwrap_or_default()
    } else {
        sample.heading_path.join(" > ")
    };
    let url = clean::line(&sample.url);
    let mut text = format!("\n{}\n", paint.bold(format_args!("Chunk {number}: {url}")));
    let place = clean::line(&place);
    line(&mut text, &paint.dim(format_args!("  {place} ({} tokens)", sample.tokens)));
    let lines = sample.text.lines().filter(|line| !line.trim().is_empty());
    for shown in lines.take(SAMPLE_LINES) {
        let shown = clean::line(shown);
        let cut: String = shown.chars().take(SAMPLE_COLUMNS).collect();
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

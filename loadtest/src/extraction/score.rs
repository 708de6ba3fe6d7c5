//! Every page of a corpus, read and compared with its reference text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rad_core::chunk::{ChunkLimits, chunk};
use rad_core::url::CanonicalUrl;
use rad_worker::extract;

use super::corpus::{Corpus, Sample};
use super::reference::Reference;
use super::words::{Agreement, Words};
use super::{ExtractError, progress, speed};

/// How an extractor did on one page.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) agreement: Agreement,
    /// Share of the snippets that must, and that must not appear, that do.
    pub(super) with: f64,
    pub(super) without: f64,
    pub(super) cpu: Duration,
    pub(super) failed: bool,
    /// Nothing was found on a page with a reference text.
    pub(super) empty: bool,
}

/// A page with the outcomes of all extractors, ours first.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) bytes: usize,
    pub(super) outcomes: Vec<Outcome>,
}

/// Reads and judges all pages.
pub(super) fn judge(corpus: &Corpus, references: &[Reference]) -> Result<Vec<Judged>, ExtractError> {
    let bar = progress::bar(corpus.names().len(), "pages");
    let mut judged = Vec::with_capacity(corpus.names().len());
    for name in corpus.names() {
        let sample = corpus.sample(name)?;
        judged.push(compare(&sample, references));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(judged)
}

fn compare(sample: &Sample, references: &[Reference]) -> Judged {
    let truth = Words::of(&sample.truth);
    let before = speed::processor_time();
    let text = read(&sample.html, &sample.url);
    let cpu = speed::processor_time().saturating_sub(before);
    let mut outcomes = vec![outcome(sample, &truth, text.as_deref(), cpu)];
    for reference in references {
        let found = reference.pages.get(&sample.name).cloned().unwrap_or_default();
        let cpu = Duration::try_from_secs_f64(found.cpu_ms / 1e3).unwrap_or_default();
        outcomes.push(outcome(sample, &truth, found.text.as_deref(), cpu));
    }
    Judged { name: sample.name.clone(), kind: sample.kind.clone(), bytes: sample.html.len(), outcomes }
}

/// All that is done with a page, as in a worker: its text as it is found; none where that panics.
pub(super) fn read(html: &[u8], url: &CanonicalUrl) -> Option<String> {
    let read = || {
        let page = extract::page(html, None, url);
        std::hint::black_box(chunk(&page.markdown, &ChunkLimits::default()));
        page.text
    };
    catch_unwind(AssertUnwindSafe(read)).ok()
}

fn outcome(sample: &Sample, truth: &Words, text: Option<&str>, cpu: Duration) -> Outcome {
    let failed = text.is_none();
    let text = text.unwrap_or_default();
    let found = Words::of(text);
    let lower = text.to_lowercase();
    let rate = |snippets: &[String]| {
        let hits = snippets.iter().filter(|snippet| lower.contains(snippet.as_str())).count();
        if snippets.is_empty() { 1.0 } else { share(hits, snippets.len()) }
    };
    Outcome {
        agreement: found.agree_with(truth),
        with: rate(&sample.with),
        without: rate(&sample.without),
        cpu,
        failed,
        empty: found.is_empty() && !truth.is_empty(),
    }
}

/// A part of a small number of things.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

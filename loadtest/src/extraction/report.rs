//! The figures of a benchmark of extraction.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::PathBuf;

use serde::Serialize;

use super::chunking::Chunking;
use super::reference::Reference;
use super::score::{Judged, Outcome, share};
use super::speed::Speed;

/// What was measured; printed as it is with `--json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Ours.
    #[serde(flatten)]
    pub ours: Option<Figures>,
    /// Others, by their names.
    pub references: BTreeMap<String, Figures>,
    /// Pages of each type.
    pub pages_by_type: BTreeMap<String, usize>,
    /// On a folder of files.
    pub speed: Option<Speed>,
    /// On texts with questions.
    pub chunking: Option<Chunking>,
    /// Folder of the report with pages side by side.
    pub written: Option<PathBuf>,
}

/// What an extractor reached on a corpus.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Pages.
    pub pages: usize,
    /// Mean F1 of words.
    pub f1: f64,
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Mean F1 by type of page.
    pub f1_by_type: BTreeMap<String, f64>,
    /// Mean F1 of each half of the pages, told apart by a hash of their names.
    pub f1_by_half: [f64; 2],
    /// Mean share of snippets that must appear and do.
    pub with: f64,
    /// Mean share of snippets that must not appear and do.
    pub without: f64,
    /// Processor time of a page, in milliseconds.
    pub ms_per_page: f64,
    /// Megabytes (10^6 bytes) of HTML per second of one core.
    pub mb_per_s: f64,
    /// Pages that could not be read.
    pub failures: usize,
    /// Pages with a reference text on which nothing was found.
    pub empty: usize,
}

impl Report {
    pub(super) fn score(&mut self, judged: &[Judged], references: &[Reference]) {
        for page in judged {
            *self.pages_by_type.entry(page.kind.clone()).or_default() += 1;
        }
        self.ours = Some(Figures::of(judged, 0));
        for (at, reference) in references.iter().enumerate() {
            self.references.insert(reference.name.clone(), Figures::of(judged, at + 1));
        }
    }

    /// Whether every page was read.
    pub fn is_right(&self) -> bool {
        let failed = self.ours.as_ref().is_some_and(|ours| ours.failures > 0);
        !failed && self.speed.as_ref().is_none_or(|speed| speed.failures == 0)
    }
}

impl Figures {
    fn of(judged: &[Judged], extractor: usize) -> Self {
        let mean = |value: &dyn Fn(&Outcome) -> f64, of: &dyn Fn(&Judged) -> bool| {
            let values: Vec<_> =
                judged.iter().filter(|page| of(page)).map(|page| value(&page.outcomes[extractor])).collect();
            if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / share(values.len(), 1) }
        };
        let all = |value: &dyn Fn(&Outcome) -> f64| mean(value, &|_| true);
        let f1 = |outcome: &Outcome| outcome.agreement.f1;
        let mut kinds: Vec<_> = judged.iter().map(|page| page.kind.clone()).collect();
        kinds.dedup();
        let by_kind = |kind: String| {
            let figure = mean(&f1, &|page| page.kind == kind);
            (kind, figure)
        };
        let count = |of: &dyn Fn(&Outcome) -> bool| {
            judged.iter().filter(|page| of(&page.outcomes[extractor])).count()
        };
        let ms_per_page = all(&|outcome| outcome.cpu.as_secs_f64() * 1e3);
        let bytes: usize = judged.iter().map(|page| page.bytes).sum();
        Self {
            pages: judged.len(),
            f1: all(&f1),
            precision: all(&|outcome| outcome.agreement.precision),
            recall: all(&|outcome| outcome.agreement.recall),
            f1_by_type: kinds.into_iter().map(by_kind).collect(),
            f1_by_half: [0, 1].map(|half| mean(&f1, &|page| half_of(&page.name) == half)),
            with: all(&|outcome| outcome.with),
            without: all(&|outcome| outcome.without),
            ms_per_page,
            mb_per_s: if ms_per_page > 0.0 { share(bytes, judged.len()) / ms_per_page / 1e3 } else { 0.0 },
            failures: count(&|outcome| outcome.failed),
            empty: count(&|outcome| outcome.empty),
        }
    }
}

/// Halves that have nothing to do with the order of the pages.
fn half_of(name: &str) -> u8 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u8::from((hash ^ (hash >> 29)) & 1 == 1)
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ours) = &self.ours {
            self.table(f, ours)?;
        }
        if let Some(speed) = &self.speed {
            writeln!(
                f,
                "{} files of {:.1} KB: {:.3} ms a page, {:.1} MB/s of a core, {} failures",
                speed.files,
                speed.bytes_per_page / 1e3,
                speed.ms_per_page,
                speed.mb_per_s,
                speed.failures
            )?;
        }
        if let Some(chunking) = &self.chunking {
            write!(f, "{chunking}")?;
        }
        if let Some(folder) = &self.written {
            writeln!(f, "pages side by side: {}", folder.join("index.html").display())?;
        }
        Ok(())
    }
}

impl Report {
    fn table(&self, f: &mut fmt::Formatter<'_>, ours: &Figures) -> fmt::Result {
        let names = std::iter::once("rad").chain(self.references.keys().map(String::as_str));
        let columns: Vec<_> = std::iter::once(ours).chain(self.references.values()).collect();
        let row = |f: &mut fmt::Formatter<'_>, name: &str, of: &dyn Fn(&Figures) -> String| {
            write!(f, "{name:<22}")?;
            columns.iter().try_for_each(|column| write!(f, "{:>22}", of(column)))?;
            writeln!(f)
        };
        write!(f, "{:<22}", format!("{} pages", ours.pages))?;
        for name in names {
            write!(f, "{name:>22}")?;
        }
        writeln!(f)?;
        row(f, "F1", &|figures| format!("{:.4}", figures.f1))?;
        row(f, "precision, recall", &|figures| format!("{:.3}, {:.3}", figures.precision, figures.recall))?;
        for (kind, pages) in &self.pages_by_type {
            let of = |figures: &Figures| format!("{:.4}", figures.f1_by_type.get(kind).unwrap_or(&0.0));
            row(f, &format!("  {kind} ({pages})"), &of)?;
        }
        let halves =
            |figures: &Figures| format!("{:.4}, {:.4}", figures.f1_by_half[0], figures.f1_by_half[1]);
        row(f, "halves", &halves)?;
        row(f, "snippets with, without", &|figures| format!("{:.3}, {:.3}", figures.with, figures.without))?;
        row(f, "ms a page", &|figures| format!("{:.2}", figures.ms_per_page))?;
        row(f, "MB/s of a core", &|figures| format!("{:.1}", figures.mb_per_s))?;
        row(f, "failures, empty", &|figures| format!("{}, {}", figures.failures, figures.empty))
    }
}

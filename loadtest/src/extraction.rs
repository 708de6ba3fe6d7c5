//! Extraction, measured: how well the content of real pages is found, and how long that takes.
//!
//! A corpus has pages with a reference text each; the score is the F1 of words. Other extractors are compared by
//! files that hold what they found, so that none of them is a dependency here. Time is that
//! of the processor, for a page from its bytes to its chunks.

mod chunking;
mod corpus;
mod options;
mod page;
mod progress;
mod reference;
mod report;
mod score;
mod speed;
mod words;

use std::path::PathBuf;

pub use options::ExtractOptions;
pub use report::Report;

/// A benchmark that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// A file or folder of the corpus can't be read.
    #[error("read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not {expected}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// The report can't be written.
    #[error("write {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl ExtractError {
    fn read(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Read { path, source }
    }

    fn write(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }
}

/// Carries out the benchmark. It takes seconds and holds the whole time one core.
pub fn run(options: &ExtractOptions) -> Result<Report, ExtractError> {
    let mut report = Report::default();
    if let Some(folder) = &options.corpus {
        let corpus = corpus::Corpus::open(folder)?;
        let references = options.reference.iter().map(|file| reference::Reference::read(file));
        let references: Vec<_> = references.collect::<Result<_, _>>()?;
        let judged = score::judge(&corpus, &references)?;
        if let Some(folder) = options.report_folder() {
            page::write(&folder, &corpus, &judged, options.report_pages)?;
            report.written = Some(folder);
        }
        report.score(&judged, &references);
    }
    if let Some(folder) = &options.files {
        report.speed = Some(speed::measure(folder)?);
    }
    if let Some(folder) = &options.chunking {
        report.chunking = Some(chunking::measure(folder)?);
    }
    Ok(report)
}

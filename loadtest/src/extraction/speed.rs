//! How fast pages are read, by the time of the processor: the machine may do other things meanwhile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::Serialize;

use super::score::share;
use super::{ExtractError, corpus, progress, score};

/// The files are read this often, and the fastest round counts.
const ROUNDS: usize = 5;

/// How fast a folder of HTML files was read.
#[derive(Clone, Debug, Serialize)]
pub struct Speed {
    /// HTML files.
    pub files: usize,
    /// Mean size in bytes.
    pub bytes_per_page: f64,
    /// Processor time of a page from its bytes to its chunks, in milliseconds.
    pub ms_per_page: f64,
    /// Megabytes (10^6 bytes) of HTML per second of one core.
    pub mb_per_s: f64,
    /// Pages that made the parser panic.
    pub failures: usize,
}

/// Measures on the HTML files of a folder and its subfolders.
pub(super) fn measure(folder: &Path) -> Result<Speed, ExtractError> {
    let paths = html_files(folder)?;
    let read = |path: &PathBuf| std::fs::read(path).map_err(ExtractError::read(path));
    let pages = paths.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let bar = progress::bar(ROUNDS, "rounds");
    let url = corpus::example();
    let (mut best, mut failures) = (Duration::MAX, 0);
    for _ in 0..ROUNDS {
        let before = processor_time();
        failures = pages.iter().filter(|page| score::read(page, &url).is_none()).count();
        best = best.min(processor_time().saturating_sub(before));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let bytes: usize = pages.iter().map(Vec::len).sum();
    let per_page = best.as_secs_f64() / share(pages.len(), 1);
    let bytes_per_page = share(bytes, pages.len());
    Ok(Speed {
        files: pages.len(),
        bytes_per_page,
        ms_per_page: per_page * 1e3,
        mb_per_s: bytes_per_page / per_page / 1e6,
        failures,
    })
}

fn html_files(folder: &Path) -> Result<Vec<PathBuf>, ExtractError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(ExtractError::read(&folder))? {
            let path = entry.map_err(ExtractError::read(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "html" || end == "htm") {
                files.push(path);
            }
        }
    }
    files.sort_unstable();
    if files.is_empty() {
        let expected = "a folder with HTML files";
        return Err(ExtractError::Malformed { path: folder.to_owned(), expected });
    }
    Ok(files)
}

/// What this thread has used of the processor.
pub(super) fn processor_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("a thread may ask about itself");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

//! Files stay small enough to be read in one go.

use std::path::{Path, PathBuf};
use std::{fs, io};

const LONGEST: usize = 500;
const MEDIAN: usize = 150;

/// Rust files of the workspace with their lines, shortest first.
fn files() -> io::Result<Vec<(usize, PathBuf)>> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                let ours = name != "target" && !name.as_encoded_bytes().starts_with(b".");
                folders.extend(ours.then(|| entry.path()));
            } else if name.as_encoded_bytes().ends_with(b".rs") {
                files.push((fs::read_to_string(entry.path())?.lines().count(), entry.path()));
            }
        }
    }
    files.sort();
    Ok(files)
}

#[test]
fn no_file_is_too_long_and_most_are_short() {
    let files = files().unwrap();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let long: Vec<_> = files.iter().filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(long.is_empty(), "above {LONGEST} lines: {long:?}");
    let (median, _) = files[files.len() / 2];
    assert!(median <= MEDIAN, "half of the files have more than {median} lines");
}

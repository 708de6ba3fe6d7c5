//! The fleet's folder: created, and locked against a second fleet.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::error::StartError;

/// Creates the folder and takes its lock, which the kernel drops with our process.
pub(super) fn lock(dir: &Path) -> Result<Flock<File>, StartError> {
    fs::create_dir_all(dir).map_err(|source| StartError::Folder { path: dir.to_owned(), source })?;
    let path = dir.join("fleet.lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|source| StartError::Folder { path: path.clone(), source })?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err((_, Errno::EWOULDBLOCK)) => Err(StartError::Busy { path: dir.to_owned() }),
        Err((_, errno)) => Err(StartError::Folder { path, source: errno.into() }),
    }
}

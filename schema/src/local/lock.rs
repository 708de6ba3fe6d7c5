//! File locks that keep processes apart which use one folder.
//!
//! The kernel drops them with their process, so no crash can leave one behind.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tokio::time::{Instant, sleep};

use super::LocalError;

/// Held while servers are started or stopped.
pub(super) const START: &str = "lock";

/// Held for as long as its process is responsible for the servers.
pub(super) const OWNER: &str = "owner";

/// Longer than a start that has to create a database on a slow disk and then waits for both servers.
const PATIENCE: Duration = Duration::from_secs(90);

const POLL: Duration = Duration::from_millis(50);

/// Waits for the lock.
pub(super) async fn acquire(path: &Path) -> Result<Flock<File>, LocalError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(lock) = try_acquire(path)? {
            return Ok(lock);
        }
        if Instant::now() >= deadline {
            return Err(LocalError::Locked { path: path.to_owned() });
        }
        sleep(POLL).await;
    }
}

/// Takes the lock if nobody else holds it.
pub(super) fn try_acquire(path: &Path) -> Result<Option<Flock<File>>, LocalError> {
    let file =
        OpenOptions::new().create(true).append(true).open(path).map_err(LocalError::folder("open", path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(LocalError::folder("lock", path)(errno)),
    }
}

//! Records of the fleet's children, so that those of a killed supervisor are found and ended.
//!
//! A process id alone may name a stranger by then; together with the start time in `/proc` it names one life of
//! one process. Where there is no `/proc`, nothing is recorded and nothing ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

/// How long orphans may finish what they have in hand.
const PATIENCE: Duration = Duration::from_secs(5);

const POLL: Duration = Duration::from_millis(20);

/// The record of one living child; dropping removes it.
pub(super) struct Record {
    path: PathBuf,
}

impl Record {
    pub(super) fn write(dir: &Path, name: &str, pid: Pid) -> io::Result<Self> {
        let folder = folder(dir);
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.{pid}"));
        if let Some(started) = start_time(pid) {
            fs::write(&path, started)?;
        }
        Ok(Self { path })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // One that stays names no living process, which the next start sees.
        let _ = fs::remove_file(&self.path);
    }
}

/// Ends the children that an earlier supervisor left behind. Returns how many.
///
/// Only for the holder of the folder's lock: without it they may be the children of a living fleet.
pub(super) async fn end(dir: &Path) -> io::Result<usize> {
    let orphans = recorded(&folder(dir))?;
    for &(pid, _) in &orphans {
        let _ = kill(pid, Signal::SIGTERM);
    }
    let deadline = Instant::now() + PATIENCE;
    for (pid, started) in &orphans {
        while start_time(*pid).as_ref() == Some(started) {
            if Instant::now() >= deadline {
                let _ = kill(*pid, Signal::SIGKILL);
            }
            sleep(POLL).await;
        }
    }
    Ok(orphans.len())
}

/// Recorded children that still live; the records of all are removed.
fn recorded(folder: &Path) -> io::Result<Vec<(Pid, String)>> {
    let mut living = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(living),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let pid = path.extension().and_then(|pid| pid.to_str()?.parse().ok()).map(Pid::from_raw);
        let started = fs::read_to_string(&path)?;
        if let Some(pid) = pid.filter(|pid| start_time(*pid).as_deref() == Some(&started)) {
            living.push((pid, started));
        }
        fs::remove_file(&path)?;
    }
    Ok(living)
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("children")
}

/// Boot and start time of a process; none for one that has ended, a zombie included.
fn start_time(pid: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in parentheses and may itself contain some: what follows the last is regular.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    // proc(5): field 22, and the state is field 3.
    let ticks = fields.nth(18)?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    (!matches!(state, "Z" | "X")).then(|| format!("{} {ticks}", boot.trim()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_recorded_child_is_ended_and_a_stranger_with_its_id_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut orphan = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(orphan.id()).unwrap());
        std::mem::forget(Record::write(dir.path(), "orphan", pid).unwrap());
        let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
        let path = folder(dir.path()).join(format!("stranger.{}", stranger.id()));
        fs::write(&path, "another-boot 1").unwrap();

        assert_eq!(end(dir.path()).await.unwrap(), 1);

        assert!(!orphan.wait().unwrap().success());
        assert!(stranger.try_wait().unwrap().is_none(), "the stranger must live on");
        assert_eq!(end(dir.path()).await.unwrap(), 0, "the records are gone");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }
}

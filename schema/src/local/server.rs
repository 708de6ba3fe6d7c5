//! One server process: a child of ours, or one found running.

use std::fs::{self, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::LocalError;
use super::account::Account;

const POLL: Duration = Duration::from_millis(20);

/// After SIGKILL only the kernel has work left.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// How long a drop may block its thread for a child that was told to quit.
const DROP_WAIT: Duration = Duration::from_secs(1);

/// A server process and how it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    process: Process,
    drop_signal: Signal,
}

#[derive(Debug)]
enum Process {
    Child(Child),
    Found(Pid),
}

/// A command for one of the stores' programs: run as their account, with nothing of our environment (which
/// may hold secrets, or settings such as `PGPORT` that would change the program).
pub(super) fn command(program: &Path, account: Option<Account>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(["PATH", "LD_LIBRARY_PATH"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("LC_ALL", "C")
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(account) = account {
        account.run(&mut command);
    }
    command
}

impl Server {
    /// Starts a child that writes to `log` and gets `drop_signal` if it is dropped.
    pub(super) fn spawn(
        name: &'static str,
        mut command: Command,
        log: &Path,
        drop_signal: Signal,
    ) -> Result<Self, LocalError> {
        let open = || OpenOptions::new().create(true).append(true).open(log);
        let out = open().map_err(LocalError::folder("open", log))?;
        let err = open().map_err(LocalError::folder("open", log))?;
        command.stdout(out).stderr(err).process_group(0);
        let child = command.spawn().map_err(|source| LocalError::Spawn {
            program: PathBuf::from(command.as_std().get_program()),
            source,
        })?;
        Ok(Self { name, process: Process::Child(child), drop_signal })
    }

    /// A server that was already running.
    pub(super) fn found(name: &'static str, pid: i32) -> Self {
        Self { name, process: Process::Found(Pid::from_raw(pid)), drop_signal: Signal::SIGTERM }
    }

    pub(super) fn is_child(&self) -> bool {
        matches!(self.process, Process::Child(_))
    }

    pub(super) fn is_alive(&mut self) -> bool {
        match &mut self.process {
            Process::Child(child) => matches!(child.try_wait(), Ok(None)),
            Process::Found(pid) => exists(*pid),
        }
    }

    /// How the process ended, if it has; a found process doesn't tell us.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        match &mut self.process {
            Process::Child(child) => child.try_wait().ok().flatten(),
            Process::Found(pid) => (!exists(*pid)).then(|| ExitStatus::from_raw(0)),
        }
    }

    /// Sends `signal` and waits for the end; after `deadline` SIGKILL follows.
    pub(super) async fn end(mut self, signal: Signal, deadline: Duration) -> Result<(), LocalError> {
        self.send(signal)?;
        if self.gone_within(deadline).await {
            return Ok(());
        }
        tracing::warn!(server = self.name, "server did not end in time, killing it");
        self.send(Signal::SIGKILL)?;
        if self.gone_within(AFTER_KILL).await {
            return Ok(());
        }
        Err(self.end_error(Errno::ETIMEDOUT))
    }

    async fn gone_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(POLL).await;
        }
        true
    }

    fn send(&self, signal: Signal) -> Result<(), LocalError> {
        let Some(pid) = self.pid() else { return Ok(()) };
        match kill(pid, signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(self.end_error(errno)),
        }
    }

    /// `None` once a child was waited for: its number may be another process' by then.
    fn pid(&self) -> Option<Pid> {
        match &self.process {
            Process::Child(child) => child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw),
            Process::Found(pid) => Some(*pid),
        }
    }

    fn end_error(&self, source: Errno) -> LocalError {
        LocalError::End { name: self.name, pid: self.pid().map_or(0, Pid::as_raw), source }
    }
}

impl Drop for Server {
    /// A killed Postgres would leave its sessions to notice on their own, and a start right after would find
    /// their shared memory in use; so the child is told first, and `kill_on_drop` is the last resort.
    fn drop(&mut self) {
        if !self.is_child() || !self.is_alive() || self.send(self.drop_signal).is_err() {
            return;
        }
        let deadline = std::time::Instant::now() + DROP_WAIT;
        while self.is_alive() && std::time::Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
    }
}

/// Whether the process runs. A zombie does not, even if nobody ever waits for it (an orphan in a container
/// whose first process reaps no children).
fn exists(pid: Pid) -> bool {
    if kill(pid, None) == Err(Errno::ESRCH) {
        return false;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state != Some('Z')
}

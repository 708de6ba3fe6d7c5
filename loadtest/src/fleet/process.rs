//! One child process with a log file of its own.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::orphans::Record;
use super::programs;

/// Lines of a log that an error shows.
const TAIL_LINES: usize = 12;

/// Only for tests that ask for it: a child never inherits a wish to crash or to hang.
const FAULTS: [&str; 2] = ["RAD_CRASH_AT", "RAD_HANG_AT"];

/// A process did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// A binary of the workspace was not built.
    #[error("`{name}` is not in {}; build it with: cargo build --workspace --bins", folder.display())]
    Missing {
        /// The binary.
        name: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// It could not be started.
    #[error("could not start {name}")]
    Spawn {
        /// The process.
        name: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended while starting; the end of {}:\n{tail}", log.display())]
    Ended {
        /// The process.
        name: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// It did not say where it listens.
    #[error("{name} did not get ready within {seconds} s; see {}", log.display())]
    Silent {
        /// The process.
        name: String,
        /// How long we waited.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },
}

/// What to start.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    pub(super) program: &'static str,
    pub(super) args: &'a [String],
    pub(super) env: &'a [(String, String)],
}

/// A running or ended child. Dropping kills it.
pub struct Process {
    name: String,
    child: Child,
    pid: Pid,
    log: PathBuf,
    /// Bytes that earlier processes of the name had written to the log.
    log_before: usize,
    /// Removed when the child's end was seen.
    record: Option<Record>,
}

impl Process {
    /// Starts a binary of the workspace that prints one line on standard output when it listens, and returns
    /// that line. Log and record go to the fleet's folder `dir`.
    pub async fn listening(
        dir: &Path,
        name: &str,
        program: &'static str,
        args: &[String],
        env: &[(String, String)],
        within: Duration,
    ) -> Result<(Self, String), ProcessError> {
        let (process, [line]) = Self::announcing(dir, name, program, args, env, within).await?;
        Ok((process, line))
    }

    /// Like [`Process::listening`], for one that prints `N` lines.
    pub(super) async fn announcing<const N: usize>(
        dir: &Path,
        name: &str,
        program: &'static str,
        args: &[String],
        env: &[(String, String)],
        within: Duration,
    ) -> Result<(Self, [String; N]), ProcessError> {
        let mut process = Self::spawn(dir, &Plan { name, program, args, env }, true)?;
        let stdout = process.child.stdout.take().expect("standard output is a pipe");
        let Ok(lines) = timeout(within, first_lines(stdout)).await else {
            let seconds = within.as_secs();
            return Err(ProcessError::Silent { name: name.to_owned(), seconds, log: process.log });
        };
        let lines = lines.ok_or_else(|| process.ended())?;
        Ok((process, lines))
    }

    pub(super) fn spawn(dir: &Path, plan: &Plan<'_>, announces: bool) -> Result<Self, ProcessError> {
        let program = programs::find(plan.program)?;
        let failed = |source| ProcessError::Spawn { name: plan.name.to_owned(), source };
        let log = dir.join("logs").join(format!("{}.log", plan.name));
        let file = open_log(&log).map_err(failed)?;
        let log_before = file.metadata().map_err(failed)?.len();
        let log_before = usize::try_from(log_before).unwrap_or(usize::MAX);
        let stdout = if announces { Stdio::piped() } else { file.try_clone().map_err(failed)?.into() };
        let mut command = Command::new(program);
        for fault in FAULTS {
            command.env_remove(fault);
        }
        let child = command
            .args(plan.args)
            .envs(plan.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(file)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pid = child.id().expect("a child that was not waited for has an id");
        let pid = Pid::from_raw(i32::try_from(pid).expect("the kernel's ids are positive 32-bit numbers"));
        let record = Some(Record::write(dir, plan.name, pid).map_err(failed)?);
        Ok(Self { name: plan.name.to_owned(), child, pid, log, log_before, record })
    }

    /// Its name in the fleet.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it runs still.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) || self.forget()
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Ends it at once (SIGKILL) and waits until it is gone.
    pub async fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        // Fails only if somebody else has waited for our child: then it is gone as well.
        let _ = self.child.wait().await;
        self.forget();
    }

    /// Waits for its end; none when it still runs after `within`.
    pub async fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let status = timeout(within, self.child.wait()).await.ok()?.ok();
        self.forget();
        status
    }

    /// The error for a process that ended too early.
    pub(super) fn ended(&self) -> ProcessError {
        ProcessError::Ended { name: self.name.clone(), log: self.log.clone(), tail: self.tail() }
    }

    fn tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(text.get(self.log_before..).unwrap_or_default());
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn signal(&self, signal: Signal) {
        // An id that was waited for may already name a stranger.
        if self.child.id().is_some() {
            // Fails only if the process is gone, which is what was wanted.
            let _ = kill(self.pid, signal);
        }
    }

    /// Always false, for the end of [`Self::is_alive`].
    fn forget(&mut self) -> bool {
        self.record.take();
        false
    }
}

/// None when the process ends before it has written so many.
async fn first_lines<const N: usize>(stdout: ChildStdout) -> Option<[String; N]> {
    let mut reader = BufReader::new(stdout).lines();
    let mut lines = Vec::with_capacity(N);
    while lines.len() < N {
        lines.push(reader.next_line().await.ok()??);
    }
    lines.try_into().ok()
}

fn open_log(path: &Path) -> io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    OpenOptions::new().create(true).append(true).open(path)
}

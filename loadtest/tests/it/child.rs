//! A process beside the fleet, for signals that the fleet does not send.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rad_loadtest::fleet::Fleet;
use tokio::process::{Child as Running, Command};

/// A running process. Dropping kills it.
pub(crate) struct Child {
    running: Running,
    log: PathBuf,
}

impl Child {
    /// A worker of the fleet's stores that gives its pages a second to end; `env` stands over that.
    pub(crate) fn worker(fleet: &Fleet, name: &str, env: &[(&str, &str)]) -> Result<Self> {
        let mut command = command(fleet, "rad-worker", name)?;
        command
            .env("RAD_WORKER_ID", name)
            .env("RAD_ALLOW_CIDRS", "127.0.0.1/32")
            .env("RAD_DRAIN_SECONDS", "1");
        Self::spawn(command, fleet, name, env)
    }

    /// A scheduler on the fleet's stores that gives requests a second to end; `env` stands over that.
    pub(crate) fn scheduler(fleet: &Fleet, name: &str, env: &[(&str, &str)]) -> Result<Self> {
        let mut command = command(fleet, "rad-scheduler", name)?;
        command.env("RAD_LISTEN", "127.0.0.1:0").env("RAD_DRAIN_SECONDS", "1");
        Self::spawn(command, fleet, name, env)
    }

    fn spawn(mut command: Command, fleet: &Fleet, name: &str, env: &[(&str, &str)]) -> Result<Self> {
        let running = command.envs(env.iter().copied()).spawn()?;
        Ok(Self { running, log: log(fleet, name) })
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.running.id().context("it has ended already")?;
        Ok(kill(Pid::from_raw(i32::try_from(pid)?), signal)?)
    }

    /// Waits for its end.
    pub(crate) async fn ends(&mut self, within: Duration) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(within, self.running.wait()).await;
        Ok(ended
            .with_context(|| format!("it runs still after {within:?}; see its log:\n{}", self.log()))??)
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until its log has `text`.
    pub(crate) async fn says(&self, text: &str, within: Duration) -> Result<()> {
        until(text, within, async || Ok(self.log().contains(text))).await
    }
}

fn log(fleet: &Fleet, name: &str) -> PathBuf {
    fleet.dir().join("logs").join(format!("{name}.beside.log"))
}

fn command(fleet: &Fleet, program: &str, name: &str) -> Result<Command> {
    let own = std::env::current_exe()?;
    // Cargo puts test binaries one folder below the others.
    let folder = own.parent().and_then(|deps| deps.parent()).context("binaries lie in a folder")?;
    let log = std::fs::File::create(log(fleet, name))?;
    let mut command = Command::new(folder.join(program));
    command
        .env("DATABASE_URL", fleet.database_url())
        .env("REDIS_URL", fleet.redis_url())
        .env("RAD_LEASE_TTL_SECONDS", "2")
        .env("RAD_METRICS_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    Ok(command)
}

/// Asks until `holds`; fails with `what` after `within`.
pub(crate) async fn until(what: &str, within: Duration, holds: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + within;
    while !holds().await? {
        anyhow::ensure!(Instant::now() < deadline, "{what}: not within {within:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

//! Worker processes of a fleet.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Fleet;
use super::error::StartError;
use super::metrics;
use super::process::{Plan, Process, ProcessError};

/// Longest time until a worker has registered.
const REGISTERS: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(20);

impl Fleet {
    /// Starts a worker and returns its index. `extra_env` stands over the fleet's own settings.
    pub fn start_worker(
        &mut self,
        name: &str,
        extra_env: &[(String, String)],
    ) -> Result<usize, ProcessError> {
        let mut env = self.worker_env(name);
        env.extend_from_slice(extra_env);
        let plan = Plan { name, program: "rad-worker", args: &[], env: &env };
        self.workers.push(Process::spawn(&self.options.dir, &plan, false)?);
        Ok(self.workers.len() - 1)
    }

    /// Number of workers started so far, ended ones included.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// The name of worker `i`.
    pub fn worker_name(&self, i: usize) -> &str {
        self.workers[i].name()
    }

    /// The log of worker `i`.
    pub fn worker_log(&self, i: usize) -> &Path {
        self.workers[i].log()
    }

    /// Kills worker `i` (SIGKILL) and waits until it is gone.
    pub async fn kill_worker(&mut self, i: usize) {
        self.workers[i].kill().await;
    }

    /// Asks worker `i` to drain and end (SIGTERM).
    pub fn terminate_worker(&mut self, i: usize) {
        self.workers[i].terminate();
    }

    /// Waits for the end of worker `i`; none when it still runs after `within`.
    pub async fn wait_worker(&mut self, i: usize, within: Duration) -> Option<ExitStatus> {
        self.workers[i].wait(within).await
    }

    /// Whether worker `i` runs.
    pub fn worker_alive(&mut self, i: usize) -> bool {
        self.workers[i].is_alive()
    }

    pub(super) async fn first_workers(&mut self) -> Result<(), StartError> {
        let known = self.api.workers().await?;
        self.before = known.iter().map(|life| life.incarnation).max().unwrap_or(0);
        for number in 1..=self.options.workers {
            self.start_worker(&format!("crawler-{number}"), &[])?;
        }
        self.wait_registered().await
    }

    /// Without this, a benchmark would measure the start of processes, and a worker that refuses its settings
    /// would look like a slow crawl.
    async fn wait_registered(&mut self) -> Result<(), StartError> {
        let deadline = Instant::now() + REGISTERS;
        loop {
            if let Some(ended) = self.workers.iter_mut().position(|worker| !worker.is_alive()) {
                return Err(self.workers[ended].ended().into());
            }
            let known = self.api.workers().await?;
            let registered = |worker: &&Process| {
                known.iter().any(|life| life.incarnation > self.before && life.worker_id == worker.name())
            };
            let Some(missing) = self.workers.iter().find(|worker| !registered(worker)) else {
                return Ok(());
            };
            if Instant::now() >= deadline {
                return Err(StartError::Process(ProcessError::Silent {
                    name: missing.name().to_owned(),
                    seconds: REGISTERS.as_secs(),
                    log: missing.log().to_owned(),
                }));
            }
            sleep(POLL).await;
        }
    }

    fn worker_env(&self, name: &str) -> Vec<(String, String)> {
        let options = &self.options;
        let mut env = vec![
            ("RAD_WORKER_ID".to_owned(), name.to_owned()),
            ("DATABASE_URL".to_owned(), self.stores.database_url()),
            ("REDIS_URL".to_owned(), self.stores.redis_url()),
            ("RAD_ALLOW_CIDRS".to_owned(), options.cidrs.clone()),
            ("RAD_LEASE_TTL_SECONDS".to_owned(), options.lease_ttl.as_secs().to_string()),
            ("RAD_DRAIN_SECONDS".to_owned(), options.drain.as_secs().to_string()),
            metrics::listen(),
        ];
        env.extend_from_slice(&options.worker_env);
        env
    }
}

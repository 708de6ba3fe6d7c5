//! Watching over a crawl and the processes that carry it.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rad_loadtest::client::{CrawlStatus, Progress};
use rad_loadtest::fleet::Fleet;
use tokio::time::{Instant, sleep};

use crate::failure::Failure;

const POLL: Duration = Duration::from_millis(200);

/// Processes that die are started again; so many deaths are no accident.
const MOST_RESTARTS: usize = 10;

/// An API that is silent for longer will not come back by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// Shows progress and starts again what dies.
pub(super) struct Watch {
    progress: Progress,
    /// Dead workers that have a successor.
    replaced: HashSet<usize>,
    restarts: usize,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { progress: Progress::new(), replaced: HashSet::new(), restarts: 0 }
    }

    /// Follows a crawl to its end.
    pub(super) async fn follow(&mut self, fleet: &mut Fleet, id: i64) -> Result<CrawlStatus, Failure> {
        let mut heard = Instant::now();
        loop {
            match fleet.api().crawl(id).await {
                Ok(status) => {
                    heard = Instant::now();
                    self.progress.show(&status);
                    if status.has_ended() {
                        return Ok(status);
                    }
                }
                Err(error) if error.is_transient() && heard.elapsed() < PATIENCE => {}
                Err(error) => return Err(error.into()),
            }
            self.revive(fleet).await?;
            sleep(POLL).await;
        }
    }

    /// Keeps the fleet alive for ever.
    pub(super) async fn keep(&mut self, fleet: &mut Fleet) -> Result<(), Failure> {
        loop {
            self.revive(fleet).await?;
            sleep(POLL).await;
        }
    }

    /// Takes the progress bar away.
    pub(super) fn finish(&self) {
        self.progress.finish();
    }

    async fn revive(&mut self, fleet: &mut Fleet) -> anyhow::Result<()> {
        for i in 0..fleet.workers() {
            if fleet.worker_alive(i) || !self.replaced.insert(i) {
                continue;
            }
            let name = fleet.worker_name(i).to_owned();
            let log = fleet.worker_log(i).display().to_string();
            self.count(&name, &log)?;
            fleet.start_worker(&name, &[]).with_context(|| format!("starting {name} again"))?;
        }
        if !fleet.scheduler_alive(0) {
            self.count("the scheduler", &fleet.dir().join("logs").display().to_string())?;
            fleet.restart_scheduler(0).await.context("starting the scheduler again")?;
        }
        Ok(())
    }

    fn count(&mut self, name: &str, log: &str) -> anyhow::Result<()> {
        self.restarts += 1;
        if self.restarts > MOST_RESTARTS {
            bail!("{name} ended again, after {MOST_RESTARTS} restarts; see {log}");
        }
        self.progress.note(&format!("{name} ended unexpectedly and is started again; see {log}"));
        Ok(())
    }
}

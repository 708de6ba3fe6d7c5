//! The end of a fleet, in the order in which each part needs the next.

use std::time::Duration;

use rad_schema::local::LocalError;
use tokio::time::Instant;

use super::process::Process;
use super::{Fleet, scheduler};

/// Time beyond the drain for a worker to end, whatever the stores do: 25 s for last commits and for handing its leases
/// back, 2 s to close its connections, 1 s for threads that hang.
const MARGIN: Duration = Duration::from_secs(28);

/// How a fleet ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Processes that did not end by themselves in time and were killed.
    pub killed: Vec<String>,
}

impl Fleet {
    /// Drains workers, then schedulers, and ends private stores. What doesn't end in time is killed.
    pub async fn stop(mut self) -> Result<Stopped, LocalError> {
        let mut stopped = Stopped::default();
        end(self.workers.iter_mut(), self.options.drain + MARGIN, &mut stopped).await;
        let schedulers = self.schedulers.iter_mut().map(|scheduler| &mut scheduler.process);
        end(schedulers, scheduler::STOPS, &mut stopped).await;
        self.operator.revoke(&self.stores.owner_url()).await;
        self.stores.stop().await?;
        Ok(stopped)
    }
}

async fn end<'a>(processes: impl Iterator<Item = &'a mut Process>, within: Duration, stopped: &mut Stopped) {
    let running: Vec<_> = processes.filter_map(|process| process.is_alive().then_some(process)).collect();
    for process in &running {
        process.terminate();
    }
    let deadline = Instant::now() + within;
    for process in running {
        let left = deadline.saturating_duration_since(Instant::now());
        if process.wait(left).await.is_none() {
            process.kill().await;
            stopped.killed.push(process.name().to_owned());
        }
    }
}

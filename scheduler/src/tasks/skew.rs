//! Says in the log which workers are of another version than the leader.
//!
//! That is normal while a fleet is being upgraded, and a mistake when it lasts. Nothing is refused for it: what
//! must not be mixed is told apart by the schema's version and by the protocol of the dispatch window.

use std::collections::HashSet;
use std::time::Duration;

use rad_core::errors::chain;
use rad_schema::db::Db;
use rad_schema::fleet::WorkerRow;
use tokio_util::sync::CancellationToken;

use super::next;

const PERIOD: Duration = Duration::from_secs(15);
const OWN: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn run(db: Db, stop: CancellationToken) {
    let mut told = HashSet::new();
    while next(&stop, PERIOD).await {
        match db.workers().await {
            Ok(workers) => {
                for worker in untold(&workers, OWN, &mut told) {
                    tracing::warn!(
                        worker = worker.worker_id,
                        incarnation = worker.incarnation,
                        worker_version = worker.version,
                        own_version = OWN,
                        "version skew: a worker is of another version than this scheduler"
                    );
                }
            }
            Err(error) => tracing::debug!(error = chain(&error), "versions of workers not read"),
        }
    }
}

/// Live workers of another version that `told` does not have yet. Afterwards it has them, and no dead ones.
fn untold<'a>(workers: &'a [WorkerRow], own: &str, told: &mut HashSet<i64>) -> Vec<&'a WorkerRow> {
    let live = |worker: &&WorkerRow| matches!(worker.state.as_str(), "alive" | "draining");
    let skewed: Vec<_> = workers.iter().filter(live).filter(|worker| worker.version != own).collect();
    let before = std::mem::replace(told, skewed.iter().map(|worker| worker.incarnation).collect());
    skewed.into_iter().filter(|worker| !before.contains(&worker.incarnation)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(incarnation: i64, version: &str, state: &str) -> WorkerRow {
        WorkerRow {
            incarnation,
            pool: "default".to_owned(),
            worker_id: format!("crawler-{incarnation}"),
            version: version.to_owned(),
            slots: 1,
            state: state.to_owned(),
            busy: 0,
            current_job: None,
            metrics_address: None,
            silent_ms: 0,
        }
    }

    fn incarnations(workers: &[WorkerRow], told: &mut HashSet<i64>) -> Vec<i64> {
        untold(workers, "2.0.0", told).iter().map(|worker| worker.incarnation).collect()
    }

    #[test]
    fn every_life_of_another_version_is_told_once() {
        let mut told = HashSet::new();
        let first =
            [worker(1, "1.0.0", "alive"), worker(2, "2.0.0", "alive"), worker(3, "1.9.0", "draining")];
        assert_eq!(incarnations(&first, &mut told), [1, 3]);
        assert_eq!(incarnations(&first, &mut told), [] as [i64; 0]);
        let second = [worker(1, "1.0.0", "alive"), worker(4, "1.0.0", "alive")];
        assert_eq!(incarnations(&second, &mut told), [4]);
    }

    #[test]
    fn the_dead_are_not_told_and_not_remembered() {
        let mut told = HashSet::new();
        let dead = [worker(1, "1.0.0", "lost"), worker(2, "1.0.0", "stopped")];
        assert_eq!(incarnations(&dead, &mut told), [] as [i64; 0]);
        assert_eq!(incarnations(&[worker(3, "1.0.0", "alive")], &mut told), [3]);
        assert_eq!(incarnations(&[worker(3, "1.0.0", "lost")], &mut told), [] as [i64; 0]);
        assert!(told.is_empty());
    }
}

//! The workers, as tenants and operators see them.

use rad_schema::fleet::WorkerRow;
use serde::Serialize;

use super::page::Page;
use super::{Service, ServiceError};

/// The version of this scheduler; the workers of one release have the same.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One life of a worker.
#[derive(Debug, Serialize)]
pub(crate) struct Worker {
    #[serde(flatten)]
    row: WorkerRow,
    /// Its version is not this scheduler's.
    version_skew: bool,
}

impl Service {
    /// Workers of the last day. What may belong to another tenant or leads into the network is for operators only.
    pub(crate) async fn workers(&self, operator: bool) -> Result<Page<Worker>, ServiceError> {
        let workers = self.db.workers().await?;
        Ok(Page::whole(workers.into_iter().map(|row| seen(row, operator)).collect()))
    }
}

fn seen(mut row: WorkerRow, operator: bool) -> Worker {
    if !operator {
        row.current_job = None;
        row.metrics_address = None;
    }
    Worker { version_skew: row.version != VERSION, row }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: &str) -> WorkerRow {
        WorkerRow {
            incarnation: 1,
            pool: "default".to_owned(),
            worker_id: "crawler-1".to_owned(),
            version: version.to_owned(),
            slots: 64,
            state: "alive".to_owned(),
            busy: 3,
            current_job: Some(9),
            metrics_address: Some("10.0.0.7:7072".to_owned()),
            silent_ms: 12,
        }
    }

    #[test]
    fn only_an_operator_sees_crawls_and_addresses_of_workers() {
        let tenants = serde_json::to_value(seen(row(VERSION), false)).unwrap();
        assert!(tenants["current_job"].is_null() && tenants["metrics_address"].is_null(), "{tenants}");
        let operators = serde_json::to_value(seen(row(VERSION), true)).unwrap();
        assert_eq!(operators["current_job"], 9);
        assert_eq!(operators["metrics_address"], "10.0.0.7:7072");
        assert_eq!(operators["slots"], 64);
    }

    #[test]
    fn a_worker_of_another_version_is_marked() {
        assert!(!seen(row(VERSION), false).version_skew);
        assert!(seen(row("0.0.1-other"), false).version_skew);
    }
}

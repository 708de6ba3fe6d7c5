//! What is answered about the fleet.

use serde::{Deserialize, Serialize};

/// One life of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Number of this life.
    pub incarnation: i64,
    /// Name of the worker.
    pub worker_id: String,
    /// Version of its build.
    pub version: String,
    /// `alive`, `draining`, `stopped` or `lost`.
    pub state: String,
    /// Tasks it can have in hand.
    pub slots: i32,
    /// Tasks it has in hand.
    pub busy: i32,
    /// Milliseconds since its last word.
    pub silent_ms: i64,
    /// It is of another build than the scheduler.
    pub version_skew: bool,
    /// The crawl of one of its tasks; shown to operators only.
    pub current_job: Option<i64>,
    /// Where its metrics are served; shown to operators only.
    pub metrics_address: Option<String>,
}

/// How the fleet is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part that works or does not, as the API answers"
)]
pub struct Health {
    /// Version of the scheduler that answered.
    pub version: String,
    /// Version of the database's schema.
    pub schema_version: i64,
    /// Postgres answers.
    pub postgres: bool,
    /// Redis answers.
    pub redis: bool,
    /// Tasks can be claimed.
    pub dispatch: bool,
    /// A scheduler leads.
    pub leader: bool,
    /// Workers that are not lost.
    pub workers_alive: i64,
}

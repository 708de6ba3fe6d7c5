//! What a fleet is made of.

use std::path::PathBuf;
use std::time::Duration;

use rad_schema::local::LocalOptions;

/// How a fleet is started.
#[derive(Clone, Debug)]
pub struct FleetOptions {
    /// Holds logs, records of the children and private stores. Created if missing.
    pub dir: PathBuf,
    /// Worker processes, called `crawler-1` and so on.
    pub workers: usize,
    /// Where the data is.
    pub stores: StoresChoice,
    /// Scheduler processes; 0 counts as 1.
    pub schedulers: usize,
    /// Shards of the dispatch window; as many as there are where it is left out.
    pub shards: Option<u32>,
    /// Address ranges that workers may connect to beside public ones, with commas between them.
    pub cidrs: String,
    /// Environment of every worker, beside what the fleet sets.
    pub worker_env: Vec<(String, String)>,
    /// After this silence a worker counts as dead; 2 to 300 seconds.
    pub lease_ttl: Duration,
    /// How long a worker may finish what it has in hand when it is asked to end.
    pub drain: Duration,
    /// Name of the tenant that the fleet's API key belongs to.
    pub tenant: String,
    /// A key of an earlier run, used again while it is accepted.
    pub key: Option<String>,
}

impl FleetOptions {
    /// Three workers and one scheduler that may connect to public addresses only.
    pub fn new(dir: impl Into<PathBuf>, stores: StoresChoice) -> Self {
        Self {
            dir: dir.into(),
            workers: 3,
            stores,
            schedulers: 1,
            shards: None,
            cidrs: String::new(),
            worker_env: Vec::new(),
            lease_ttl: Duration::from_secs(15),
            drain: Duration::from_secs(30),
            tenant: "local".to_owned(),
            key: None,
        }
    }

    /// Private stores without waits for the disk, and leases short enough for a test that kills workers.
    pub fn for_test(dir: impl Into<PathBuf>) -> Self {
        Self {
            lease_ttl: Duration::from_secs(2),
            cidrs: "127.0.0.1/32".to_owned(),
            ..Self::new(dir, StoresChoice::Private(LocalOptions::for_test()))
        }
    }
}

/// Where a fleet's data is.
#[derive(Clone, Debug)]
pub enum StoresChoice {
    /// Servers of the fleet's own, in its folder.
    Private(LocalOptions),
    /// Servers that run already.
    Given {
        /// Postgres under the role of the processes, which row security binds.
        database_url: String,
        /// Redis.
        redis_url: String,
        /// Postgres under the role that owns the schema, directly and not through a pooler.
        migrate_url: String,
    },
}

//! What all pages of a worker share.

pub(crate) mod ends;
pub(crate) mod meters;
pub(crate) mod stages;

use std::sync::Arc;

use rad_schema::db::Db;
use rad_schema::window::Shards;

use crate::config::Config;
use crate::crash::CrashPlan;
use crate::extract::HostMemory;
use crate::fetch::Fetcher;
use crate::healths::Healths;
use crate::links::HostNumbers;
use crate::readers::Readers;
use crate::robots::RobotsCache;
use crate::scopes::Scopes;
use crate::seen::SeenLinks;
use crate::watchdog::Threads;

/// The state of a worker process; a session borrows it.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) shards: Shards,
    pub(crate) fetcher: Fetcher,
    pub(crate) robots: RobotsCache,
    pub(crate) seen: SeenLinks,
    pub(crate) hosts: HostNumbers,
    /// Which blocks the pages of a host have in common.
    pub(crate) templates: Arc<HostMemory>,
    pub(crate) scopes: Scopes,
    pub(crate) healths: Healths,
    pub(crate) readers: Arc<Readers>,
    pub(crate) crash: Arc<CrashPlan>,
    /// What pages and commits keep threads busy with.
    pub(crate) threads: Arc<Threads>,
}

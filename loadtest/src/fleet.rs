//! A fleet of real processes under one supervisor, for tests, benchmarks and `rad up`.
//!
//! [`Fleet::start`] opens the stores, migrates, makes a tenant with a key and starts schedulers and workers from
//! the folder of the current executable, the same binaries as in production. Afterwards a test may kill, drain
//! and restart each of them.
//!
//! **One folder, one fleet.** The folder is locked while its fleet lives. Every child is recorded there, so that
//! what a killed supervisor left behind is ended by the next start (`orphans`).
//!
//! **Ends.** [`Fleet::stop`] drains: workers, then schedulers, then stores. Dropping kills. Children have process
//! groups of their own, so that Ctrl-C on a terminal reaches only the supervisor.

mod error;
mod folder;
mod metrics;
mod operator;
mod options;
mod orphans;
mod process;
mod programs;
mod scheduler;
mod start;
mod stop;
mod stores;
mod tenant;
#[cfg(test)]
mod tests;
mod worker;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::Flock;
use rad_core::ids::TenantId;
use rad_schema::local::LocalStores;

pub use error::StartError;
pub use options::{FleetOptions, StoresChoice};
pub use process::{Process, ProcessError};
pub use start::{News, Stage};
pub use stop::Stopped;
pub use tenant::TenantApi;

use crate::client::{Api, ApiError, CrawlStatus};
use operator::Operator;
use scheduler::Scheduler;
use stores::Stores;

/// A running fleet. The order of the fields is that of their end when it is dropped.
pub struct Fleet {
    workers: Vec<Process>,
    schedulers: Vec<Scheduler>,
    api: TenantApi,
    key: String,
    operator: Operator,
    stores: Stores,
    options: FleetOptions,
    /// The newest life of a worker before this fleet: older ones are not ours.
    before: i64,
    /// Held so that no other fleet uses the folder.
    _folder: Flock<File>,
}

impl Fleet {
    /// Starts everything and returns when the API is ready and all workers have registered.
    pub async fn start(options: FleetOptions) -> Result<Self, StartError> {
        Box::pin(start::start(options, &mut |_| ())).await
    }

    /// Like [`Fleet::start`], and says what is happening.
    pub async fn start_telling(
        options: FleetOptions,
        tell: &mut (dyn FnMut(News) + Send),
    ) -> Result<Self, StartError> {
        Box::pin(start::start(options, tell)).await
    }

    /// The API as the fleet's tenant. It asks the schedulers in turn until one can be reached.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The API as the fleet's operator: its key has the scope `admin`, and is revoked when the fleet stops.
    pub fn operator(&self) -> &Api {
        self.operator.api()
    }

    /// The fleet's tenant.
    pub fn tenant(&self) -> TenantId {
        self.api.tenant()
    }

    /// The API key of the fleet's tenant.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Makes another tenant (or finds it) and returns the API as this one.
    pub async fn create_tenant(&self, name: &str, monthly_pages: Option<i64>) -> anyhow::Result<TenantApi> {
        let (tenant, key) =
            rad_schema::tenants::create(&self.stores.owner_url(), name, monthly_pages).await?;
        Ok(TenantApi::new(self.api.with_key(key), tenant))
    }

    /// Sets how many pages a tenant may store in a month; none for no limit.
    pub async fn limit_pages(&self, tenant: TenantId, monthly_pages: Option<i64>) -> anyhow::Result<()> {
        Ok(rad_schema::tenants::limit_pages(&self.stores.owner_url(), tenant, monthly_pages).await?)
    }

    /// The private stores; none where the fleet was given stores.
    pub fn stores_mut(&mut self) -> Option<&mut LocalStores> {
        self.stores.private()
    }

    /// Postgres under the role of the processes.
    pub fn database_url(&self) -> String {
        self.stores.database_url()
    }

    /// Postgres under the role that owns the schema.
    pub fn owner_url(&self) -> String {
        self.stores.owner_url()
    }

    /// Redis.
    pub fn redis_url(&self) -> String {
        self.stores.redis_url()
    }

    /// The folder of logs and, where they are private, of the stores.
    pub fn dir(&self) -> &Path {
        &self.options.dir
    }

    /// Polls until the crawl has ended, every 100 ms. See [`Api::wait_crawl`].
    pub async fn wait_crawl(
        &self,
        id: i64,
        within: Duration,
        on_progress: impl FnMut(&CrawlStatus),
    ) -> Result<CrawlStatus, ApiError> {
        self.api.wait_crawl(id, within, on_progress).await
    }
}

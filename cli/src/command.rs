//! The commands, and which module carries each out.

use clap::Subcommand;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::{
    cancel, crawl, docs, doctor, explain, keys, migrate, retry, status, tenants, up, whoami, workers,
};

#[derive(Subcommand)]
pub(crate) enum Command {
    Up(Box<up::UpOptions>),
    Crawl(Box<crawl::CrawlOptions>),
    Status(status::StatusOptions),
    Cancel(cancel::CancelOptions),
    Retry(retry::RetryOptions),
    Explain(explain::ExplainOptions),
    Docs(docs::DocsOptions),
    Workers(workers::WorkersOptions),
    Whoami(whoami::WhoamiOptions),
    Tenants(tenants::TenantsOptions),
    Keys(keys::KeysOptions),
    Migrate(migrate::MigrateOptions),
    Doctor(Box<doctor::DoctorOptions>),
}

impl Command {
    /// Returns the exit code.
    pub(crate) async fn run(self) -> Result<u8, Failure> {
        match self {
            Self::Up(options) => up::run(&options, &Interrupt::listen()?).await,
            Self::Crawl(options) => crawl::run(&options, &Interrupt::listen()?).await,
            Self::Status(options) => status::run(&options).await,
            Self::Cancel(options) => cancel::run(&options).await,
            Self::Retry(options) => retry::run(&options).await,
            Self::Explain(options) => explain::run(&options).await,
            Self::Docs(options) => docs::run(&options).await,
            Self::Workers(options) => workers::run(&options).await,
            Self::Whoami(options) => whoami::run(&options).await,
            Self::Tenants(options) => tenants::run(&options).await,
            Self::Keys(options) => keys::run(&options).await,
            Self::Migrate(options) => migrate::run(&options).await,
            Self::Doctor(options) => Box::pin(doctor::run(&options)).await,
        }
    }
}

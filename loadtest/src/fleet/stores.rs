//! The stores of a fleet: its own, or given ones.

use std::path::Path;

use rad_schema::local::{LocalError, LocalStores};

use super::options::StoresChoice;

/// The role that every process of a fleet works under.
const PROCESS_ROLE: &str = "rad_app";

/// The database in private stores.
const DATABASE: &str = "rad";

pub(super) enum Stores {
    Private(Box<LocalStores>),
    Given { database_url: String, redis_url: String, migrate_url: String },
}

impl Stores {
    pub(super) async fn open(dir: &Path, choice: &StoresChoice) -> Result<Self, LocalError> {
        match choice {
            StoresChoice::Private(options) => {
                let stores = Box::pin(LocalStores::start(dir, options.clone())).await?;
                stores.create_database(DATABASE).await?;
                Ok(Self::Private(Box::new(stores)))
            }
            StoresChoice::Given { database_url, redis_url, migrate_url } => Ok(Self::Given {
                database_url: database_url.clone(),
                redis_url: redis_url.clone(),
                migrate_url: migrate_url.clone(),
            }),
        }
    }

    pub(super) fn private(&mut self) -> Option<&mut LocalStores> {
        match self {
            Self::Private(stores) => Some(stores),
            Self::Given { .. } => None,
        }
    }

    pub(super) fn database_url(&self) -> String {
        match self {
            Self::Private(stores) => stores.url_for(PROCESS_ROLE, DATABASE),
            Self::Given { database_url, .. } => database_url.clone(),
        }
    }

    pub(super) fn redis_url(&self) -> String {
        match self {
            Self::Private(stores) => stores.redis_url(),
            Self::Given { redis_url, .. } => redis_url.clone(),
        }
    }

    /// For migrations and tenants.
    pub(super) fn owner_url(&self) -> String {
        match self {
            Self::Private(stores) => stores.owner_url(DATABASE),
            Self::Given { migrate_url, .. } => migrate_url.clone(),
        }
    }

    /// Ends private stores; given ones are not ours to end.
    pub(super) async fn stop(self) -> Result<(), LocalError> {
        match self {
            Self::Private(stores) => stores.stop().await,
            Self::Given { .. } => Ok(()),
        }
    }
}

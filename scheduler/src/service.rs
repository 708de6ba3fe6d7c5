//! What the control plane does for a tenant: one rule per operation, whatever face calls it.
//!
//! Requests come in as JSON objects and are judged here (`fields`), so that every face refuses the same things with
//! the same words. Nothing here knows HTTP.

pub(crate) mod bell;
pub(crate) mod crawls;
pub(crate) mod documents;
pub(crate) mod explain;
pub(crate) mod fault;
pub(crate) mod fields;
pub(crate) mod fleet;
pub(crate) mod health;
mod instant;
pub(crate) mod locks;
pub(crate) mod page;
mod pause;
mod start;
pub(crate) mod target;
pub(crate) mod tasks;
pub(crate) mod tenants;

use std::io;

use rad_core::address::AddressPolicy;
use rad_schema::admin::AdminError;
use rad_schema::db::{Db, DbError};
use rad_schema::tenants::{Caller, KeyError};
use rad_schema::window::{LeaseTerms, Shards, WindowError};
use thiserror::Error;

use self::bell::Bell;
use self::fault::Faults;
use self::target::Forbidden;
use crate::caps::Caps;

/// Why an operation was refused or failed.
#[derive(Debug, Error)]
pub(crate) enum ServiceError {
    /// Fields of the request can't be used.
    #[error("the request has fields that can't be used")]
    Fields(Faults),
    /// The key does not open anything.
    #[error("the key is not accepted")]
    Key(#[source] KeyError),
    /// The key lacks a scope.
    #[error("the key has no scope `{scope}`")]
    Forbidden { scope: &'static str },
    /// The tenant has no such thing.
    #[error("there is no {what}")]
    NotFound { what: String },
    /// The start URL names an address that the fleet does not contact.
    #[error("the start URL is out of bounds")]
    Address(#[source] Forbidden),
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for {what}")]
    IdempotencyMismatch { what: String },
    /// The task is not, or no longer, the caller's to end.
    #[error("the claim of task {task} is not, or no longer, yours")]
    LeaseLost { task: rad_core::ids::TaskId },
    /// A cancelled crawl stays so.
    #[error("crawl {job} was cancelled")]
    CrawlCancelled { job: rad_core::ids::JobId },
    /// The name is taken.
    #[error("there is a tenant `{name}` already")]
    TenantExists { name: String },
    /// What is stored can't be read.
    #[error("read the content of document {document}")]
    Content {
        document: rad_core::ids::DocumentId,
        #[source]
        source: io::Error,
    },
    /// Postgres did not answer as it should.
    #[error("ask the store")]
    Store(#[from] DbError),
    /// Redis did not answer as it should, or its window is being rebuilt.
    #[error("ask the dispatch window")]
    Window(#[from] WindowError),
}

impl From<Faults> for ServiceError {
    fn from(faults: Faults) -> Self {
        Self::Fields(faults)
    }
}

impl From<KeyError> for ServiceError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Store(error),
            other => Self::Key(other),
        }
    }
}

impl From<AdminError> for ServiceError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Forbidden => Self::Forbidden { scope: "admin" },
            AdminError::NoTenant(name) => Self::NotFound { what: format!("tenant `{name}`") },
            AdminError::NoKey(key) => Self::NotFound { what: format!("key `{key}`") },
            AdminError::TenantExists(name) => Self::TenantExists { name },
            AdminError::Invalid { field, detail, fix } => Self::Fields(Faults::one(field, detail, fix)),
            AdminError::Store(error) => Self::Store(error),
        }
    }
}

/// Everything an operation needs.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) db: Db,
    pub(crate) shards: Shards,
    pub(crate) terms: LeaseTerms,
    /// Where the fleet may go; the workers have the same.
    pub(crate) addresses: AddressPolicy,
    /// Where one waits for tasks that are worked on from outside.
    pub(crate) bell: Bell,
    /// Where the leader, if it is this process, hears of caps that were read.
    pub(crate) caps: Caps,
}

impl Service {
    /// Who presents `key`.
    pub(crate) async fn caller(&self, key: &str) -> Result<Caller, ServiceError> {
        Ok(self.db.caller(key).await?)
    }
}

//! The fleet's own operator: a tenant with a key that may do everything.

use std::time::Duration;

use rad_schema::admin::{Admin, AdminError, NewKey, NewTenant};
use tokio::time::timeout;

use crate::client::{Api, Requester};

/// Name of the tenant that the operator's keys belong to.
const TENANT: &str = "operator";

/// The end of a fleet must not wait for a database that hangs.
const REVOKES: Duration = Duration::from_secs(5);

pub(super) struct Operator {
    api: Api,
    key_id: String,
}

/// Makes a key of the operator, and the tenant before the first.
pub(super) async fn create_key(owner_url: &str) -> Result<NewKey, AdminError> {
    let admin = Admin::as_owner(owner_url).await?;
    let tenant = NewTenant {
        name: TENANT.to_owned(),
        monthly_pages: None,
        monthly_tokens: None,
        storage_bytes: None,
        max_crawlers: None,
        weight: None,
    };
    match admin.create_tenant(&tenant).await {
        Ok(_) | Err(AdminError::TenantExists(_)) => {}
        Err(error) => return Err(error),
    }
    admin.create_key(TENANT, &["read", "crawl", "admin"].map(str::to_owned)).await
}

impl Operator {
    pub(super) fn new(requester: Requester, key: NewKey) -> Self {
        Self { api: Api::over(requester, key.key), key_id: key.key_id }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// Given stores live on, and nobody keeps the key. Stores that are gone have no use for it either, so that
    /// failures don't matter.
    pub(super) async fn revoke(&self, owner_url: &str) {
        let revoke = async { Admin::as_owner(owner_url).await?.revoke_key(TENANT, &self.key_id).await };
        let _ = timeout(REVOKES, revoke).await;
    }
}

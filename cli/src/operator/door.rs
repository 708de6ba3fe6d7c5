//! What operators can do, the same through both ways.

use rad_core::ids::TenantId;
use rad_loadtest::client::{Api, Key, NewKey, NewTenant, RevokedKey, Tenant, TenantChange};
use rad_schema::admin::{Admin, AdminError, KeyRow, TenantRow};

use crate::failure::Failure;

/// Rows that the database is asked for at once.
const PAGE: i64 = 1_000;

/// An operator's way in.
pub(crate) enum Door {
    /// Through a scheduler.
    Api(Api),
    /// As the owner of the schema.
    Owner(Admin),
}

impl Door {
    pub(super) async fn at_database(url: &str) -> Result<Self, Failure> {
        Admin::as_owner(url).await.map(Self::Owner).map_err(refused)
    }

    /// Makes a tenant.
    pub(crate) async fn create_tenant(&self, new: &NewTenant) -> Result<Tenant, Failure> {
        match self {
            Self::Api(api) => Ok(api.create_tenant(new).await?),
            Self::Owner(admin) => {
                let new = rad_schema::admin::NewTenant {
                    name: new.name.clone(),
                    monthly_pages: new.monthly_pages,
                    monthly_tokens: new.monthly_tokens,
                    storage_bytes: new.storage_bytes,
                    max_crawlers: new.max_crawlers,
                    weight: new.weight,
                };
                admin.create_tenant(&new).await.map(tenant).map_err(refused)
            }
        }
    }

    /// All tenants.
    pub(crate) async fn tenants(&self) -> Result<Vec<Tenant>, Failure> {
        match self {
            Self::Api(api) => Ok(api.tenants().await?),
            Self::Owner(admin) => all(admin).await.map_err(refused),
        }
    }

    /// The tenant of a name.
    pub(crate) async fn tenant(&self, name: &str) -> Result<Tenant, Failure> {
        match self {
            Self::Api(api) => Ok(api.tenant(name).await?),
            Self::Owner(admin) => admin.tenant(name).await.map(tenant).map_err(refused),
        }
    }

    /// Changes limits of a tenant.
    pub(crate) async fn change_tenant(&self, name: &str, change: TenantChange) -> Result<Tenant, Failure> {
        match self {
            Self::Api(api) => Ok(api.change_tenant(name, &change).await?),
            Self::Owner(admin) => {
                let change = rad_schema::admin::TenantChange {
                    monthly_pages: change.monthly_pages,
                    monthly_tokens: change.monthly_tokens,
                    storage_bytes: change.storage_bytes,
                    max_crawlers: change.max_crawlers,
                    weight: change.weight,
                };
                admin.change_tenant(name, &change).await.map(tenant).map_err(refused)
            }
        }
    }

    /// Makes a key.
    pub(crate) async fn create_key(&self, name: &str, scopes: &[String]) -> Result<NewKey, Failure> {
        match self {
            Self::Api(api) => Ok(api.create_key(name, scopes).await?),
            Self::Owner(admin) => {
                let new = admin.create_key(name, scopes).await.map_err(refused)?;
                Ok(NewKey { tenant: new.tenant, key_id: new.key_id, key: new.key, scopes: new.scopes })
            }
        }
    }

    /// All keys of a tenant.
    pub(crate) async fn keys(&self, name: &str) -> Result<Vec<Key>, Failure> {
        match self {
            Self::Api(api) => Ok(api.keys(name).await?),
            Self::Owner(admin) => Ok(admin.keys(name).await.map_err(refused)?.into_iter().map(key).collect()),
        }
    }

    /// Makes a key useless.
    pub(crate) async fn revoke_key(&self, name: &str, key_id: &str) -> Result<RevokedKey, Failure> {
        match self {
            Self::Api(api) => Ok(api.revoke_key(name, key_id).await?),
            Self::Owner(admin) => {
                let revoked_at = admin.revoke_key(name, key_id).await.map_err(refused)?;
                Ok(RevokedKey { key_id: key_id.to_owned(), revoked_at })
            }
        }
    }
}

async fn all(admin: &Admin) -> Result<Vec<Tenant>, AdminError> {
    let mut tenants = Vec::new();
    let mut after = TenantId(0);
    loop {
        let page = admin.tenants(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(tenants);
        };
        after = TenantId(last.tenant_id);
        tenants.extend(page.into_iter().map(tenant));
    }
}

/// With what to do about it.
fn refused(error: AdminError) -> Failure {
    let advice = match &error {
        AdminError::Forbidden => {
            Some("log in as the role that owns the schema, the one that `rad migrate` uses".to_owned())
        }
        AdminError::NoTenant(_) => Some("`rad tenants list` shows all".to_owned()),
        AdminError::TenantExists(name) => Some(format!("`rad tenants set {name}` changes it")),
        AdminError::NoKey(_) => Some("`rad keys list TENANT` shows all".to_owned()),
        AdminError::Invalid { fix, .. } => Some(fix.clone()),
        AdminError::Store(_) => None,
    };
    let failure = Failure::from(error);
    match advice {
        Some(advice) => Failure { error: anyhow::anyhow!("{:#}; {advice}", failure.error), ..failure },
        None => Failure { error: failure.error.context("using the database"), ..failure },
    }
}

fn tenant(row: TenantRow) -> Tenant {
    Tenant {
        tenant_id: row.tenant_id,
        name: row.name,
        weight: row.weight,
        max_crawlers: row.max_crawlers,
        monthly_pages: row.monthly_pages,
        monthly_tokens: row.monthly_tokens,
        storage_bytes: row.storage_bytes,
        pages_this_month: row.pages_this_month,
        tokens_this_month: row.tokens_this_month,
        bytes_stored: row.bytes_stored,
        created_at: row.created_at,
    }
}

fn key(row: KeyRow) -> Key {
    Key { key_id: row.key_id, scopes: row.scopes, created_at: row.created_at, revoked_at: row.revoked_at }
}

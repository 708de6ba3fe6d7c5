//! Calls of operators: tenants and keys. They need a key with the scope `admin`.

use reqwest::Method;
use serde_json::json;

use super::api::Api;
use super::error::ApiError;
use super::route::Route;
use super::tenant::{Key, NewKey, NewTenant, RevokedKey, Tenant, TenantChange};

impl Api {
    /// Makes a tenant.
    pub async fn create_tenant(&self, new: &NewTenant) -> Result<Tenant, ApiError> {
        self.send(Method::POST, &Route::new(&["tenants"]), new).await
    }

    /// All tenants.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, ApiError> {
        self.list(&Route::new(&["tenants"]), usize::MAX).await
    }

    /// The tenant of that name.
    pub async fn tenant(&self, name: &str) -> Result<Tenant, ApiError> {
        self.get(&Route::new(&["tenants", name])).await
    }

    /// Changes limits of a tenant.
    pub async fn change_tenant(&self, name: &str, change: &TenantChange) -> Result<Tenant, ApiError> {
        self.send(Method::PATCH, &Route::new(&["tenants", name]), change).await
    }

    /// Makes a key with these scopes.
    pub async fn create_key(&self, tenant: &str, scopes: &[String]) -> Result<NewKey, ApiError> {
        let route = Route::new(&["tenants", tenant, "keys"]);
        self.send(Method::POST, &route, &json!({ "scopes": scopes })).await
    }

    /// All keys of a tenant, revoked ones included.
    pub async fn keys(&self, tenant: &str) -> Result<Vec<Key>, ApiError> {
        self.list(&Route::new(&["tenants", tenant, "keys"]), usize::MAX).await
    }

    /// Makes a key useless. Doing it again changes nothing.
    pub async fn revoke_key(&self, tenant: &str, key_id: &str) -> Result<RevokedKey, ApiError> {
        self.bare(Method::DELETE, &Route::new(&["tenants", tenant, "keys", key_id])).await
    }
}

//! What is asked and answered about tenants, their limits and keys.

use serde::{Deserialize, Serialize};

/// Who the key belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami {
    /// The tenant's number.
    pub tenant_id: i64,
    /// Its name.
    pub name: String,
    /// What the key may do.
    pub scopes: Vec<String>,
    /// What the tenant may use, and uses.
    pub limits: Vec<Limit>,
}

/// One limit of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// `monthly_pages`, `monthly_tokens`, `storage_bytes` or `max_crawlers`.
    pub limit: String,
    /// How much is used now; none where nobody counts it exactly.
    pub used: Option<i64>,
    /// How much may be used; none for no limit.
    pub allowed: Option<i64>,
    /// How much is left.
    pub left: Option<i64>,
    /// Nothing is left.
    pub reached: bool,
}

/// A tenant, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its number.
    pub tenant_id: i64,
    /// Its name.
    pub name: String,
    /// Its share of the fleet, relative to other tenants.
    pub weight: i32,
    /// Tasks it may have in hand at a time.
    pub max_crawlers: i32,
    /// Pages it may store in a month; none for no limit.
    pub monthly_pages: Option<i64>,
    /// Tokens of chunks it may store in a month; none for no limit.
    pub monthly_tokens: Option<i64>,
    /// Bytes it may store; none for no limit.
    pub storage_bytes: Option<i64>,
    /// Pages it stored this month.
    pub pages_this_month: i64,
    /// Tokens of the chunks it stored this month.
    pub tokens_this_month: i64,
    /// Bytes it stores.
    pub bytes_stored: i64,
    /// RFC 3339 in UTC.
    pub created_at: String,
}

/// A tenant to make. What is absent has the fleet's default.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewTenant {
    /// Its name.
    pub name: String,
    /// Pages it may store in a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_pages: Option<i64>,
    /// Tokens of chunks it may store in a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_tokens: Option<i64>,
    /// Bytes it may store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<i64>,
    /// Tasks it may have in hand at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_crawlers: Option<i32>,
    /// Its share of the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
}

/// What to change of a tenant: what is absent stays, and `Some(None)` takes a limit away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TenantChange {
    /// Pages it may store in a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_pages: Option<Option<i64>>,
    /// Tokens of chunks it may store in a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_tokens: Option<Option<i64>>,
    /// Bytes it may store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<Option<i64>>,
    /// Tasks it may have in hand at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_crawlers: Option<i32>,
    /// Its share of the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The public part of the key.
    pub key_id: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// RFC 3339 in UTC.
    pub created_at: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// A new key, the only time that it is shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewKey {
    /// Name of its tenant.
    pub tenant: String,
    /// The public part of the key.
    pub key_id: String,
    /// The key.
    pub key: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// A key that is accepted no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedKey {
    /// The public part of the key.
    pub key_id: String,
    /// Since when, RFC 3339 in UTC.
    pub revoked_at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_only_what_changes_and_null_takes_a_limit_away() {
        let change =
            TenantChange { monthly_pages: Some(None), storage_bytes: Some(Some(7)), ..Default::default() };
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(json, r#"{"monthly_pages":null,"storage_bytes":7}"#);
    }
}

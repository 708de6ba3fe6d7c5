//! Who calls: API keys and the limits of the tenant behind them.
//!
//! A key is `rad_live_<id>_<secret><checksum>`: a prefix for secret scanners, an id that may be shown, 256 random
//! bits, and a checksum, so that a mistyped key is told from an unknown one without asking Postgres. Only its
//! SHA-256 is stored: random bits need no slow hash.

use rad_core::ids::TenantId;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::admin::{Admin, AdminError, NewTenant, TenantChange};
use crate::db::{Db, DbError};

const KEY_PREFIX: &str = "rad_live_";
const ID_DIGITS: usize = 8;
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// What the key may do: `read`, `crawl`, `admin`.
    pub scopes: Vec<String>,
}

/// A key that does not let its bearer in.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It is cut, mistyped or something else.
    #[error("this is not a key, or a part of it is missing")]
    Malformed,
    /// It is well-formed and nobody's.
    #[error("the key is unknown")]
    Unknown,
    /// It was valid once.
    #[error("the key was revoked")]
    Revoked,
    /// Postgres did not answer as it should.
    #[error(transparent)]
    Store(#[from] DbError),
}

/// A limit of a tenant and what is used of it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct LimitRow {
    /// `monthly_pages`, `monthly_tokens`, `storage_bytes` or `max_crawlers`.
    #[sqlx(rename = "limit_name")]
    pub limit: String,
    /// Used so far; none for `max_crawlers`, which the dispatch window counts.
    pub used: Option<i64>,
    /// The limit; none when there is none.
    pub allowed: Option<i64>,
    /// What is left.
    #[sqlx(rename = "remaining")]
    pub left: Option<i64>,
    /// Nothing more is stored until it is raised, or the month turns, or storage is freed.
    pub reached: bool,
}

/// A new key and what is kept of it.
pub(crate) struct FreshKey {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) hash: Vec<u8>,
}

impl FreshKey {
    pub(crate) fn random() -> Self {
        let secret: [u8; SECRET_BYTES] = rand::random();
        let id: [u8; ID_DIGITS / 2] = rand::random();
        let id = hex(&id);
        let body = format!("{KEY_PREFIX}{id}_{}", hex(&secret));
        let key = format!("{body}{}", checksum(&body));
        Self { id, hash: fingerprint(&key), key }
    }
}

pub(crate) fn fingerprint(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

fn checksum(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes())[..CHECKSUM_BYTES])
}

/// Whether `key` has the form of a key and its checksum.
pub fn is_well_formed(key: &str) -> bool {
    let length = KEY_PREFIX.len() + ID_DIGITS + 1 + 2 * (SECRET_BYTES + CHECKSUM_BYTES);
    if key.len() != length || !key.is_ascii() || !key.starts_with(KEY_PREFIX) {
        return false;
    }
    let (body, sum) = key.split_at(length - 2 * CHECKSUM_BYTES);
    checksum(body) == sum
}

impl Db {
    /// The tenant of an API key.
    pub async fn caller(&self, key: &str) -> Result<Caller, KeyError> {
        if !is_well_formed(key) {
            return Err(KeyError::Malformed);
        }
        let presented = fingerprint(key);
        let row = sqlx::query_as::<_, (i64, String, Vec<String>, Vec<u8>)>(include_str!(
            "../queries/tenants/by_key.sql"
        ))
        .bind(&presented)
        .fetch_optional(&self.pool)
        .await
        .map_err(DbError::doing("look an API key up"))?;
        match row {
            // The look-up went through an index, whose time says something; the last word is one that says nothing.
            Some((tenant, name, scopes, kept)) if bool::from(kept.ct_eq(&presented)) => {
                Ok(Caller { tenant: TenantId(tenant), name, scopes })
            }
            Some(_) => Err(KeyError::Unknown),
            None => {
                let revoked =
                    sqlx::query_scalar::<_, bool>(include_str!("../queries/tenants/was_revoked.sql"))
                        .bind(&presented)
                        .fetch_one(&self.pool)
                        .await
                        .map_err(DbError::doing("look a revoked API key up"))?;
                Err(if revoked { KeyError::Revoked } else { KeyError::Unknown })
            }
        }
    }

    /// The limits of a tenant: monthly pages, storage, tasks at once.
    pub async fn tenant_limits(&self, tenant: TenantId) -> Result<Vec<LimitRow>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/tenants/limits.sql"))
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("read the tenant's limits"))
    }
}

/// Makes a tenant (or finds the one of that name) and gives it a new API key that may read and crawl. Takes the
/// owner's URL: the processes' role may not make tenants.
pub async fn create(
    owner_url: &str,
    name: &str,
    monthly_pages: Option<i64>,
) -> Result<(TenantId, String), AdminError> {
    let admin = Admin::as_owner(owner_url).await?;
    let new = NewTenant { name: name.to_owned(), monthly_pages, ..NewTenant::default() };
    let tenant = match admin.create_tenant(&new).await {
        Err(AdminError::TenantExists(_)) => admin.tenant(name).await?,
        made => made?,
    };
    let key = admin.create_key(name, &["read".to_owned(), "crawl".to_owned()]).await?;
    admin.close().await;
    Ok((TenantId(tenant.tenant_id), key.key))
}

/// Sets how many pages a tenant may store in a month; none for no limit. Crawls that wait for it go on. Takes the
/// owner's URL.
pub async fn limit_pages(
    owner_url: &str,
    tenant: TenantId,
    monthly_pages: Option<i64>,
) -> Result<(), AdminError> {
    let admin = Admin::as_owner(owner_url).await?;
    let rows = admin.tenants(TenantId(tenant.0 - 1), 1).await?;
    let row = rows.into_iter().find(|row| row.tenant_id == tenant.0);
    let name = row.ok_or_else(|| AdminError::NoTenant(tenant.to_string()))?.name;
    let change = TenantChange { monthly_pages: Some(monthly_pages), ..TenantChange::default() };
    admin.change_tenant(&name, &change).await?;
    admin.close().await;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all writes");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_well_formed_and_no_other_text_is() {
        let key = FreshKey::random().key;
        assert!(is_well_formed(&key), "{key}");
        assert!(key.contains(&format!("_{}_", &key[9..17])));
        for at in 0..key.len() {
            let mut typed = key.clone().into_bytes();
            typed[at] = if typed[at] == b'0' { b'1' } else { b'0' };
            assert!(!is_well_formed(&String::from_utf8(typed).unwrap()), "digit {at}");
            assert!(!is_well_formed(&key[..at]), "cut at {at}");
        }
        for other in ["", "rad_live_", "Bearer x", &format!("{key} "), &key.to_uppercase(), &"é".repeat(49)]
        {
            assert!(!is_well_formed(other), "{other}");
        }
    }

    #[test]
    fn two_keys_are_never_the_same() {
        assert_ne!(FreshKey::random().key, FreshKey::random().key);
    }
}

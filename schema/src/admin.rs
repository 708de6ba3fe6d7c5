//! What operators do: make and change tenants, give and revoke keys.
//!
//! Two ways lead here: an API key with the scope `admin`, and the login of the schema's owner (for the first key,
//! and when no scheduler runs). Both call the same SQL functions, and those decide who may: the role of the
//! processes can do nothing of this without such a key.

use std::time::Duration;

use rad_core::ids::TenantId;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, FromRow, PgConnection, PgPool};
use thiserror::Error;

use crate::db::{Db, DbError};
use crate::tenants::{FreshKey, fingerprint};

/// Longest wait for the server to accept the owner.
const CONNECTS: Duration = Duration::from_secs(10);

const SCOPES: [&str; 3] = ["read", "crawl", "admin"];

/// A tenant to make.
#[derive(Clone, Debug, Default)]
pub struct NewTenant {
    /// Lower-case letters, digits, `_` and `-`, at most 63.
    pub name: String,
    /// Pages stored in a calendar month (UTC); none for no limit.
    pub monthly_pages: Option<i64>,
    /// Tokens of chunks stored in a calendar month (UTC); none for no limit.
    pub monthly_tokens: Option<i64>,
    /// Bytes kept; none for no limit.
    pub storage_bytes: Option<i64>,
    /// Tasks at once over the whole fleet; 256 where absent.
    pub max_crawlers: Option<i32>,
    /// Share of the fleet relative to other tenants; 1 where absent.
    pub weight: Option<i32>,
}

/// What to change of a tenant: `None` leaves it, `Some(None)` takes the limit away.
#[derive(Clone, Debug, Default)]
pub struct TenantChange {
    /// Pages stored in a calendar month.
    pub monthly_pages: Option<Option<i64>>,
    /// Tokens of chunks stored in a calendar month.
    pub monthly_tokens: Option<Option<i64>>,
    /// Bytes kept.
    pub storage_bytes: Option<Option<i64>>,
    /// Tasks at once.
    pub max_crawlers: Option<i32>,
    /// Share of the fleet.
    pub weight: Option<i32>,
}

/// A tenant as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
#[expect(missing_docs, reason = "the fields are those of NewTenant and what is used of them now")]
pub struct TenantRow {
    pub tenant_id: i64,
    pub name: String,
    pub weight: i32,
    pub max_crawlers: i32,
    pub monthly_pages: Option<i64>,
    pub monthly_tokens: Option<i64>,
    pub storage_bytes: Option<i64>,
    pub pages_this_month: i64,
    pub tokens_this_month: i64,
    pub bytes_stored: i64,
    /// RFC 3339 in UTC.
    pub created_at: String,
}

/// A key as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct KeyRow {
    /// The second part of the key itself.
    pub key_id: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// RFC 3339 in UTC.
    pub created_at: String,
    /// Since when it is not valid; none while it is.
    pub revoked_at: Option<String>,
}

/// A key that was just made: the only time that it can be seen.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NewKey {
    /// Name of its tenant.
    pub tenant: String,
    /// For revoking it.
    pub key_id: String,
    /// The key.
    pub key: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// An operator's call that had no effect.
#[derive(Debug, Error)]
pub enum AdminError {
    /// Neither a valid key with the scope `admin` nor the owner's login.
    #[error("only operators may do this")]
    Forbidden,
    /// There is no such tenant.
    #[error("there is no tenant {0}")]
    NoTenant(String),
    /// The name is taken.
    #[error("there is a tenant {0} already")]
    TenantExists(String),
    /// The tenant has no such key.
    #[error("there is no key {0}")]
    NoKey(String),
    /// A value can't be used.
    #[error("{field}: {detail}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        detail: String,
        /// What can be used.
        fix: String,
    },
    /// Postgres did not answer as it should.
    #[error(transparent)]
    Store(#[from] DbError),
}

/// An operator.
#[derive(Clone, Debug)]
pub struct Admin {
    pool: PgPool,
    /// None: the login itself is the right.
    key_hash: Option<Vec<u8>>,
}

impl Db {
    /// The operator whose API key this is; each call fails with [`AdminError::Forbidden`] if it is none.
    pub fn admin(&self, key: &str) -> Admin {
        Admin { pool: self.pool.clone(), key_hash: Some(fingerprint(key)) }
    }
}

impl Admin {
    /// Logs in as the owner of the schema.
    pub async fn as_owner(owner_url: &str) -> Result<Self, AdminError> {
        let options: PgConnectOptions = owner_url.parse().map_err(DbError::Url)?;
        // A pool would try again and again, and then only tell that it did: the first refusal says why.
        let connecting = PgConnection::connect_with(&options);
        let answered = tokio::time::timeout(CONNECTS, connecting).await.map_err(|_| DbError::TimedOut)?;
        drop(answered.map_err(DbError::doing("connect as the owner"))?);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options.application_name("rad-admin"))
            .await
            .map_err(DbError::doing("connect as the owner"))?;
        Ok(Self { pool, key_hash: None })
    }

    /// Gives the connections back.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Makes a tenant.
    pub async fn create_tenant(&self, new: &NewTenant) -> Result<TenantRow, AdminError> {
        check_name(&new.name)?;
        let limits = [new.monthly_pages, new.monthly_tokens, new.storage_bytes];
        check_limits(limits, new.max_crawlers, new.weight)?;
        sqlx::query_scalar::<_, i64>(include_str!("../queries/admin/create_tenant.sql"))
            .bind(&self.key_hash)
            .bind(&new.name)
            .bind(new.monthly_pages)
            .bind(new.storage_bytes)
            .bind(new.max_crawlers)
            .bind(new.weight)
            .bind(new.monthly_tokens)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("make the tenant"))
            .map_err(|error| match error.sqlstate().as_deref() {
                Some("23505") => AdminError::TenantExists(new.name.clone()),
                _ => refused(error),
            })?;
        self.tenant(&new.name).await
    }

    /// Changes limits and share of a tenant. Crawls that wait for a limit go on when it is raised.
    pub async fn change_tenant(&self, name: &str, change: &TenantChange) -> Result<TenantRow, AdminError> {
        let limits = [change.monthly_pages, change.monthly_tokens, change.storage_bytes];
        check_limits(limits.map(Option::flatten), change.max_crawlers, change.weight)?;
        let [pages, tokens, bytes] = limits;
        let found = sqlx::query_scalar::<_, bool>(include_str!("../queries/admin/change_tenant.sql"))
            .bind(&self.key_hash)
            .bind(name)
            .bind(pages.is_some())
            .bind(pages.flatten())
            .bind(bytes.is_some())
            .bind(bytes.flatten())
            .bind(change.max_crawlers)
            .bind(change.weight)
            .bind(tokens.is_some())
            .bind(tokens.flatten())
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("change the tenant"))
            .map_err(refused)?;
        if !found {
            return Err(AdminError::NoTenant(name.to_owned()));
        }
        self.tenant(name).await
    }

    /// Up to `most` tenants after a cursor, in the order of their numbers.
    pub async fn tenants(&self, after: TenantId, most: i64) -> Result<Vec<TenantRow>, AdminError> {
        self.select(after, most, None).await
    }

    /// The tenant of a name.
    pub async fn tenant(&self, name: &str) -> Result<TenantRow, AdminError> {
        let found = self.select(TenantId(i64::MIN), 1, Some(name)).await?;
        found.into_iter().next().ok_or_else(|| AdminError::NoTenant(name.to_owned()))
    }

    async fn select(
        &self,
        after: TenantId,
        most: i64,
        name: Option<&str>,
    ) -> Result<Vec<TenantRow>, AdminError> {
        sqlx::query_as(include_str!("../queries/admin/tenants.sql"))
            .bind(&self.key_hash)
            .bind(after.0)
            .bind(i32::try_from(most).unwrap_or(i32::MAX))
            .bind(name)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list tenants"))
            .map_err(refused)
    }

    /// Gives a tenant a new key. Without any scope it could do nothing, so there must be one.
    pub async fn create_key(&self, name: &str, scopes: &[String]) -> Result<NewKey, AdminError> {
        check_scopes(scopes)?;
        let fresh = FreshKey::random();
        let found = sqlx::query_scalar::<_, bool>(include_str!("../queries/admin/create_key.sql"))
            .bind(&self.key_hash)
            .bind(name)
            .bind(&fresh.id)
            .bind(&fresh.hash)
            .bind(scopes)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("keep the API key's hash"))
            .map_err(refused)?;
        if !found {
            return Err(AdminError::NoTenant(name.to_owned()));
        }
        Ok(NewKey { tenant: name.to_owned(), key_id: fresh.id, key: fresh.key, scopes: scopes.to_vec() })
    }

    /// The keys of a tenant, oldest first, revoked ones included.
    pub async fn keys(&self, name: &str) -> Result<Vec<KeyRow>, AdminError> {
        self.tenant(name).await?;
        sqlx::query_as(include_str!("../queries/admin/keys.sql"))
            .bind(&self.key_hash)
            .bind(name)
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("list API keys"))
            .map_err(refused)
    }

    /// Revokes a key from now on; returns since when it is (RFC 3339). One that was revoked stays so.
    pub async fn revoke_key(&self, name: &str, key_id: &str) -> Result<String, AdminError> {
        self.tenant(name).await?;
        sqlx::query_scalar::<_, Option<String>>(include_str!("../queries/admin/revoke_key.sql"))
            .bind(&self.key_hash)
            .bind(name)
            .bind(key_id)
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("revoke the API key"))
            .map_err(refused)?
            .ok_or_else(|| AdminError::NoKey(key_id.to_owned()))
    }
}

/// The functions decide who may; a database without them decides nothing.
fn refused(error: DbError) -> AdminError {
    match error.sqlstate().as_deref() {
        Some("42501") => AdminError::Forbidden,
        _ => AdminError::Store(error),
    }
}

fn invalid(field: &'static str, detail: String, fix: &str) -> AdminError {
    AdminError::Invalid { field, detail, fix: fix.to_owned() }
}

fn check_name(name: &str) -> Result<(), AdminError> {
    let allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    let starts_well = name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if starts_well && name.len() <= 63 && name.as_bytes().iter().all(allowed) {
        return Ok(());
    }
    let fix = "use 1 to 63 lower-case letters, digits, _ and -, the first a letter or digit";
    Err(invalid("name", format!("{name:?} can't be the name of a tenant"), fix))
}

fn check_limits(
    limits: [Option<i64>; 3],
    crawlers: Option<i32>,
    weight: Option<i32>,
) -> Result<(), AdminError> {
    for (field, value) in ["monthly_pages", "monthly_tokens", "storage_bytes"].into_iter().zip(limits) {
        if let Some(value) = value.filter(|value| *value < 0) {
            return Err(invalid(
                field,
                format!("{value} is negative"),
                "use 0 or more, or null for no limit",
            ));
        }
    }
    if let Some(value) = crawlers.filter(|value| *value < 1) {
        return Err(invalid("max_crawlers", format!("{value} is not positive"), "use at least 1"));
    }
    match weight.filter(|value| !(1..=1000).contains(value)) {
        Some(value) => Err(invalid("weight", format!("{value} is out of range"), "use 1 to 1000")),
        None => Ok(()),
    }
}

fn check_scopes(scopes: &[String]) -> Result<(), AdminError> {
    let fix = "use one or more of read, crawl, admin";
    if scopes.is_empty() {
        return Err(invalid("scopes", "a key without a scope could do nothing".to_owned(), fix));
    }
    match scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        Some(scope) => Err(invalid("scopes", format!("there is no scope {scope:?}"), fix)),
        None => Ok(()),
    }
}

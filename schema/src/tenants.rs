//! Tenants and their API keys.

use rad_core::ids::TenantId;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};

use crate::db::{Db, DbError};

/// Prefix of every key, for secret scanners.
const KEY_PREFIX: &str = "rad_live_";

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// What the key may do.
    pub scopes: Vec<String>,
}

/// SHA-256 of a key: 256 random bits need no slow hash.
fn fingerprint(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

impl Db {
    /// The tenant of an API key; none when the key is unknown or revoked.
    pub async fn caller(&self, key: &str) -> Result<Option<Caller>, DbError> {
        let row =
            sqlx::query_as::<_, (i64, String, Vec<String>)>(include_str!("../queries/tenants/by_key.sql"))
                .bind(fingerprint(key))
                .fetch_optional(&self.pool)
                .await
                .map_err(DbError::doing("look an API key up"))?;
        Ok(row.map(|(tenant, name, scopes)| Caller { tenant: TenantId(tenant), name, scopes }))
    }
}

/// Makes a tenant (or finds the one of that name) and gives it a new API key, which is returned once and stored
/// only as a hash. Takes the owner's URL: the processes' role may not make tenants.
pub async fn create(
    owner_url: &str,
    name: &str,
    monthly_pages: Option<i64>,
) -> Result<(TenantId, String), DbError> {
    let secret: [u8; 32] = rand::random();
    let key_id = uuid::Uuid::from_bytes(rand::random()).simple().to_string();
    let key = format!("{KEY_PREFIX}{}_{}", &key_id[..8], hex(&secret));
    let mut connection =
        PgConnection::connect(owner_url).await.map_err(DbError::doing("connect as the owner"))?;
    let tenant = sqlx::query_scalar::<_, i64>(include_str!("../queries/tenants/insert.sql"))
        .bind(name)
        .bind(monthly_pages)
        .fetch_one(&mut connection)
        .await
        .map_err(DbError::doing("make the tenant"))?;
    sqlx::query(include_str!("../queries/tenants/insert_key.sql"))
        .bind(tenant)
        .bind(&key_id[..8])
        .bind(fingerprint(&key))
        .execute(&mut connection)
        .await
        .map_err(DbError::doing("keep the API key's hash"))?;
    Ok((TenantId(tenant), key))
}

/// Sets how many pages a tenant may store in a month; none for no limit. Crawls that wait for it go on. Takes the
/// owner's URL.
pub async fn limit_pages(
    owner_url: &str,
    tenant: TenantId,
    monthly_pages: Option<i64>,
) -> Result<(), DbError> {
    let mut connection =
        PgConnection::connect(owner_url).await.map_err(DbError::doing("connect as the owner"))?;
    sqlx::query(include_str!("../queries/tenants/limit_pages.sql"))
        .bind(tenant.0)
        .bind(monthly_pages)
        .execute(&mut connection)
        .await
        .map_err(DbError::doing("set the tenant's monthly pages"))
        .map(drop)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all writes");
        text
    })
}

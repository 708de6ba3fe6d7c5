//! A process refuses to start under a role that could see through row security.

use thiserror::Error;

use crate::db::{Db, DbError};

/// The role is not fit for a process of the fleet.
#[derive(Debug, Error)]
pub enum RoleError {
    /// The check itself failed.
    #[error("check the database role")]
    Check(#[source] DbError),
    /// Rows of several tenants would be visible. Each reason names the role or table.
    #[error("DATABASE_URL must name a role that row security binds, such as rad_app: {}", listed(reasons))]
    SeesThrough {
        /// Every reason found.
        reasons: Vec<String>,
    },
}

/// The first reasons say enough: an owner has one for every table.
fn listed(reasons: &[String]) -> String {
    const SHOWN: usize = 3;
    let more = reasons.len().saturating_sub(SHOWN);
    let shown = reasons[..reasons.len().min(SHOWN)].join("; ");
    if more == 0 { shown } else { format!("{shown}; and {more} more reasons") }
}

/// Fails unless row security binds the pool's role on every tenant table.
pub async fn check(db: &Db) -> Result<(), RoleError> {
    let reasons = sqlx::query_scalar::<_, String>(include_str!("../queries/roles/sees_through.sql"))
        .fetch_all(&db.pool)
        .await
        .map_err(DbError::doing("read the role's rights"))
        .map_err(RoleError::Check)?;
    if reasons.is_empty() { Ok(()) } else { Err(RoleError::SeesThrough { reasons }) }
}

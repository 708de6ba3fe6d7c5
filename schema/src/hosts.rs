//! Hosts, shared by all tenants: their numbers, robots.txt and push-backs.

use std::collections::HashMap;
use std::time::Duration;

use rad_core::ids::HostId;
use rad_core::url::HostKey;

use crate::db::{Db, DbError, millis};
use crate::window::HostTerms;

/// What is known of a host's robots.txt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RobotsCopy {
    /// The file.
    Found(Vec<u8>),
    /// There is none: everything is allowed.
    AllowAll,
    /// It can't be read: nothing is allowed for now.
    Unreachable,
}

impl RobotsCopy {
    fn state(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::AllowAll => "allow_all",
            Self::Unreachable => "unreachable",
        }
    }

    fn body(&self) -> Option<&[u8]> {
        match self {
            Self::Found(body) => Some(body),
            Self::AllowAll | Self::Unreachable => None,
        }
    }
}

impl Db {
    /// The numbers of hosts, given out where they have none.
    pub async fn intern_hosts(&self, keys: &[HostKey]) -> Result<HashMap<HostKey, HostId>, DbError> {
        let names: Vec<_> = keys.iter().map(|key| key.as_str().to_owned()).collect();
        let rows: HashMap<String, i64> =
            sqlx::query_as::<_, (String, i64)>(include_str!("../queries/hosts/intern.sql"))
                .bind(names)
                .fetch_all(&self.pool)
                .await
                .map_err(DbError::doing("give hosts their numbers"))?
                .into_iter()
                .collect();
        Ok(keys.iter().filter_map(|key| Some((key.clone(), HostId(*rows.get(key.as_str())?)))).collect())
    }

    /// The fleet's copy of a host's robots.txt and how long it is still good; none when it must be fetched.
    pub async fn robots(&self, host: HostId) -> Result<Option<(RobotsCopy, Duration)>, DbError> {
        let row =
            sqlx::query_as::<_, (String, Option<Vec<u8>>, i64)>(include_str!("../queries/hosts/robots.sql"))
                .bind(host.0)
                .fetch_optional(&self.pool)
                .await
                .map_err(DbError::doing("read a host's robots.txt"))?;
        Ok(row.map(|(state, body, expires_in_ms)| {
            let copy = match (state.as_str(), body) {
                ("found", body) => RobotsCopy::Found(body.unwrap_or_default()),
                ("allow_all", _) => RobotsCopy::AllowAll,
                _ => RobotsCopy::Unreachable,
            };
            (copy, Duration::from_millis(expires_in_ms.max(0).unsigned_abs()))
        }))
    }

    /// Keeps a host's robots.txt for `keep`, and what the host allows, for the whole fleet.
    pub async fn store_robots(
        &self,
        host: HostId,
        robots: &RobotsCopy,
        keep: Duration,
        terms: HostTerms,
    ) -> Result<(), DbError> {
        sqlx::query(include_str!("../queries/hosts/store_robots.sql"))
            .bind(host.0)
            .bind(robots.state())
            .bind(robots.body())
            .bind(millis(keep))
            .bind(millis(terms.delay))
            .bind(i32::try_from(terms.max_concurrency).unwrap_or(i32::MAX))
            .execute(&self.pool)
            .await
            .map_err(DbError::doing("keep a host's robots.txt"))
            .map(drop)
    }

    /// Nobody contacts `host` before `wait` has passed, whatever becomes of Redis.
    pub async fn push_back(&self, host: HostId, wait: Duration) -> Result<(), DbError> {
        sqlx::query(include_str!("../queries/hosts/push_back.sql"))
            .bind(host.0)
            .bind(millis(wait))
            .execute(&self.pool)
            .await
            .map_err(DbError::doing("push a host's clock back"))
            .map(drop)
    }
}

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

/// How long a copy of a robots.txt is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What the host has just said, or that it did not answer.
    pub told: Duration,
    /// The copy of before, where it did not answer.
    pub retained: Duration,
}

impl RobotsCopy {
    fn stored(state: &str, body: Option<Vec<u8>>) -> Self {
        match state {
            "found" => Self::Found(body.unwrap_or_default()),
            "allow_all" => Self::AllowAll,
            _ => Self::Unreachable,
        }
    }

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
            (RobotsCopy::stored(&state, body), Duration::from_millis(expires_in_ms.max(0).unsigned_abs()))
        }))
    }

    /// Keeps what a host's robots.txt came to, and what the host allows, for the whole fleet. Returns the copy that
    /// holds and for how long: where the file is unreachable, one of the last 30 days stays in force.
    pub async fn store_robots(
        &self,
        host: HostId,
        robots: &RobotsCopy,
        keep: Keep,
        terms: HostTerms,
    ) -> Result<(RobotsCopy, Duration), DbError> {
        let row = sqlx::query_as::<_, (String, Option<Vec<u8>>, i64)>(include_str!(
            "../queries/hosts/store_robots.sql"
        ))
        .bind(host.0)
        .bind(robots.state())
        .bind(robots.body())
        .bind(millis(keep.told))
        .bind(millis(keep.retained))
        .bind(millis(terms.delay))
        .bind(i32::try_from(terms.max_concurrency).unwrap_or(i32::MAX))
        .fetch_optional(&self.pool)
        .await
        .map_err(DbError::doing("keep a host's robots.txt"))?;
        Ok(row.map_or_else(
            || (robots.clone(), keep.told),
            |(state, body, kept_ms)| {
                (RobotsCopy::stored(&state, body), Duration::from_millis(kept_ms.unsigned_abs()))
            },
        ))
    }

    /// Whether `host` may be asked now, outside its clock, for the robots.txt of another host: once in `gap` over the
    /// whole fleet, or in the host's own delay where that is longer. A yes is used up by asking.
    pub async fn visit(&self, host: HostId, gap: Duration) -> Result<bool, DbError> {
        sqlx::query_scalar(include_str!("../queries/hosts/visit.sql"))
            .bind(host.0)
            .bind(millis(gap))
            .fetch_one(&self.pool)
            .await
            .map_err(DbError::doing("ask for a visit to a host"))
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

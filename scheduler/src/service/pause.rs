//! Why a running crawl does not go on: a limit of its tenant.
//!
//! The commit refuses what passes a limit and the URLs wait; nothing changes the crawl's row. So the pause is read
//! off the limits, and ends by itself when they have room again.

use rad_core::ids::TenantId;
use rad_schema::jobs::JobStatus;
use rad_schema::tenants::LimitRow;
use serde::Serialize;

use super::{Service, ServiceError};

/// What a crawl waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pause {
    verdict: &'static str,
    limit: &'static str,
    used: i64,
    allowed: i64,
    /// When it goes on by itself; none when somebody has to act.
    resumes_at: Option<String>,
    next_step: &'static str,
}

/// Whether a crawl is one that waits while its tenant has no room.
pub(super) fn can_wait(status: &JobStatus) -> bool {
    status.state == "running" && status.open() > 0
}

impl Service {
    /// What holds all running crawls of the tenant; none while it has room.
    pub(super) async fn pause(&self, tenant: TenantId) -> Result<Option<Pause>, ServiceError> {
        let Some(mut pause) = reached(&self.db.tenant_limits(tenant).await?) else {
            return Ok(None);
        };
        // A tenant that may store nothing at all will not be able to next month either.
        if pause.limit.starts_with("monthly_") && pause.allowed > 0 {
            pause.resumes_at = Some(self.db.next_month().await?);
        }
        Ok(Some(pause))
    }
}

/// The limit that is reached. Storage first: with both reached, the next month alone changes nothing.
fn reached(limits: &[LimitRow]) -> Option<Pause> {
    [
        ("storage_bytes", "raise storage_bytes of the tenant; the crawl then goes on by itself."),
        ("monthly_tokens", "raise monthly_tokens of the tenant, or wait for the next month (UTC)."),
        ("monthly_pages", "raise monthly_pages of the tenant, or wait for the next month (UTC)."),
    ]
    .into_iter()
    .find_map(|(limit, next_step)| {
        let row = limits.iter().find(|row| row.limit == limit && row.reached)?;
        let (used, allowed) = (row.used.unwrap_or(0), row.allowed?);
        Some(Pause { verdict: "quota", limit, used, allowed, resumes_at: None, next_step })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(limit: &str, used: i64, allowed: Option<i64>) -> LimitRow {
        LimitRow {
            limit: limit.to_owned(),
            used: Some(used),
            allowed,
            left: allowed.map(|allowed| (allowed - used).max(0)),
            reached: allowed.is_some_and(|allowed| used >= allowed),
        }
    }

    #[test]
    fn only_a_reached_limit_of_pages_or_bytes_pauses() {
        assert_eq!(reached(&[row("monthly_pages", 5, None), row("storage_bytes", 5, Some(6))]), None);
        assert_eq!(reached(&[row("max_crawlers", 5, Some(5))]), None);
        let pages = reached(&[row("monthly_pages", 30, Some(30)), row("storage_bytes", 5, None)]).unwrap();
        assert_eq!((pages.limit, pages.used, pages.allowed), ("monthly_pages", 30, 30));
    }

    #[test]
    fn full_storage_is_told_before_a_month_that_is_used_up() {
        let both = reached(&[row("monthly_pages", 30, Some(30)), row("storage_bytes", 9, Some(9))]).unwrap();
        assert_eq!(both.limit, "storage_bytes");
    }
}

//! Tasks that their workers die with: who is suspected, who is given up, and how a failed URL gets another life.
//!
//! A death counts against everything that the dead worker had in hand, so the innocent are counted with the culprit.
//! After [`SUSPECT_DEATHS`] a task is claimed alone: the next death is its own, and with it the task ends with the
//! verdict `poison`. Its history stays, also when the task is taken up again by command.

use std::collections::{BTreeSet, HashMap};

use rad_core::ids::{HostId, JobId, TenantId};
use sqlx::FromRow;

use crate::db::{Db, DbError};
use crate::window::{DeadLease, Fate, Lane};

/// Deaths after which a task is claimed alone.
pub const SUSPECT_DEATHS: i16 = 2;
/// Deaths after which a task has ended. The last one was suffered alone.
pub const MAX_DEATHS: i16 = 3;

/// What became of the tasks of dead workers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Every lease that was asked about, with where its task goes.
    pub fates: Vec<(DeadLease, Fate)>,
    /// Tasks that these deaths have ended.
    pub poisoned: u64,
}

/// The effect of a command to retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// The tenant has no such crawl.
    Unknown,
    /// The crawl was cancelled, and stays so.
    Cancelled,
    /// So many URLs are open again, in these lanes. With none the crawl is as it was.
    Reopened {
        /// URLs.
        urls: i64,
        /// Where they wait.
        lanes: Vec<Lane>,
    },
}

impl Db {
    /// Counts deaths of workers against the tasks they held, each death of an incarnation once however often this is
    /// asked, and says where the tasks go.
    pub async fn count_deaths(&self, leases: &[DeadLease]) -> Result<Judgement, DbError> {
        #[derive(FromRow)]
        struct Row {
            tenant_id: i64,
            task_id: i64,
            deaths: i16,
            is_open: bool,
            ended_now: bool,
        }
        let rows = sqlx::query_as::<_, Row>(include_str!("../queries/crawl_urls/count_deaths.sql"))
            .bind(leases.iter().map(|lease| lease.tenant.0).collect::<Vec<_>>())
            .bind(leases.iter().map(|lease| lease.task.0).collect::<Vec<_>>())
            .bind(leases.iter().map(|lease| lease.worker.0).collect::<Vec<_>>())
            .bind(i32::from(MAX_DEATHS))
            .fetch_all(&self.pool)
            .await
            .map_err(DbError::doing("count the deaths of workers"))?;
        let poisoned = rows.iter().map(|row| u64::from(row.ended_now)).sum();
        let fates: HashMap<_, _> =
            rows.iter().map(|row| ((row.tenant_id, row.task_id), fate(row.is_open, row.deaths))).collect();
        let fate_of = |lease: &DeadLease| {
            // What the ledger does not know any more needs no place in the window.
            fates.get(&(lease.tenant.0, lease.task.0)).copied().unwrap_or(Fate::Gone)
        };
        Ok(Judgement { fates: leases.iter().map(|lease| (*lease, fate_of(lease))).collect(), poisoned })
    }

    /// Opens failed URLs of a crawl again, all or those with one verdict, as if they had never been tried; their
    /// history of deaths stays. A completed crawl runs again, a cancelled one does not.
    ///
    /// A crawl that has stored its maximum ends again at once: raise nothing, and nothing is fetched.
    pub async fn retry_failed(
        &self,
        tenant: TenantId,
        job: JobId,
        verdict: Option<&str>,
    ) -> Result<Retried, DbError> {
        let mut tx = self.tenant(tenant).await?;
        // Waits for commits in flight, and keeps others out until the counters are those of the rows again.
        let state: Option<String> = sqlx::query_scalar(include_str!("../queries/jobs/hold.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("hold the crawl"))?;
        match state.as_deref() {
            None => return Ok(Retried::Unknown),
            Some("cancelled") => return Ok(Retried::Cancelled),
            Some(_) => {}
        }
        let reopened: Vec<(i64, i64)> = sqlx::query_as(include_str!("../queries/crawl_urls/reopen.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(verdict)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("open failed URLs again"))?;
        let hosts: BTreeSet<_> = reopened.iter().map(|(host, _)| HostId(*host)).collect();
        let urls = reopened.iter().map(|(_, urls)| urls).sum();
        if urls > 0 {
            for (statement, doing) in [
                (include_str!("../queries/job_progress/drop_reasons.sql"), "forget the reasons of none"),
                (include_str!("../queries/jobs/reopen.sql"), "let the crawl run again"),
            ] {
                sqlx::query(statement)
                    .bind(tenant.0)
                    .bind(job.0)
                    .execute(&mut *tx)
                    .await
                    .map_err(DbError::doing(doing))?;
            }
        }
        tx.commit().await.map_err(DbError::doing("commit the retry"))?;
        let lanes = hosts.into_iter().map(|host| Lane { tenant, host }).collect();
        Ok(Retried::Reopened { urls, lanes })
    }
}

fn fate(is_open: bool, deaths: i16) -> Fate {
    match (is_open, deaths >= SUSPECT_DEATHS) {
        (false, _) => Fate::Gone,
        (true, true) => Fate::Alone,
        (true, false) => Fate::Back,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_suspected_before_it_is_given_up() {
        assert_eq!([0, 1, 2].map(|deaths| fate(true, deaths)), [Fate::Back, Fate::Back, Fate::Alone]);
        assert_eq!(fate(false, MAX_DEATHS), Fate::Gone);
        assert_eq!(fate(false, 1), Fate::Gone, "it has ended well in the meantime");
    }
}

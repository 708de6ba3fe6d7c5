//! Committing finished tasks: one transaction for a batch of one tenant, every effect once.
//!
//! The order inside the transaction is fixed, so that two commits wait for each other in one direction: job rows
//! (shared), redirect targets, documents by hash, chunks, links by hash, ledger rows, counters last. A task ends
//! only from the open state and under the fence it was hydrated with; what is no longer ours writes nothing. A
//! limit is tested by the counters' own update; what does not fit is taken out and the rest is tried again.

mod attempt;
mod counters;
mod documents;
mod fates;
mod outcome;
mod rows;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

pub use outcome::{Applied, Committed, End, Excluded, Link, Outcome, PageContent};
use rad_core::ids::{JobId, TaskId, TenantId};
use rad_core::verdict::Verdict;
pub(crate) use rows::insert_links;

use self::attempt::{Attempt, Refusal};
use crate::db::{Db, DbError};
use crate::process::metrics::Timing;

/// Deadlocks and races resolve at once; a restarting server needs some seconds.
const MAX_FAILURES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(5);

const MONTH_FULL: &str = "the tenant's monthly pages are used up";
const STORAGE_FULL: &str = "the tenant's storage has no room for it";

/// Longer than any statement may take: a path to Postgres that drops packets silently never answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// A commit of which some part could not be made. The tasks without an answer are open still, or after a lost
/// connection the ledger knows.
#[derive(Debug, thiserror::Error)]
#[error("commit a batch of tenant {tenant}")]
pub struct CommitError {
    /// The tenant.
    pub tenant: TenantId,
    /// What was committed all the same.
    pub committed: Box<Committed>,
    /// The last failure.
    #[source]
    pub source: DbError,
}

impl Db {
    /// Commits the outcomes of one tenant, each task at most once among them. Every outcome gets an answer, or
    /// the error says what was answered.
    pub async fn commit(&self, tenant: TenantId, outcomes: Vec<Outcome>) -> Result<Committed, CommitError> {
        let mut committed = Committed::default();
        let mut pending = vec![outcomes];
        let mut failure = None;
        while let Some(batch) = pending.pop() {
            if let Err(error) = self.commit_batch(tenant, batch, &mut committed, &mut pending).await {
                // Postgres is away: the other parts would wait as long for the same.
                let hopeless = error.is_retryable();
                failure = Some(error);
                if hopeless {
                    break;
                }
            }
        }
        match failure {
            None => Ok(committed),
            Some(source) => Err(CommitError { tenant, committed: Box::new(committed), source }),
        }
    }

    /// Tries a batch until it is through or handed back to `pending` in smaller parts.
    async fn commit_batch(
        &self,
        tenant: TenantId,
        mut batch: Vec<Outcome>,
        committed: &mut Committed,
        pending: &mut Vec<Vec<Outcome>>,
    ) -> Result<(), DbError> {
        let mut failures = 0;
        while !batch.is_empty() {
            let timing = Timing::query("commit");
            let attempt = tokio::time::timeout(ATTEMPT_TIMEOUT, self.attempt(tenant, &batch)).await;
            drop(timing);
            match attempt.unwrap_or(Err(DbError::TimedOut)) {
                Ok(Attempt::Done(done)) => {
                    committed.merge(done);
                    return Ok(());
                }
                Ok(Attempt::Refused(refusal)) => {
                    batch = self.without_refused(tenant, batch, refusal, committed, pending).await?;
                }
                // A value that Postgres refuses, or an error that nobody foresaw: one page must not keep the
                // others from being stored.
                Err(error)
                    if (error.is_data_error() && !is_given_up(&batch))
                        || (!error.is_retryable() && batch.len() > 1) =>
                {
                    split(batch, &error, pending);
                    return Ok(());
                }
                Err(error) if error.is_retryable() && failures < MAX_FAILURES => {
                    failures += 1;
                    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(failures)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes out what the attempt refused and answers for it.
    async fn without_refused(
        &self,
        tenant: TenantId,
        batch: Vec<Outcome>,
        refusal: Refusal,
        committed: &mut Committed,
        pending: &mut Vec<Vec<Outcome>>,
    ) -> Result<Vec<Outcome>, DbError> {
        match refusal {
            Refusal::NotOurs(lost) => {
                let (lost, ours) = part(batch, |outcome| lost.contains(&outcome.task));
                committed.answer(&lost, Applied::NotOurs);
                Ok(ours)
            }
            Refusal::Later(later) => {
                let (later, now) = part(batch, |outcome| later.contains(&outcome.task));
                if now.is_empty() {
                    // They wait for each other (two pages swapped their contents): one after another.
                    pending.extend(later.into_iter().map(|outcome| vec![outcome]));
                } else {
                    pending.insert(0, later);
                }
                Ok(now)
            }
            Refusal::CrawlFull(job) => {
                let room = self.job_room(tenant, job).await?;
                let surplus = surplus(&batch, room, Some(job));
                let (surplus, fitting) = part(batch, |outcome| surplus.contains(&outcome.task));
                committed.answer(&surplus, Applied::CrawlFull);
                committed.finished = true;
                Ok(fitting)
            }
            Refusal::MonthFull => {
                let room = self.month_room(tenant).await?;
                let surplus = surplus(&batch, room, None);
                Ok(batch
                    .into_iter()
                    .map(|outcome| waiting_for_quota(outcome, &surplus, MONTH_FULL))
                    .collect())
            }
            Refusal::StorageFull(growth) => {
                let (surplus, least) = without_room(&batch, &growth, self.storage_room(tenant).await?);
                self.want_storage(tenant, least).await?;
                Ok(batch
                    .into_iter()
                    .map(|outcome| waiting_for_quota(outcome, &surplus, STORAGE_FULL))
                    .collect())
            }
        }
    }
}

fn part(batch: Vec<Outcome>, out: impl Fn(&Outcome) -> bool) -> (Vec<Outcome>, Vec<Outcome>) {
    batch.into_iter().partition(out)
}

/// The pages behind the first `room` ones. At least one, or a refused attempt would be repeated as it was.
fn surplus(batch: &[Outcome], room: usize, of: Option<JobId>) -> HashSet<TaskId> {
    let pages: Vec<_> = batch
        .iter()
        .filter(|outcome| matches!(outcome.end, End::Page(_)) && of.is_none_or(|job| outcome.job == job))
        .map(|outcome| outcome.task)
        .collect();
    let keep = room.min(pages.len().saturating_sub(1));
    pages[keep..].iter().copied().collect()
}

/// The pages that find no room when the batch is stored in its order, and the least growth among them. At least
/// one, or a refused attempt would be repeated as it was.
fn without_room(batch: &[Outcome], growth: &HashMap<TaskId, i64>, room: i64) -> (HashSet<TaskId>, i64) {
    let mut left = room;
    let mut surplus = Vec::new();
    let mut newest = None;
    for outcome in batch {
        let Some(more) = growth.get(&outcome.task).copied().filter(|more| *more > 0) else { continue };
        newest = Some((outcome.task, more));
        if more <= left {
            left -= more;
        } else {
            surplus.push((outcome.task, more));
        }
    }
    if surplus.is_empty() {
        // Another commit gave room back meanwhile.
        surplus.extend(newest);
    }
    let smallest = surplus.iter().map(|(_, more)| *more).min().unwrap_or(1);
    (surplus.into_iter().map(|(task, _)| task).collect(), smallest)
}

/// The page stays open and is fetched again when the limit allows.
fn waiting_for_quota(mut outcome: Outcome, surplus: &HashSet<TaskId>, evidence: &str) -> Outcome {
    if surplus.contains(&outcome.task) {
        outcome.end = End::Wait {
            verdict: Verdict::Quota,
            evidence: evidence.to_owned(),
            wait: Duration::ZERO,
            failed: false,
        };
        outcome.links.clear();
        outcome.excluded = Excluded::default();
    }
    outcome
}

/// A culprit that stands alone and has nothing of its page left: what is refused now will be refused again.
fn is_given_up(batch: &[Outcome]) -> bool {
    matches!(batch, [Outcome { end: End::Failed { verdict: Verdict::Unstorable, .. }, .. }])
}

/// Postgres refuses some value: halves are tried alone, until the culprit stands alone and is given up.
fn split(mut batch: Vec<Outcome>, error: &DbError, pending: &mut Vec<Vec<Outcome>>) {
    if batch.len() > 1 {
        let second = batch.split_off(batch.len() / 2);
        pending.push(second);
        pending.push(batch);
    } else if let Some(mut culprit) = batch.pop() {
        let code = error.sqlstate().unwrap_or_default();
        culprit.end = End::Failed {
            verdict: Verdict::Unstorable,
            evidence: format!("Postgres refuses a value of the page (SQLSTATE {code})"),
        };
        culprit.links.clear();
        culprit.excluded = Excluded::default();
        pending.push(vec![culprit]);
    }
}

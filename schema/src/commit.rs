//! Committing finished tasks: one transaction for a batch of one tenant, every effect once.
//!
//! The order inside the transaction is fixed, so that two commits wait for each other in one direction: job rows
//! (shared), redirect targets, documents by hash, chunks, links by hash, ledger rows, counters last. A task ends
//! only from the open state and under the fence it was hydrated with; what is no longer ours writes nothing. A
//! limit is tested by the counters' own update; what does not fit is taken out and the rest is tried again.

mod attempt;
mod chunks;
mod counters;
mod delta;
mod documents;
mod fates;
mod outcome;
mod quota;
mod rows;
mod tally;

use std::time::Duration;

pub use outcome::{Applied, ChunkDelta, Committed, End, Excluded, Link, Outcome, PageContent, Settled};
use rad_core::ids::TenantId;
use rad_core::verdict::Verdict;
pub(crate) use rows::insert_links;

use self::attempt::{Attempt, Refusal};
use crate::db::{Db, DbError};
use crate::process::metrics::Timing;

/// Deadlocks and races resolve at once; a restarting server needs some seconds.
const MAX_FAILURES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(5);

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
            Refusal::Removed(tasks) => {
                let mut batch = batch;
                for outcome in batch.iter_mut().filter(|outcome| tasks.contains(&outcome.task)) {
                    fetch_whole(outcome);
                }
                Ok(batch)
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
                let surplus = quota::surplus(&batch, room, Some(job));
                let (surplus, fitting) = part(batch, |outcome| surplus.contains(&outcome.task));
                committed.answer(&surplus, Applied::CrawlFull);
                committed.finished = true;
                Ok(fitting)
            }
            Refusal::MonthFull => Ok(quota::without_month(batch, self.month_room(tenant).await?)),
            Refusal::TokensFull(tokens) => {
                let room = self.token_room(tenant).await?;
                let (batch, wanted) = quota::without_room(batch, &tokens, room, &quota::TOKENS);
                if let Some(wanted) = wanted {
                    self.want_tokens(tenant, wanted).await?;
                }
                Ok(batch)
            }
            Refusal::StorageFull(growth) => {
                let room = self.storage_room(tenant).await?;
                let (batch, wanted) = quota::without_room(batch, &growth, room, &quota::STORAGE);
                if let Some(wanted) = wanted {
                    self.want_storage(tenant, wanted).await?;
                }
                Ok(batch)
            }
        }
    }
}

/// What is stored of a page says nothing any more: without its validators it will be sent whole.
fn fetch_whole(outcome: &mut Outcome) {
    outcome.end = End::Wait {
        verdict: Verdict::Retry,
        evidence: "it is unchanged, but what was stored of it was removed meanwhile".to_owned(),
        wait: FIRST_PAUSE,
        failed: false,
    };
    outcome.links.clear();
    outcome.excluded = Excluded::default();
}

fn part(batch: Vec<Outcome>, out: impl Fn(&Outcome) -> bool) -> (Vec<Outcome>, Vec<Outcome>) {
    batch.into_iter().partition(out)
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
        culprit.settled.clear();
        culprit.excluded = Excluded::default();
        pending.push(vec![culprit]);
    }
}

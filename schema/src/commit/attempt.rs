//! One attempt at a commit: a single transaction that either applies the whole batch or refuses with a reason.

use std::collections::{BTreeMap, HashMap, HashSet};

use rad_core::ids::{Hash128, JobId, TaskId, TenantId};
use rad_core::verdict::{State, Verdict};
use sqlx::{Postgres, Transaction};

use super::counters::{self, Bill};
use super::fates::{Fate, StoredPages, page_of, store_pages};
use super::outcome::{Applied, Committed, End, Link, Outcome, PageContent, Settled};
use super::rows::{self, RowEnd};
use super::tally::{self, Tally};
use crate::db::{Db, DbError};
use crate::window::NewTask;

/// The result of an attempt.
pub(super) enum Attempt {
    Done(Committed),
    /// Nothing was written.
    Refused(Refusal),
}

/// Why an attempt was rolled back.
pub(super) enum Refusal {
    /// These rows are not open under our fence.
    NotOurs(HashSet<TaskId>),
    /// The stored pages that these found unchanged were removed meanwhile.
    Removed(HashSet<TaskId>),
    /// These must be committed after the others.
    Later(HashSet<TaskId>),
    CrawlFull(JobId),
    MonthFull,
    /// The month has no room for the tokens of all these.
    TokensFull(HashMap<TaskId, i64>),
    /// The storage has no room for the growth of all these.
    StorageFull(HashMap<TaskId, i64>),
}

type Known = HashMap<(JobId, Hash128), NewTask>;

impl Db {
    pub(super) async fn attempt(&self, tenant: TenantId, batch: &[Outcome]) -> Result<Attempt, DbError> {
        let mut tx = self.tenant_with_kept_plans(tenant).await?;
        let jobs = share_jobs(&mut tx, tenant, batch).await?;
        let (live, ended): (Vec<_>, Vec<_>) =
            batch.iter().partition(|outcome| jobs.contains_key(&outcome.job));
        let removed = removed(&mut tx, tenant, &live).await?;
        if !removed.is_empty() {
            return Ok(Attempt::Refused(Refusal::Removed(removed)));
        }
        let targets = insert_targets(&mut tx, tenant, &live).await?;
        let stored = match store_pages(&mut tx, tenant, &live, &targets).await? {
            Ok(stored) => stored,
            Err(refusal) => return Ok(Attempt::Refused(refusal)),
        };
        let fates = &stored.fates;
        let links = links_of(&live);
        let new = rows::insert_links(&mut tx, tenant, &links).await?;
        let settled = settle(&mut tx, tenant, &live).await?;
        let mut ends: Vec<_> = live.iter().flat_map(|outcome| row_ends(outcome, fates, &targets)).collect();
        ends.extend(settled.iter().map(SettledRow::end));
        let ranks = rows::end_rows(&mut tx, tenant, &ends).await?;
        let lost: HashSet<_> =
            live.iter().map(|outcome| outcome.task).filter(|task| !ranks.contains_key(task)).collect();
        if !lost.is_empty() {
            return Ok(Attempt::Refused(Refusal::NotOurs(lost)));
        }
        let tallies = sum_up(&live, &ends, &stored, &targets, &settled, &new);
        let mut finished = false;
        for (job, tally) in &tallies {
            match counters::count(&mut tx, tenant, *job, tally, jobs[job]).await? {
                Some(can_end) => finished |= can_end,
                None => return Ok(Attempt::Refused(Refusal::CrawlFull(*job))),
            }
        }
        counters::explain(&mut tx, tenant, &tallies).await?;
        let month_full = match counters::bill(&mut tx, tenant, &tallies, stored.growth.values().sum()).await?
        {
            Bill::Accepted { month_full } => month_full,
            Bill::MonthFull => return Ok(Attempt::Refused(Refusal::MonthFull)),
            Bill::TokensFull => return Ok(Attempt::Refused(Refusal::TokensFull(tokens_of(&live, fates)))),
            Bill::StorageFull => return Ok(Attempt::Refused(Refusal::StorageFull(stored.growth))),
        };
        tx.commit().await.map_err(DbError::doing("commit a batch of pages"))?;
        let mut applied: Vec<_> = ended.iter().map(|outcome| (outcome.task, Applied::CrawlEnded)).collect();
        applied.extend(live.iter().map(|outcome| (outcome.task, answer(outcome, &ends, &ranks))));
        let chunks = tally::deltas(&tallies);
        Ok(Attempt::Done(Committed {
            applied,
            new_tasks: new.into_values().collect(),
            finished,
            month_full,
            known: links.iter().chain(settled_links(&live)).map(|link| (link.job, link.hash)).collect(),
            stored: stored.growth.into_keys().collect(),
            chunks,
        }))
    }
}

/// Holds the crawls of the batch; those that still take effects, with their maxima.
async fn share_jobs(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    batch: &[Outcome],
) -> Result<HashMap<JobId, Option<i64>>, DbError> {
    let ids: Vec<_> = batch.iter().map(|outcome| outcome.job.0).collect::<HashSet<_>>().into_iter().collect();
    let rows = sqlx::query_as::<_, (i64, String, Option<i64>)>(include_str!("../../queries/jobs/share.sql"))
        .bind(tenant.0)
        .bind(ids)
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("hold the crawls of a commit"))?;
    Ok(rows
        .into_iter()
        // What was in flight when a crawl paused may still be stored.
        .filter(|(_, state, _)| matches!(state.as_str(), "running" | "paused"))
        .map(|(job, _, max_pages)| (JobId(job), max_pages))
        .collect())
}

/// Outcomes that found a document unchanged which is none any more.
async fn removed(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    live: &[&Outcome],
) -> Result<HashSet<TaskId>, DbError> {
    let unchanged = live.iter().filter_map(|outcome| match &outcome.end {
        End::Unchanged { document } => Some((outcome.task, document.as_ref()?.0)),
        _ => None,
    });
    let mut unchanged: HashMap<_, _> = unchanged.collect();
    if unchanged.is_empty() {
        return Ok(HashSet::new());
    }
    let alive = sqlx::query_scalar::<_, i64>(include_str!("../../queries/tombstones/live.sql"))
        .bind(tenant.0)
        .bind(unchanged.values().copied().collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("hold documents that are unchanged"))?;
    let alive: HashSet<_> = alive.into_iter().collect();
    unchanged.retain(|_, document| !alive.contains(document));
    Ok(unchanged.into_keys().collect())
}

/// Gives redirect targets their ledger rows, in our hand from the start. A target that is missing in the result
/// was known: its own task stores the page.
async fn insert_targets(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    live: &[&Outcome],
) -> Result<HashMap<TaskId, NewTask>, DbError> {
    let mut seen = HashSet::new();
    let targets: Vec<(TaskId, Link)> = live
        .iter()
        .filter_map(|outcome| {
            let mut link = page_of(outcome)?.redirect_target.clone()?;
            link.held = Some((outcome.fence, outcome.hydrated_us));
            Some((outcome.task, link))
        })
        .filter(|(_, link)| seen.insert((link.job, link.hash)))
        .collect();
    let links: Vec<_> = targets.iter().map(|(_, link)| link.clone()).collect();
    let mut inserted = rows::insert_links(tx, tenant, &links).await?;
    Ok(targets
        .into_iter()
        .filter_map(|(task, link)| Some((task, inserted.remove(&(link.job, link.hash))?)))
        .collect())
}

/// A row that is made to end at once.
struct SettledRow<'a> {
    task: TaskId,
    outcome: &'a Outcome,
    settled: &'a Settled,
}

impl<'a> SettledRow<'a> {
    fn end(&self) -> RowEnd<'a> {
        RowEnd {
            task: self.task,
            fence: self.outcome.fence,
            state: State::Skipped,
            verdict: self.settled.verdict,
            evidence: Some(&self.settled.evidence),
            document: None,
            failed_attempt: false,
            wait: None,
        }
    }
}

fn settled_links<'a>(live: &[&'a Outcome]) -> impl Iterator<Item = &'a Link> {
    live.iter().flat_map(|outcome| outcome.settled.iter().map(|settled| &settled.link))
}

/// Makes rows, in our hand from the start, for the URLs that are to end at once. Those that were known are not in the
/// result.
async fn settle<'a>(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    live: &[&'a Outcome],
) -> Result<Vec<SettledRow<'a>>, DbError> {
    let mut seen = HashSet::new();
    let wanted = live.iter().flat_map(|outcome| outcome.settled.iter().map(|settled| (*outcome, settled)));
    let wanted: Vec<_> =
        wanted.filter(|(_, settled)| seen.insert((settled.link.job, settled.link.hash))).collect();
    let held = |outcome: &Outcome, settled: &Settled| Link {
        held: Some((outcome.fence, outcome.hydrated_us)),
        ..settled.link.clone()
    };
    let links: Vec<_> = wanted.iter().map(|(outcome, settled)| held(outcome, settled)).collect();
    let mut made = rows::insert_links(tx, tenant, &links).await?;
    let rows = wanted.into_iter().filter_map(|(outcome, settled)| {
        let task = made.remove(&(settled.link.job, settled.link.hash))?.task;
        Some(SettledRow { task, outcome, settled })
    });
    Ok(rows.collect())
}

/// The batch's links, each once.
fn links_of(live: &[&Outcome]) -> Vec<Link> {
    let mut seen = HashSet::new();
    live.iter()
        .flat_map(|outcome| &outcome.links)
        .filter(|link| seen.insert((link.job, link.hash)))
        .cloned()
        .collect()
}

/// The ledger rows that an outcome ends: its own, and its redirect target's if that is new.
fn row_ends<'a>(
    outcome: &'a Outcome,
    fates: &'a HashMap<TaskId, Fate>,
    targets: &HashMap<TaskId, NewTask>,
) -> Vec<RowEnd<'a>> {
    let end = |state, verdict, evidence, document| RowEnd {
        task: outcome.task,
        fence: outcome.fence,
        state,
        verdict,
        evidence,
        document,
        failed_attempt: false,
        wait: None,
    };
    match &outcome.end {
        End::Page(page) => {
            let stored = match &fates[&outcome.task] {
                Fate::Stored(document) => {
                    end(State::Stored, Verdict::Stored, page.notes.as_deref(), Some(*document))
                }
                Fate::Unchanged(document) => end(State::Unchanged, Verdict::Unchanged, None, Some(*document)),
                Fate::Duplicate { document, of } => {
                    end(State::Duplicate, Verdict::Duplicate, Some(of.as_str()), Some(*document))
                }
                Fate::Superseded => end(State::Superseded, Verdict::Superseded, None, None),
                Fate::TargetKnown => {
                    return vec![end(State::Redirected, Verdict::Redirected, Some(&page.url), None)];
                }
            };
            match targets.get(&outcome.task) {
                Some(target) => vec![
                    end(State::Redirected, Verdict::Redirected, Some(&page.url), None),
                    RowEnd { task: target.task, ..stored },
                ],
                None => vec![stored],
            }
        }
        End::Unchanged { document } => {
            let document = document.map(|document| document.0);
            vec![end(State::Unchanged, Verdict::Unchanged, Some("304 Not Modified"), document)]
        }
        End::Redirected { to } => vec![end(State::Redirected, Verdict::Redirected, Some(to), None)],
        End::Skipped { verdict, evidence } => {
            vec![end(State::Skipped, *verdict, Some(evidence), None)]
        }
        End::Failed { verdict, evidence } => {
            vec![RowEnd { failed_attempt: true, ..end(State::Failed, *verdict, Some(evidence), None) }]
        }
        End::Wait { verdict, evidence, wait, failed } => vec![RowEnd {
            failed_attempt: *failed,
            wait: (!wait.is_zero()).then_some(*wait),
            ..end(State::Open, *verdict, Some(evidence), None)
        }],
    }
}

/// What the batch adds to each crawl, in the order in which the counters are locked.
fn sum_up(
    live: &[&Outcome],
    ends: &[RowEnd<'_>],
    stored: &StoredPages,
    targets: &HashMap<TaskId, NewTask>,
    settled: &[SettledRow<'_>],
    new: &Known,
) -> BTreeMap<JobId, Tally> {
    let mut tallies: BTreeMap<JobId, Tally> = BTreeMap::new();
    let mut job_of: HashMap<TaskId, JobId> = HashMap::new();
    for outcome in live {
        let tally = tallies.entry(outcome.job).or_default();
        job_of.insert(outcome.task, outcome.job);
        if let Some(target) = targets.get(&outcome.task) {
            job_of.insert(target.task, outcome.job);
            tally.discovered += 1;
        }
        // A page that waits is fetched again, and finds the same links.
        if !matches!(outcome.end, End::Wait { .. }) {
            tally.leave_out(&outcome.excluded);
        }
        if let (Some(page), Some(Fate::Stored(document))) =
            (page_of(outcome), stored.fates.get(&outcome.task))
        {
            tally.store(*document, stored.deltas.get(document));
            tally.chunks += i64::try_from(page.chunks.len()).unwrap_or(i64::MAX);
            tally.tokens += tokens(page);
        }
    }
    for row in settled {
        job_of.insert(row.task, row.outcome.job);
        tallies.entry(row.outcome.job).or_default().discovered += 1;
    }
    for (job, _) in new.keys() {
        tallies.entry(*job).or_default().discovered += 1;
    }
    for end in ends {
        let tally = tallies.entry(job_of[&end.task]).or_default();
        match (end.state, end.verdict) {
            (State::Open, Verdict::Quota) => tally.unstored += 1,
            (State::Open, _) => {}
            (state, verdict) => tally.end(state, verdict),
        }
    }
    tallies
}

fn tokens(page: &PageContent) -> i64 {
    page.chunks.iter().map(|chunk| i64::from(chunk.tokens)).sum()
}

/// What each page to be stored adds to the month's tokens.
fn tokens_of(live: &[&Outcome], fates: &HashMap<TaskId, Fate>) -> HashMap<TaskId, i64> {
    let stored = live.iter().filter(|outcome| matches!(fates.get(&outcome.task), Some(Fate::Stored(_))));
    stored.filter_map(|outcome| Some((outcome.task, tokens(page_of(outcome)?)))).collect()
}

fn answer(outcome: &Outcome, ends: &[RowEnd<'_>], ranks: &HashMap<TaskId, i64>) -> Applied {
    let end = ends.iter().find(|end| end.task == outcome.task).expect("every live outcome ends its own row");
    match (end.state, end.verdict) {
        (State::Open, Verdict::Quota) if end.wait.is_none() => Applied::Quota,
        (State::Open, _) => Applied::Waits { rank: ranks[&outcome.task] },
        (state, _) => Applied::Ended(state),
    }
}

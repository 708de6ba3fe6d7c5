//! Rounds of the same rows: copied, then committed.

use std::time::{Duration, Instant};

use rad_schema::bench::{ChunkRow, PlainCopy};
use rad_schema::commit::Outcome;
use rad_schema::documents::Compressor;
use tokio::task::JoinSet;

use super::pages::Prepared;
use super::stand::{InHand, Stand};
use super::{CommitError, CommitOptions};
use crate::cost::Spent;
use crate::web::{Site, SiteSpec};

/// One way of writing the rows of a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) rows: usize,
    pub(super) wall: Duration,
    /// Processor time of Postgres.
    pub(super) server: Duration,
}

/// What a round brought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub(super) pages: usize,
    pub(super) copied: Way,
    pub(super) committed: Way,
}

pub(super) async fn measure(stand: &mut Stand, options: &CommitOptions) -> Result<Vec<Round>, CommitError> {
    let site =
        Site::new(SiteSpec { pages: options.pages, body_bytes: options.body_bytes, ..SiteSpec::default() });
    let mut rounds = Vec::new();
    // The first one warms up: plans, caches, files.
    for number in 0..=options.rounds {
        let round = round(stand, &site, number, options).await?;
        if number > 0 {
            rounds.push(round);
        }
    }
    let torn = stand.db.torn_documents(stand.tenant).await?;
    if torn.is_empty() { Ok(rounds) } else { Err(CommitError::Broken(format!("torn documents: {torn:?}"))) }
}

async fn round(
    stand: &mut Stand,
    site: &Site,
    number: u32,
    options: &CommitOptions,
) -> Result<Round, CommitError> {
    let mut compressor = Compressor::default();
    let pages: Vec<_> =
        (0..options.pages).map(|page| Prepared::new(site, page, number, &mut compressor)).collect();
    let batch = usize::try_from(options.batch).unwrap_or(usize::MAX);
    let in_hand = stand.crawl(number, pages.len()).await?;
    let batches = pages.chunks(batch).map(<[_]>::to_vec).collect();
    let first = i64::from(number) * i64::from(options.pages) + 1;
    let copied = copy(stand, batches, first, options.connections).await?;
    let committed = commit(stand, pages, &in_hand, options).await?;
    if copied.rows != committed.rows {
        let told = format!("{} chunks were copied and {} committed", copied.rows, committed.rows);
        return Err(CommitError::Broken(told));
    }
    Ok(Round { pages: in_hand.len(), copied, committed })
}

/// Copies the chunks of each batch in a transaction, as those of the documents from `first` on.
async fn copy(
    stand: &Stand,
    batches: Vec<Vec<Prepared>>,
    first: i64,
    connections: u32,
) -> Result<Way, CommitError> {
    let tenant = stand.tenant.0;
    let mut hands = Vec::new();
    for _ in 0..connections {
        hands.push(PlainCopy::connect(&stand.owner_url()).await?);
    }
    let mut next = first;
    let numbered = batches.into_iter().map(|pages| {
        let first = next;
        next += i64::try_from(pages.len()).unwrap_or(i64::MAX);
        (first, pages)
    });
    let shares = dealt(numbered, hands.len());
    let (began, spent) = (Instant::now(), Spent::now());
    let mut copies = JoinSet::new();
    for (mut hand, share) in hands.into_iter().zip(shares) {
        copies.spawn(async move {
            let mut rows = 0;
            for (first, pages) in share {
                rows += hand.copy(&rows_of(tenant, first, &pages)).await?;
            }
            Ok::<_, CommitError>(usize::try_from(rows).unwrap_or(usize::MAX))
        });
    }
    way(copies, began, &spent).await
}

fn rows_of(tenant: i64, first: i64, pages: &[Prepared]) -> Vec<ChunkRow<'_>> {
    let numbered = (first..).zip(pages);
    numbered
        .flat_map(|(document, page)| {
            page.chunks.iter().map(move |chunk| ChunkRow { tenant, document, chunk })
        })
        .collect()
}

/// Commits each batch, as a worker does.
async fn commit(
    stand: &Stand,
    pages: Vec<Prepared>,
    in_hand: &[InHand],
    options: &CommitOptions,
) -> Result<Way, CommitError> {
    let outcomes: Vec<_> =
        pages.into_iter().zip(in_hand).map(|(page, (task, claim))| page.outcome(task, claim)).collect();
    let batch = usize::try_from(options.batch).unwrap_or(usize::MAX);
    let batches: Vec<Vec<Outcome>> = outcomes.chunks(batch).map(<[_]>::to_vec).collect();
    let shares = dealt(batches.into_iter(), usize::try_from(options.connections).unwrap_or(1));
    let (began, spent) = (Instant::now(), Spent::now());
    let mut commits = JoinSet::new();
    for share in shares {
        let (db, tenant) = (stand.db.clone(), stand.tenant);
        commits.spawn(async move {
            let mut rows = 0;
            for outcomes in share {
                rows += db.commit(tenant, outcomes).await?.chunks.added;
            }
            Ok::<_, CommitError>(usize::try_from(rows).unwrap_or(usize::MAX))
        });
    }
    way(commits, began, &spent).await
}

async fn way(
    mut hands: JoinSet<Result<usize, CommitError>>,
    began: Instant,
    spent: &Spent,
) -> Result<Way, CommitError> {
    let mut rows = 0;
    while let Some(hand) = hands.join_next().await {
        rows += hand.map_err(|error| CommitError::Broken(error.to_string()))??;
    }
    Ok(Way { rows, wall: began.elapsed(), server: Spent::now().postgres_since(spent) })
}

/// Deals `items` out in turns.
fn dealt<T>(items: impl Iterator<Item = T>, hands: usize) -> Vec<Vec<T>> {
    let mut shares: Vec<Vec<T>> = (0..hands.max(1)).map(|_| Vec::new()).collect();
    let count = shares.len();
    for (number, item) in items.enumerate() {
        shares[number % count].push(item);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_dealt_in_turns() {
        assert_eq!(dealt(0..5, 2), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(dealt(0..1, 0), [vec![0]]);
    }
}

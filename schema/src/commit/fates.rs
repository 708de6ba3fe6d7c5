//! What becomes of each page of a commit, and the writing of those that are stored.

use std::collections::{HashMap, HashSet};

use rad_core::ids::{Hash128, TaskId, TenantId};
use sqlx::{Postgres, Transaction};

use super::attempt::Refusal;
use super::chunks;
use super::delta::Deltas;
use super::documents::{self, Owner, Written};
use super::outcome::{End, Outcome, PageContent};
use crate::db::DbError;
use crate::window::NewTask;

/// What became of one page.
pub(super) enum Fate {
    Stored(i64),
    Unchanged(i64),
    Duplicate {
        document: i64,
        of: String,
    },
    Superseded,
    /// The redirect's target has a ledger row of its own, which stores the page.
    TargetKnown,
}

/// The pages of a commit, written.
#[derive(Default)]
pub(super) struct StoredPages {
    pub(super) fates: HashMap<TaskId, Fate>,
    /// Bytes that the tenant keeps more than before, for each page with a new content.
    pub(super) growth: HashMap<TaskId, i64>,
    /// Chunks that came and went.
    pub(super) deltas: Deltas,
}

pub(super) fn page_of(outcome: &Outcome) -> Option<&PageContent> {
    match &outcome.end {
        End::Page(page) => Some(page),
        _ => None,
    }
}

/// Decides what becomes of every page, and writes those that are stored.
pub(super) async fn store_pages(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    live: &[&Outcome],
    targets: &HashMap<TaskId, NewTask>,
) -> Result<Result<StoredPages, Refusal>, DbError> {
    let mut stored = StoredPages::default();
    let mut pages = Vec::new();
    for outcome in live {
        let Some(page) = page_of(outcome) else {
            continue;
        };
        if page.redirect_target.is_some() && !targets.contains_key(&outcome.task) {
            stored.fates.insert(outcome.task, Fate::TargetKnown);
        } else {
            pages.push((*outcome, page));
        }
    }
    if pages.is_empty() {
        return Ok(Ok(stored));
    }
    let owners = documents::owners(tx, tenant, &pages).await?;
    let later = conflicting(&pages, &owners);
    if !later.is_empty() {
        return Ok(Err(Refusal::Later(later)));
    }
    let (duplicates, fresh): (Vec<_>, Vec<_>) = pages.into_iter().partition(|(_, page)| {
        owners.get(&page.content_hash).is_some_and(|owner| owner.url_hash != page.url_hash)
    });
    for (outcome, page) in duplicates {
        let owner = &owners[&page.content_hash];
        stored
            .fates
            .insert(outcome.task, Fate::Duplicate { document: owner.document, of: owner.url.clone() });
    }
    if !fresh.is_empty() {
        let written = documents::upsert(tx, tenant, &fresh).await?;
        (stored.growth, stored.deltas) = write_contents(tx, tenant, &fresh, &written).await?;
        stored.fates.extend(
            fresh.iter().map(|(outcome, page)| (outcome.task, fate(page, written.get(&page.url_hash)))),
        );
    }
    Ok(Ok(stored))
}

/// Bodies and chunks of the pages whose content is new. By how many bytes the tenant's storage grew with each, and
/// which chunks came and went.
async fn write_contents(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    fresh: &[(&Outcome, &PageContent)],
    written: &HashMap<Hash128, Written>,
) -> Result<(HashMap<TaskId, i64>, Deltas), DbError> {
    let changed: Vec<_> = fresh
        .iter()
        .filter_map(|(outcome, page)| Some((outcome.task, *page, written.get(&page.url_hash)?)))
        .filter(|(_, page, written)| written.previous != Some(page.content_hash))
        .collect();
    if changed.is_empty() {
        return Ok(Default::default());
    }
    let pages: Vec<_> = changed.iter().map(|(_, page, written)| (*page, *written)).collect();
    let added = documents::keep_bodies(tx, tenant, &pages).await?;
    let deltas = chunks::replace(tx, tenant, &pages).await?;
    let removed = documents::remove_bodies(tx, tenant, &pages).await?;
    let growth = |page: &PageContent, written: &Written| {
        let body = if added.contains(&page.content_hash) { page.body.len() } else { 0 };
        let gone = written.previous.and_then(|previous| removed.get(&previous)).copied().unwrap_or(0);
        written.growth + i64::try_from(body).unwrap_or(i64::MAX) - gone
    };
    let growths = changed.iter().map(|(task, page, written)| (*task, growth(page, written)));
    Ok((growths.collect(), deltas))
}

fn fate(page: &PageContent, written: Option<&Written>) -> Fate {
    match written {
        None => Fate::Superseded,
        Some(written) if written.previous == Some(page.content_hash) => Fate::Unchanged(written.document),
        Some(written) => Fate::Stored(written.document),
    }
}

/// Pages that can't go into one statement with the others: the same document twice, the same new content twice,
/// or a content whose owner gets another content in this very batch.
fn conflicting(pages: &[(&Outcome, &PageContent)], owners: &HashMap<Hash128, Owner>) -> HashSet<TaskId> {
    let content_of: HashMap<_, _> =
        pages.iter().map(|(_, page)| (page.url_hash, page.content_hash)).collect();
    let (mut documents, mut contents) = (HashSet::new(), HashSet::new());
    pages
        .iter()
        .filter(|(_, page)| {
            let owner_changes = owners.get(&page.content_hash).is_some_and(|owner| {
                owner.url_hash != page.url_hash
                    && content_of.get(&owner.url_hash).is_some_and(|content| *content != page.content_hash)
            });
            let twice = !documents.insert(page.url_hash) || !contents.insert(page.content_hash);
            owner_changes || twice
        })
        .map(|(outcome, _)| outcome.task)
        .collect()
}

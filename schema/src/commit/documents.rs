//! The documents' part of a commit: who owns a content, new versions and bodies.

use std::collections::{HashMap, HashSet};

use rad_core::ids::{Hash128, TenantId};
use rad_core::likeness::Likeness;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::outcome::{Outcome, PageContent};
use crate::db::DbError;

/// A document that has a content already.
pub(super) struct Owner {
    pub(super) url_hash: Hash128,
    pub(super) document: i64,
    pub(super) url: String,
}

/// A document row that was written.
pub(super) struct Written {
    pub(super) document: i64,
    /// Content of the version before.
    pub(super) previous: Option<Hash128>,
    /// Bytes of Markdown and chunks more than before.
    pub(super) growth: i64,
}

pub(super) fn uuids(hashes: impl Iterator<Item = Hash128>) -> Vec<Uuid> {
    hashes.map(|hash| Uuid::from_u128(hash.0)).collect()
}

/// Live documents that have the contents of these pages.
pub(super) async fn owners(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    pages: &[(&Outcome, &PageContent)],
) -> Result<HashMap<Hash128, Owner>, DbError> {
    let rows =
        sqlx::query_as::<_, (Uuid, Uuid, i64, String)>(include_str!("../../queries/documents/owners.sql"))
            .bind(tenant.0)
            .bind(uuids(pages.iter().map(|(_, page)| page.content_hash)))
            .fetch_all(&mut **tx)
            .await
            .map_err(DbError::doing("find documents with the same content"))?;
    Ok(rows
        .into_iter()
        .map(|(content, url_hash, document, url)| {
            (Hash128(content.as_u128()), Owner { url_hash: Hash128(url_hash.as_u128()), document, url })
        })
        .collect())
}

/// Writes the pages' documents; one that is missing in the result has a newer version.
pub(super) async fn upsert(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    pages: &[(&Outcome, &PageContent)],
) -> Result<HashMap<Hash128, Written>, DbError> {
    let tokens = |page: &PageContent| page.chunks.iter().map(|chunk| i64::from(chunk.tokens)).sum::<i64>();
    let content = || pages.iter().map(|(_, page)| *page);
    let bytes = |page: &PageContent| {
        let chunks: usize = page.chunks.iter().map(|chunk| chunk.text.len()).sum();
        i64::try_from(page.markdown.len() + chunks).unwrap_or(i64::MAX)
    };
    let rows = sqlx::query_as::<_, (Uuid, i64, Option<Uuid>, i64)>(include_str!(
        "../../queries/documents/upsert.sql"
    ))
    .bind(tenant.0)
    .bind(uuids(content().map(|page| page.url_hash)))
    .bind(content().map(|page| page.url.as_str()).collect::<Vec<_>>())
    .bind(pages.iter().map(|(outcome, _)| outcome.job.0).collect::<Vec<_>>())
    .bind(pages.iter().map(|(outcome, _)| outcome.task.0).collect::<Vec<_>>())
    .bind(pages.iter().map(|(outcome, _)| outcome.hydrated_us).collect::<Vec<_>>())
    .bind(uuids(content().map(|page| page.content_hash)))
    .bind(content().map(|page| page.title.as_deref()).collect::<Vec<_>>())
    .bind(content().map(|page| page.language.as_deref()).collect::<Vec<_>>())
    .bind(content().map(|page| page.canonical.as_deref()).collect::<Vec<_>>())
    .bind(content().map(|page| page.content_type.as_deref()).collect::<Vec<_>>())
    .bind(content().map(|page| page.etag.as_deref()).collect::<Vec<_>>())
    .bind(content().map(|page| page.last_modified.as_deref()).collect::<Vec<_>>())
    .bind(content().map(|page| page.outlinks.as_slice()).collect::<Vec<_>>())
    .bind(content().map(|page| page.markdown.as_slice()).collect::<Vec<_>>())
    .bind(content().map(|page| count(page.chunks.len())).collect::<Vec<_>>())
    .bind(content().map(tokens).collect::<Vec<_>>())
    .bind(content().map(bytes).collect::<Vec<_>>())
    .bind(content().map(|page| page.metadata.clone()).collect::<Vec<_>>())
    .bind(content().map(|page| page.likeness.map(Likeness::to_stored)).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::doing("write documents"))?;
    Ok(rows
        .into_iter()
        .map(|(url_hash, document, previous, growth)| {
            let previous = previous.map(|hash| Hash128(hash.as_u128()));
            (Hash128(url_hash.as_u128()), Written { document, previous, growth })
        })
        .collect())
}

/// Keeps the raw bodies of stored pages; returns the contents that the tenant did not have.
pub(super) async fn keep_bodies(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    pages: &[(&PageContent, &Written)],
) -> Result<HashSet<Hash128>, DbError> {
    let bytes = |page: &PageContent| i64::try_from(page.raw_bytes).unwrap_or(i64::MAX);
    let added = sqlx::query_scalar::<_, Uuid>(include_str!("../../queries/doc_blobs/insert.sql"))
        .bind(tenant.0)
        .bind(uuids(pages.iter().map(|(page, _)| page.content_hash)))
        .bind(pages.iter().map(|(page, _)| bytes(page)).collect::<Vec<_>>())
        .bind(pages.iter().map(|(page, _)| page.body.as_slice()).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("keep raw bodies"))?;
    Ok(added.into_iter().map(|hash| Hash128(hash.as_u128())).collect())
}

/// Removes the raw bodies that these pages replaced and that no other document has; returns their sizes.
pub(super) async fn remove_bodies(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    pages: &[(&PageContent, &Written)],
) -> Result<HashMap<Hash128, i64>, DbError> {
    let replaced: Vec<_> = uuids(pages.iter().filter_map(|(_, written)| written.previous));
    if replaced.is_empty() {
        return Ok(HashMap::new());
    }
    let removed = sqlx::query_as::<_, (Uuid, i64)>(include_str!("../../queries/doc_blobs/remove_unused.sql"))
        .bind(tenant.0)
        .bind(replaced)
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("remove replaced bodies"))?;
    Ok(removed.into_iter().map(|(hash, bytes)| (Hash128(hash.as_u128()), bytes)).collect())
}

fn count(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

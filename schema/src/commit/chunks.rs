//! The chunks' part of a commit: those of new documents, and the delta of changed ones.

use rad_core::chunk::Chunk;
use rad_core::ids::TenantId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::delta::Deltas;
use super::documents::Written;
use super::outcome::PageContent;
use crate::db::DbError;

/// A chunk and the number of its document.
type Row<'a> = (i64, &'a Chunk);

/// Makes the chunks of stored pages those of their new version, with as few changed rows as possible.
pub(super) async fn replace(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    pages: &[(&PageContent, &Written)],
) -> Result<Deltas, DbError> {
    let mut deltas = Deltas::new();
    let (changed, new): (Vec<_>, Vec<_>) = pages.iter().partition(|(_, written)| written.previous.is_some());
    if !changed.is_empty() {
        for (document, chunk) in remove_stale(tx, tenant, &changed).await? {
            deltas.entry(document).or_default().removed.push(chunk);
        }
        let upsert = include_str!("../../queries/chunks/upsert.sql");
        for (document, chunk, is_new) in write(tx, tenant, upsert, &rows_of(&changed)).await? {
            if is_new {
                deltas.entry(document).or_default().added.push(chunk);
            }
        }
    }
    let rows = rows_of(&new);
    write(tx, tenant, include_str!("../../queries/chunks/insert.sql"), &rows).await?;
    for (document, chunk) in rows {
        deltas.entry(document).or_default().added.push(Uuid::from_u128(chunk.id.0));
    }
    Ok(deltas)
}

/// In the order of the key: one page of the index is filled after the other.
fn rows_of<'a>(pages: &[(&'a PageContent, &Written)]) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = pages
        .iter()
        .flat_map(|(page, written)| page.chunks.iter().map(|chunk| (written.document, chunk)))
        .collect();
    rows.sort_unstable_by_key(|(document, chunk)| (*document, chunk.id));
    rows
}

async fn remove_stale(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    changed: &[(&PageContent, &Written)],
) -> Result<Vec<(i64, Uuid)>, DbError> {
    let rows = rows_of(changed);
    sqlx::query_as(include_str!("../../queries/chunks/remove_stale.sql"))
        .bind(tenant.0)
        .bind(changed.iter().map(|(_, written)| written.document).collect::<Vec<_>>())
        .bind(documents(&rows))
        .bind(ids(&rows))
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("remove stale chunks"))
}

/// Writes chunks. A statement that looks for them first tells which it wrote, and whether they are new.
async fn write(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    statement: &'static str,
    rows: &[Row<'_>],
) -> Result<Vec<(i64, Uuid, bool)>, DbError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let number = |at: u32| i32::try_from(at).unwrap_or(i32::MAX);
    let numbers = |of: fn(&Chunk) -> u32| rows.iter().map(|(_, chunk)| number(of(chunk))).collect::<Vec<_>>();
    sqlx::query_as(statement)
        .bind(tenant.0)
        .bind(documents(rows))
        .bind(ids(rows))
        .bind(numbers(|chunk| chunk.ordinal))
        .bind(rows.iter().map(|(_, chunk)| chunk.heading_path.join("\u{1f}")).collect::<Vec<_>>())
        .bind(numbers(|chunk| chunk.tokens))
        .bind(numbers(|chunk| chunk.start))
        .bind(numbers(|chunk| chunk.end))
        .bind(rows.iter().map(|(_, chunk)| chunk.text.as_str()).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::doing("write chunks"))
}

fn documents(rows: &[Row<'_>]) -> Vec<i64> {
    rows.iter().map(|(document, _)| *document).collect()
}

fn ids(rows: &[Row<'_>]) -> Vec<Uuid> {
    rows.iter().map(|(_, chunk)| Uuid::from_u128(chunk.id.0)).collect()
}

//! The chunks' part of a commit: those of new documents, and the delta of changed ones.

use rad_core::chunk::Chunk;
use rad_core::ids::TenantId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

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
) -> Result<(), DbError> {
    let (changed, new): (Vec<_>, Vec<_>) = pages.iter().partition(|(_, written)| written.previous.is_some());
    if !changed.is_empty() {
        remove_stale(tx, tenant, &changed).await?;
        let upsert = include_str!("../../queries/chunks/upsert.sql");
        write(tx, tenant, upsert, &rows_of(&changed)).await?;
    }
    let insert = include_str!("../../queries/chunks/insert.sql");
    write(tx, tenant, insert, &rows_of(&new)).await
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
) -> Result<(), DbError> {
    let rows = rows_of(changed);
    sqlx::query(include_str!("../../queries/chunks/remove_stale.sql"))
        .bind(tenant.0)
        .bind(changed.iter().map(|(_, written)| written.document).collect::<Vec<_>>())
        .bind(documents(&rows))
        .bind(ids(&rows))
        .execute(&mut **tx)
        .await
        .map_err(DbError::doing("remove stale chunks"))
        .map(drop)
}

async fn write(
    tx: &mut Transaction<'_, Postgres>,
    tenant: TenantId,
    statement: &'static str,
    rows: &[Row<'_>],
) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let number = |at: u32| i32::try_from(at).unwrap_or(i32::MAX);
    let numbers = |of: fn(&Chunk) -> u32| rows.iter().map(|(_, chunk)| number(of(chunk))).collect::<Vec<_>>();
    sqlx::query(statement)
        .bind(tenant.0)
        .bind(documents(rows))
        .bind(ids(rows))
        .bind(numbers(|chunk| chunk.ordinal))
        .bind(rows.iter().map(|(_, chunk)| chunk.heading_path.join("\u{1f}")).collect::<Vec<_>>())
        .bind(numbers(|chunk| chunk.tokens))
        .bind(numbers(|chunk| chunk.start))
        .bind(numbers(|chunk| chunk.end))
        .bind(rows.iter().map(|(_, chunk)| chunk.text.as_str()).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .map_err(DbError::doing("write chunks"))
        .map(drop)
}

fn documents(rows: &[Row<'_>]) -> Vec<i64> {
    rows.iter().map(|(document, _)| *document).collect()
}

fn ids(rows: &[Row<'_>]) -> Vec<Uuid> {
    rows.iter().map(|(_, chunk)| Uuid::from_u128(chunk.id.0)).collect()
}

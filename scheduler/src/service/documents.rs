//! Documents and their chunks.

use rad_core::ids::{DocumentId, JobId, TenantId};
use rad_schema::documents::{ChunkRow, DocumentRow, NearDuplicate, StoredDocument, decompress};
use serde::Serialize;

use super::page::{Limit, Page};
use super::{Service, ServiceError};

/// Near duplicates of a document that are shown.
const MOST_NEAR: i64 = 20;

/// A document with its content.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    #[serde(flatten)]
    row: DocumentRow,
    canonical: Option<String>,
    metadata: serde_json::Value,
    near_duplicates: Vec<NearDuplicate>,
    content_type: Option<String>,
    last_modified: Option<String>,
    fetched_at: String,
    content_hash: String,
    raw_bytes: Option<i64>,
    crawl: i64,
    markdown: String,
}

impl Service {
    /// Documents after `after`: all of the tenant, or those that a crawl stored or found unchanged.
    pub(crate) async fn documents(
        &self,
        tenant: TenantId,
        of: Option<JobId>,
        after: DocumentId,
        limit: Limit,
    ) -> Result<Page<DocumentRow>, ServiceError> {
        if let Some(job) = of {
            self.demand(tenant, job).await?;
        }
        let rows = self.db.documents(tenant, after, of, limit.and_one()).await?;
        Ok(Page::cut(rows, limit, |document| document.document_id))
    }

    pub(crate) async fn document(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Document, ServiceError> {
        let stored = self.db.document(tenant, document).await?.ok_or_else(|| missing(document))?;
        let near = self.db.near_duplicates(tenant, document, MOST_NEAR).await?;
        opened(stored, near)
    }

    /// Chunks after the one with the number `after`.
    pub(crate) async fn chunks(
        &self,
        tenant: TenantId,
        document: DocumentId,
        after: i32,
        limit: Limit,
    ) -> Result<Page<ChunkRow>, ServiceError> {
        let rows = self.db.chunks(tenant, document, after, limit.and_one()).await?;
        let rows = rows.ok_or_else(|| missing(document))?;
        Ok(Page::cut(rows, limit, |chunk| i64::from(chunk.ordinal)))
    }
}

fn missing(document: DocumentId) -> ServiceError {
    ServiceError::NotFound { what: format!("document {document}") }
}

fn opened(stored: StoredDocument, near_duplicates: Vec<NearDuplicate>) -> Result<Document, ServiceError> {
    let document = DocumentId(stored.row.document_id);
    let markdown =
        decompress(&stored.markdown).map_err(|source| ServiceError::Content { document, source })?;
    Ok(Document {
        row: stored.row,
        canonical: stored.canonical,
        metadata: stored.metadata,
        near_duplicates,
        content_type: stored.content_type,
        last_modified: stored.last_modified,
        fetched_at: stored.fetched_at,
        content_hash: stored.content_hash,
        raw_bytes: stored.raw_bytes,
        crawl: stored.crawl,
        markdown: String::from_utf8_lossy(&markdown).into_owned(),
    })
}

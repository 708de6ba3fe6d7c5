//! Reading a tenant's documents and chunks.

use std::collections::HashMap;
use std::io;

use rad_core::ids::{DocumentId, Hash128, JobId, TenantId};
use rad_core::likeness::NEAR;
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{Db, DbError};

/// A document without its content.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct DocumentRow {
    /// Its number.
    pub document_id: i64,
    /// Final URL.
    pub url: String,
    /// Title.
    pub title: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// Chunks of the current version.
    pub chunk_count: i32,
    /// Tokens of all chunks.
    pub tokens: i64,
}

/// A chunk with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct ChunkSample {
    /// URL of the document.
    pub url: String,
    /// Title of the document.
    pub title: Option<String>,
    /// Headings above the chunk, outermost first.
    pub heading_path: Vec<String>,
    /// Tokens of the text.
    pub tokens: i32,
    /// Markdown.
    pub text: String,
}

/// A document with its content, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredDocument {
    /// What listings show of it.
    #[sqlx(flatten)]
    pub row: DocumentRow,
    /// The URL that the page calls its own.
    pub canonical: Option<String>,
    /// What the page declares about itself: a JSON object of texts.
    pub metadata: serde_json::Value,
    /// Media type of the body.
    pub content_type: Option<String>,
    /// The server's `Last-Modified`, as it was sent.
    pub last_modified: Option<String>,
    /// When this version was fetched, RFC 3339 in UTC.
    pub fetched_at: String,
    /// First 128 bits of BLAKE3 over the decoded body, in hexadecimal.
    pub content_hash: String,
    /// Size of the decoded body in bytes, while the body is kept.
    pub raw_bytes: Option<i64>,
    /// The crawl that wrote this version.
    pub crawl: i64,
    /// zstd of the Markdown; see [`decompress`].
    pub markdown: Vec<u8>,
}

/// A document whose text is nearly that of another.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct NearDuplicate {
    /// Its number.
    pub document_id: i64,
    /// Final URL.
    pub url: String,
    /// Bits in which both differ: 0 to [`NEAR`].
    pub distance: i32,
}

/// A chunk of a document.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct ChunkRow {
    /// Hash of heading path, text and occurrence in hexadecimal: the same after a recrawl.
    pub chunk_id: String,
    /// Place in the document, from 0.
    pub ordinal: i32,
    /// Headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// Tokens of the text.
    pub tokens: i32,
    /// Where it begins, in bytes of the Markdown.
    pub start_byte: i32,
    /// Where it ends.
    pub end_byte: i32,
    /// Markdown.
    pub text: String,
}

/// Level 3: five times smaller at a tenth of a millisecond a page.
const ZSTD_LEVEL: i32 = 3;

/// Compresses what is stored as zstd (bodies, Markdown, links).
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    Compressor::default().compress(bytes)
}

/// [`compress`] for many pages: its tables are made once.
pub struct Compressor(zstd::bulk::Compressor<'static>);

impl Compressor {
    /// One zstd frame of `bytes`.
    pub fn compress(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.compress(bytes).expect("compressing into memory has no way to fail")
    }
}

impl Default for Compressor {
    fn default() -> Self {
        Self(zstd::bulk::Compressor::new(ZSTD_LEVEL).expect("the level is one that zstd has"))
    }
}

/// The links in what [`compress`] made of them, one a line.
pub fn links_of(outlinks: &[u8]) -> Vec<String> {
    let text = decompress(outlinks).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// The inverse of [`compress`].
pub fn decompress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::decode_all(bytes)
}

impl Db {
    /// The links of the tenant's pages by the hashes of their URLs, as far as they are stored.
    pub async fn stored_links(
        &self,
        tenant: TenantId,
        urls: &[Hash128],
    ) -> Result<HashMap<Hash128, Vec<String>>, DbError> {
        if urls.is_empty() {
            return Ok(HashMap::new());
        }
        let mut tx = self.tenant(tenant).await?;
        let rows = sqlx::query_as::<_, (Uuid, Vec<u8>)>(include_str!("../queries/documents/outlinks.sql"))
            .bind(tenant.0)
            .bind(urls.iter().map(|url| Uuid::from_u128(url.0)).collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("read the links of documents"))?;
        Ok(rows.into_iter().map(|(url, links)| (Hash128(url.as_u128()), links_of(&links))).collect())
    }

    /// Up to `most` documents after `after`: all of the tenant, or what one crawl stored or found unchanged.
    pub async fn documents(
        &self,
        tenant: TenantId,
        after: DocumentId,
        of: Option<JobId>,
        most: i64,
    ) -> Result<Vec<DocumentRow>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let listing = match of {
            None => sqlx::query_as(include_str!("../queries/documents/list.sql")).bind(tenant.0),
            Some(job) => {
                sqlx::query_as(include_str!("../queries/documents/of_crawl.sql")).bind(tenant.0).bind(job.0)
            }
        };
        listing.bind(after.0).bind(most).fetch_all(&mut *tx).await.map_err(DbError::doing("list documents"))
    }

    /// One document with its Markdown; none when the tenant has no such document.
    pub async fn document(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Option<StoredDocument>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/documents/read.sql"))
            .bind(tenant.0)
            .bind(document.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::doing("read a document"))
    }

    /// Up to `most` documents whose text is nearly that of `document`, the nearest first.
    pub async fn near_duplicates(
        &self,
        tenant: TenantId,
        document: DocumentId,
        most: i64,
    ) -> Result<Vec<NearDuplicate>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/documents/near.sql"))
            .bind(tenant.0)
            .bind(document.0)
            .bind(i64::from(NEAR))
            .bind(most)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("find near duplicates of a document"))
    }

    /// Up to `most` chunks of a document after the one with the number `after`, in their order; none when the
    /// tenant has no such document.
    pub async fn chunks(
        &self,
        tenant: TenantId,
        document: DocumentId,
        after: i32,
        most: i64,
    ) -> Result<Option<Vec<ChunkRow>>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let known: bool = sqlx::query_scalar(include_str!("../queries/documents/exists.sql"))
            .bind(tenant.0)
            .bind(document.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(DbError::doing("look a document up"))?;
        if !known {
            return Ok(None);
        }
        sqlx::query_as(include_str!("../queries/chunks/list.sql"))
            .bind(tenant.0)
            .bind(document.0)
            .bind(after)
            .bind(most)
            .fetch_all(&mut *tx)
            .await
            .map(Some)
            .map_err(DbError::doing("list chunks"))
    }

    /// URL and content hash of every live document of a tenant, for checkers.
    pub async fn document_contents(&self, tenant: TenantId) -> Result<Vec<(String, Hash128)>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        let mut all = Vec::new();
        let mut after = 0_i64;
        loop {
            let rows =
                sqlx::query_as::<_, (i64, String, Uuid)>(include_str!("../queries/documents/contents.sql"))
                    .bind(tenant.0)
                    .bind(after)
                    .bind(10_000_i64)
                    .fetch_all(&mut *tx)
                    .await
                    .map_err(DbError::doing("list document contents"))?;
            let Some((last, _, _)) = rows.last() else {
                return Ok(all);
            };
            after = *last;
            all.extend(rows.into_iter().map(|(_, url, hash)| (url, Hash128(hash.as_u128()))));
        }
    }

    /// The largest chunk of some documents of a crawl.
    pub async fn sample_chunks(
        &self,
        tenant: TenantId,
        job: JobId,
        most: i64,
    ) -> Result<Vec<ChunkSample>, DbError> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query_as(include_str!("../queries/chunks/sample.sql"))
            .bind(tenant.0)
            .bind(job.0)
            .bind(most)
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::doing("sample chunks"))
    }
}

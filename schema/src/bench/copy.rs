//! Plain COPY of chunk rows, as the measure of what a commit costs beyond its rows.

use rad_core::chunk::Chunk;
use sqlx::{Connection, PgConnection};

use crate::db::DbError;

/// Start of every binary COPY: signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: i16 = -1;
const COLUMNS: i16 = 9;
/// `text` in `pg_type`, for the elements of an array.
const TEXT_OID: i32 = 25;

/// A connection of the schema's owner with a table like `chunks` beside it, without row security.
pub struct PlainCopy {
    session: PgConnection,
}

/// A chunk row as a commit would write it.
#[derive(Clone, Copy, Debug)]
pub struct ChunkRow<'a> {
    /// Number of its tenant.
    pub tenant: i64,
    /// Number of its document.
    pub document: i64,
    /// The chunk.
    pub chunk: &'a Chunk,
}

/// Makes the table that [`PlainCopy`] fills: the columns, key and storage of `chunks`.
pub async fn make_plain_table(owner_url: &str) -> Result<(), DbError> {
    let mut session =
        PgConnection::connect(owner_url).await.map_err(DbError::doing("connect as the owner"))?;
    sqlx::query("CREATE TABLE bench_chunks (LIKE chunks INCLUDING ALL)")
        .execute(&mut session)
        .await
        .map_err(DbError::doing("make a plain table"))?;
    session.close().await.map_err(DbError::doing("disconnect the owner"))
}

impl PlainCopy {
    /// Connects as the owner.
    pub async fn connect(owner_url: &str) -> Result<Self, DbError> {
        let session =
            PgConnection::connect(owner_url).await.map_err(DbError::doing("connect as the owner"))?;
        Ok(Self { session })
    }

    /// Copies `rows` in one transaction. Returns how many were taken.
    pub async fn copy(&mut self, rows: &[ChunkRow<'_>]) -> Result<u64, DbError> {
        let bytes = encoded(rows);
        let doing = || DbError::doing("copy plain chunks");
        let mut copy =
            self.session.copy_in_raw("COPY bench_chunks FROM STDIN (FORMAT binary)").await.map_err(doing())?;
        copy.send(bytes).await.map_err(doing())?;
        copy.finish().await.map_err(doing())
    }
}

fn encoded(rows: &[ChunkRow<'_>]) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for row in rows {
        let chunk = row.chunk;
        bytes.extend(COLUMNS.to_be_bytes());
        field(&mut bytes, &row.tenant.to_be_bytes());
        field(&mut bytes, &row.document.to_be_bytes());
        field(&mut bytes, &chunk.id.0.to_be_bytes());
        field(&mut bytes, &chunk.ordinal.to_be_bytes());
        field(&mut bytes, &text_array(&chunk.heading_path));
        for number in [chunk.tokens, chunk.start, chunk.end] {
            field(&mut bytes, &number.to_be_bytes());
        }
        field(&mut bytes, chunk.text.as_bytes());
    }
    bytes.extend(END.to_be_bytes());
    bytes
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend(length(value.len()).to_be_bytes());
    bytes.extend(value);
}

/// One dimension, no NULL, from 1; an empty array has no dimension.
fn text_array(texts: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for head in [i32::from(!texts.is_empty()), 0, TEXT_OID] {
        bytes.extend(head.to_be_bytes());
    }
    if !texts.is_empty() {
        bytes.extend(length(texts.len()).to_be_bytes());
        bytes.extend(1_i32.to_be_bytes());
    }
    for text in texts {
        field(&mut bytes, text.as_bytes());
    }
    bytes
}

fn length(of: usize) -> i32 {
    i32::try_from(of).expect("a page is far below 2 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_says_its_dimensions_and_the_length_of_each_text() {
        assert_eq!(text_array(&[]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]);
        let one = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, b'h', b'i'];
        assert_eq!(text_array(&["hi".to_owned()]), one);
    }

    #[test]
    fn no_rows_are_a_header_and_an_end() {
        assert_eq!(encoded(&[]).len(), 21);
    }
}

//! What the new version of a document has more or less than the last one.
//!
//! A chunk's id is made of its headings and its text, so one that stands in both versions keeps its row, and what was
//! made of it outside (an embedding, say) stays right. Only ids of chunks that came or went are told.

use std::collections::HashMap;

use uuid::Uuid;

/// Ids of the chunks by which a document differs from its last version.
#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    pub(super) added: Vec<Uuid>,
    pub(super) removed: Vec<Uuid>,
}

/// The differences of documents, by their numbers. One without a difference is not there.
pub(super) type Deltas = HashMap<i64, Delta>;

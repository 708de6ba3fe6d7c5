//! What another extractor found, from a file that it wrote.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::{ExtractError, corpus};

/// The texts that an extractor found on the pages of a corpus.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reference {
    /// Its name and version.
    pub(super) name: String,
    /// By the name of the page; a page that is missing counts as failed.
    pub(super) pages: HashMap<String, Found>,
}

/// What was found on a page.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Found {
    /// The plain text; none where the extractor failed.
    pub(super) text: Option<String>,
    /// Milliseconds of the processor.
    #[serde(default)]
    pub(super) cpu_ms: f64,
}

impl Reference {
    pub(super) fn read(path: &Path) -> Result<Self, ExtractError> {
        let expected = "what an extractor found: {\"name\", \"pages\": {NNNN: {\"text\", \"cpu_ms\"}}}";
        let malformed = |_| ExtractError::Malformed { path: path.to_owned(), expected };
        serde_json::from_value(corpus::json(path)?).map_err(malformed)
    }
}

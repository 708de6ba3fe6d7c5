//! A folder of pages with reference texts.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rad_core::url::CanonicalUrl;
use serde_json::Value;

use super::ExtractError;

/// The pages of a folder, in order of their names.
pub(super) struct Corpus {
    folder: PathBuf,
    kinds: Value,
    names: Vec<String>,
}

/// A page with what should be found on it.
pub(super) struct Sample {
    pub(super) name: String,
    /// The type of page: article, forum and so on.
    pub(super) kind: String,
    pub(super) url: CanonicalUrl,
    pub(super) html: Vec<u8>,
    pub(super) truth: String,
    /// Snippets that must appear.
    pub(super) with: Vec<String>,
    /// Snippets that must not.
    pub(super) without: Vec<String>,
}

/// The file with the types of all pages.
const INDEX: &str = "metadata.json";

impl Corpus {
    /// Lists the pages of a folder.
    pub(super) fn open(folder: &Path) -> Result<Self, ExtractError> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(ExtractError::read(folder))? {
            let name = entry.map_err(ExtractError::read(folder))?.file_name();
            let name = name.to_string_lossy();
            let page = name.strip_suffix(".html.gz").or_else(|| name.strip_suffix(".html"));
            names.extend(page.map(str::to_owned));
        }
        names.sort_unstable();
        if names.is_empty() {
            let expected = "a folder with pages (NNNN.html.gz or NNNN.html)";
            return Err(ExtractError::Malformed { path: folder.to_owned(), expected });
        }
        let index = folder.join(INDEX);
        let kinds = if index.exists() { json(&index)? } else { Value::Null };
        Ok(Self { folder: folder.to_owned(), kinds, names })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads a page with its reference.
    pub(super) fn sample(&self, name: &str) -> Result<Sample, ExtractError> {
        let facts = json(&self.folder.join(format!("{name}.json")))?;
        let truth = &facts["ground_truth"];
        let kind = self.kinds["files"][name]["page_type"].as_str();
        let kind = kind.or_else(|| facts["_internal"]["page_type"]["primary"].as_str());
        let url = facts["url"].as_str().and_then(|url| CanonicalUrl::parse(url).ok());
        let snippets = |key: &str| -> Vec<String> {
            let list = truth[key].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_lowercase).collect()
        };
        Ok(Sample {
            name: name.to_owned(),
            kind: kind.unwrap_or("unknown").to_owned(),
            url: url.unwrap_or_else(example),
            html: self.html(name)?,
            truth: truth["main_content"].as_str().unwrap_or_default().to_owned(),
            with: snippets("with"),
            without: snippets("without"),
        })
    }

    fn html(&self, name: &str) -> Result<Vec<u8>, ExtractError> {
        let packed = self.folder.join(format!("{name}.html.gz"));
        if packed.exists() {
            return unpacked(&packed);
        }
        let plain = self.folder.join(format!("{name}.html"));
        std::fs::read(&plain).map_err(ExtractError::read(&plain))
    }
}

/// Where a page without a known address is taken to be.
pub(super) fn example() -> CanonicalUrl {
    CanonicalUrl::parse("https://example.com/page").expect("a plain absolute URL")
}

/// The content of a gzip file.
pub(super) fn unpacked(path: &Path) -> Result<Vec<u8>, ExtractError> {
    let file = File::open(path).map_err(ExtractError::read(path))?;
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).map_err(ExtractError::read(path))?;
    Ok(bytes)
}

/// The content of a JSON file.
pub(super) fn json(path: &Path) -> Result<Value, ExtractError> {
    let bytes = std::fs::read(path).map_err(ExtractError::read(path))?;
    let malformed = |_| ExtractError::Malformed { path: path.to_owned(), expected: "JSON" };
    serde_json::from_slice(&bytes).map_err(malformed)
}

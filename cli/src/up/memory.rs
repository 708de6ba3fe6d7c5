//! What `rad up` remembers between runs: its API key, unfinished crawls, and the port of the built-in site.
//!
//! A crawl is remembered by the idempotency key of its start, written before the start: whenever the process dies,
//! the next run starts under the same key and gets the same crawl back.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use rad_core::url::CanonicalUrl;
use rad_loadtest::client::{Api, CrawlStatus, StartRequest};
use serde::{Deserialize, Serialize};

use super::address;
use crate::failure::Failure;

/// The remembered things and their folder.
pub(super) struct Memory {
    dir: PathBuf,
    key: Option<String>,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Port of the built-in site.
    site_port: Option<u16>,
    /// Unfinished crawls by start URL.
    #[serde(default)]
    crawls: BTreeMap<String, Remembered>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered {
    idempotency_key: String,
    /// Its number; none while its start is not acknowledged.
    crawl: Option<i64>,
}

/// A crawl that was started or found.
pub(super) struct Begun {
    pub(super) status: CrawlStatus,
    /// It had been started by an earlier run.
    pub(super) continued: bool,
}

impl Memory {
    pub(super) fn load(dir: &Path) -> Result<Self, Failure> {
        let key = read(&dir.join("key"))?.map(|key| key.trim().to_owned());
        let path = dir.join("crawl.json");
        let kept = match read(&path)? {
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::configuration(format!("{} can't be read ({error}): delete it", path.display()))
            })?,
            None => Kept::default(),
        };
        Ok(Self { dir: dir.to_owned(), key, kept })
    }

    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(super) fn key_file(&self) -> PathBuf {
        self.dir.join("key")
    }

    pub(super) fn keep_key(&mut self, key: &str) -> anyhow::Result<()> {
        if self.key() != Some(key) {
            write(&self.key_file(), key).context("keeping the API key")?;
            self.key = Some(key.to_owned());
        }
        Ok(())
    }

    pub(super) fn site_port(&self) -> Option<u16> {
        self.kept.site_port
    }

    pub(super) fn keep_site_port(&mut self, port: u16) -> anyhow::Result<()> {
        self.kept.site_port = Some(port);
        self.save()
    }

    /// Addresses of unfinished crawls that were allowed when they were typed: without them, those crawls would
    /// now end with all their URLs refused.
    pub(super) fn ranges(&self) -> impl Iterator<Item = String> {
        let urls = self.kept.crawls.keys().filter_map(|url| CanonicalUrl::parse(url).ok());
        urls.filter_map(|url| address::range_for(&url).ok().flatten())
    }

    /// The number of the remembered crawl of `start`.
    pub(super) fn crawl(&self, start: &CanonicalUrl) -> Option<i64> {
        self.kept.crawls.get(start.as_str())?.crawl
    }

    /// Finds the unfinished crawl of `start`, or starts one.
    pub(super) async fn begin(
        &mut self,
        api: &Api,
        start: &CanonicalUrl,
        max_pages: Option<i64>,
    ) -> anyhow::Result<Begun> {
        let before = self.crawl(start);
        let mut status = self.start(api, start, max_pages).await?;
        if status.has_ended() {
            self.forget(start)?;
            status = self.start(api, start, max_pages).await?;
        }
        let url = start.as_str().to_owned();
        self.kept.crawls.entry(url).and_modify(|remembered| remembered.crawl = Some(status.id));
        self.save()?;
        Ok(Begun { continued: before == Some(status.id), status })
    }

    /// Starts under the remembered key, or a new one.
    async fn start(
        &mut self,
        api: &Api,
        start: &CanonicalUrl,
        max_pages: Option<i64>,
    ) -> anyhow::Result<CrawlStatus> {
        let fresh = || Remembered { idempotency_key: new_key(), crawl: None };
        let remembered = self.kept.crawls.entry(start.as_str().to_owned()).or_insert_with(fresh);
        let idempotency_key = Some(remembered.idempotency_key.clone());
        self.save()?;
        let request = StartRequest { max_pages, idempotency_key, ..StartRequest::new(start.as_str()) };
        api.start(&request).await.context("starting the crawl")
    }

    /// The crawl of `start` has ended: the next run starts a new one.
    pub(super) fn forget(&mut self, start: &CanonicalUrl) -> anyhow::Result<()> {
        self.kept.crawls.remove(start.as_str());
        self.save()
    }

    fn save(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.kept).expect("strings and numbers become JSON");
        write(&self.dir.join("crawl.json"), &text).context("remembering the crawl")
    }
}

fn new_key() -> String {
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("rad-up-{nanoseconds:x}-{}", std::process::id())
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Replaces a file as a whole, for our own eyes only.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn key_and_port_are_remembered_and_the_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::load(dir.path()).unwrap();
        assert_eq!((memory.key(), memory.site_port()), (None, None));
        memory.keep_key("rad_live_secret").unwrap();
        memory.keep_site_port(7071).unwrap();

        let again = Memory::load(dir.path()).unwrap();
        assert_eq!((again.key(), again.site_port()), (Some("rad_live_secret"), Some(7071)));
        let mode = fs::metadata(again.key_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_addresses_of_unfinished_crawls_stay_allowed() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"crawls":{"http://10.0.0.9:81/":{"idempotency_key":"a","crawl":1},
                       "https://www.wikipedia.org/":{"idempotency_key":"b","crawl":null}}}"#;
        fs::write(dir.path().join("crawl.json"), text).unwrap();
        let memory = Memory::load(dir.path()).unwrap();
        assert_eq!(memory.ranges().collect::<Vec<_>>(), ["10.0.0.9/32"]);
    }

    #[test]
    fn a_broken_file_is_a_configuration_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("crawl.json"), "{").unwrap();
        assert_eq!(Memory::load(dir.path()).err().unwrap().code, 3);
    }
}

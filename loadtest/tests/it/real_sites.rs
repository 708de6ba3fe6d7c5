//! Real documentation sites, served by nginx on loopback, against an independent walk of their links.

use std::collections::{HashMap, HashSet};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rad_loadtest::client::StartRequest;
use rad_loadtest::fleet::{Fleet, FleetOptions};
use rad_loadtest::oracle::{OracleOptions, walk};

use crate::proof::{adds_up, reader};

/// nginx with the Debian packages' HTML, from the project's own script; stops when dropped.
struct Sites {
    folder: tempfile::TempDir,
}

impl Sites {
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/real-sites.sh");

    fn start() -> Result<Self> {
        let folder = tempfile::tempdir_in("/tmp")?;
        let status = Command::new(Self::SCRIPT).arg("start").arg(folder.path()).status()?;
        ensure!(status.success(), "real-sites.sh start: {status}");
        Ok(Self { folder })
    }
}

impl Drop for Sites {
    fn drop(&mut self) {
        // The folder goes with us; a server that is left behind would hold the port.
        let _ = Command::new(Self::SCRIPT).arg("stop").arg(self.folder.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_workers_store_what_an_independent_walk_of_two_manuals_finds() -> Result<()> {
    let _sites = Sites::start()?;
    let starts = ["http://127.0.0.11:8080/", "http://127.0.0.12:8080/"];
    let folder = tempfile::tempdir()?;
    let options = FleetOptions { cidrs: "127.0.0.0/8".to_owned(), ..FleetOptions::for_test(folder.path()) };
    let fleet = Fleet::start(options).await?;
    let mut crawls = Vec::new();
    for start in starts {
        crawls.push(fleet.api().start(&StartRequest::new(start)).await?);
    }
    let mut expected: HashMap<_, HashSet<String>> = HashMap::new();
    for start in starts {
        let oracle = walk(start, OracleOptions::default()).await.context(start)?;
        ensure!(oracle.stored_contents.len() > 500, "{start} has {} pages", oracle.stored_contents.len());
        for (content, urls) in oracle.stored_contents {
            expected.entry(content).or_default().extend(urls);
        }
    }
    let db = reader(&fleet).await?;
    for crawl in crawls {
        let ended = fleet.wait_crawl(crawl.id, std::time::Duration::from_mins(4), |_| ()).await?;
        ensure!(ended.state == "completed", "{} ended {}", ended.url, ended.state);
        adds_up(&db, fleet.tenant(), &ended).await?;
    }
    let stored = db.document_contents(fleet.tenant()).await?;
    let contents: HashSet<_> = stored.iter().map(|(_, content)| *content).collect();
    let lost: Vec<_> = expected.iter().filter(|(content, _)| !contents.contains(*content)).take(5).collect();
    ensure!(lost.is_empty(), "not stored: {lost:?}");
    for (url, content) in &stored {
        ensure!(expected.get(content).is_some_and(|urls| urls.contains(url)), "{url} is not of the walk");
    }
    ensure!(stored.len() == expected.len(), "{} documents, {} contents", stored.len(), expected.len());
    fleet.stop().await?;
    Ok(())
}

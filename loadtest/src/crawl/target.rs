//! The site that is crawled, and what a correct crawl of it stores.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, ensure};
use rad_core::ids::Hash128;

use crate::oracle::{OracleOptions, walk};
use crate::web::{Server, Site, SiteSpec};

/// Content → the URLs that answer with it. One of them is stored.
pub(super) type Contents = BTreeMap<Hash128, BTreeSet<String>>;

#[derive(Clone, Debug)]
pub(super) enum TargetChoice {
    Synthetic(SiteSpec),
    Walked(String),
}

pub(super) struct Target {
    url: String,
    expected: Contents,
    server: Option<Server>,
}

impl Target {
    /// Serves the synthetic site, or walks the other one.
    pub(super) async fn open(choice: &TargetChoice) -> anyhow::Result<Self> {
        match choice {
            TargetChoice::Synthetic(spec) => Self::serve(spec.clone()).await,
            TargetChoice::Walked(url) => Self::walk(url).await,
        }
    }

    async fn serve(spec: SiteSpec) -> anyhow::Result<Self> {
        let site = Site::new(spec);
        let found = site.expected();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start_unlogged(site, address).await.context("serving the synthetic site")?;
        let url = server.url();
        let absolute = |path: &String| format!("{}{path}", url.trim_end_matches('/'));
        let expected = found
            .stored
            .iter()
            .map(|(content, paths)| (*content, paths.iter().map(absolute).collect()))
            .collect();
        Ok(Self { expected, url, server: Some(server) })
    }

    async fn walk(url: &str) -> anyhow::Result<Self> {
        let oracle = walk(url, OracleOptions::default()).await.context("walking the site")?;
        ensure!(!oracle.truncated, "the site is too large for the oracle");
        let expected = oracle.stored_contents.into_iter();
        Ok(Self {
            url: url.to_owned(),
            expected: expected.map(|(content, urls)| (content, urls.into_iter().collect())).collect(),
            server: None,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn expected(&self) -> &Contents {
        &self.expected
    }

    pub(super) async fn close(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

//! The oracle's HTTP client.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use rad_core::robots::{AgentRules, Robots};
use rad_core::url::CanonicalUrl;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, StatusCode, redirect};
use tokio::net::lookup_host;

use crate::oracle::OracleOptions;
use crate::oracle::scan::Wishes;

/// A page that takes longer is broken for the oracle's purposes: everything it walks is on this machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Pause before another attempt, times the number of attempts so far.
const BACKOFF: Duration = Duration::from_millis(20);

/// Fetches on behalf of one walk.
#[derive(Clone)]
pub(crate) struct Fetcher {
    client: Client,
    attempts: u32,
    agent: String,
}

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Without parameters, in lower case.
    pub(crate) content_type: String,
    pub(crate) location: Option<String>,
    /// From the headers only.
    pub(crate) wishes: Wishes,
    pub(crate) body: Vec<u8>,
}

impl Fetcher {
    pub(crate) fn new(options: &OracleOptions) -> anyhow::Result<Self> {
        // Fails only if the process has a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(&options.user_agent)
            .redirect(redirect::Policy::none())
            // A proxy from the environment would carry the walk away from loopback.
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .context("building the HTTP client")?;
        let agent = options.user_agent.split(['/', ' ']).next().unwrap_or_default();
        Ok(Self { client, attempts: options.attempts.max(1), agent: agent.to_owned() })
    }

    /// The name that rules for us are addressed to.
    pub(crate) fn agent(&self) -> &str {
        &self.agent
    }

    /// Fetches `url`, again if it answers 5xx.
    pub(crate) async fn fetch(&self, url: &CanonicalUrl) -> reqwest::Result<Answer> {
        let mut attempt = 1;
        loop {
            let answer = self.attempt(url).await?;
            if !answer.status.is_server_error() || attempt >= self.attempts {
                return Ok(answer);
            }
            tokio::time::sleep(BACKOFF * attempt).await;
            attempt += 1;
        }
    }

    /// The rules of the host of `url`.
    pub(crate) async fn robots(&self, url: &CanonicalUrl) -> anyhow::Result<AgentRules> {
        let file = url.join("/robots.txt").context("forming the URL of robots.txt")?;
        let answer = self.fetch(&file).await.context("fetching robots.txt")?;
        // RFC 9309, 2.3.1: 4xx opens the site, 5xx closes it, and then there is nothing to judge.
        ensure!(!answer.status.is_server_error(), "robots.txt answers {}", answer.status);
        ensure!(!answer.status.is_redirection(), "robots.txt redirects, which the oracle doesn't follow");
        let body = if answer.status.is_success() { answer.body } else { Vec::new() };
        Ok(Robots::parse(&body).agent(&self.agent))
    }

    async fn attempt(&self, url: &CanonicalUrl) -> reqwest::Result<Answer> {
        let response = self.client.get(url.as_url().clone()).send().await?;
        let headers = response.headers();
        let content_type = text(headers.get(CONTENT_TYPE));
        let media_type = content_type.split(';').next().unwrap_or_default();
        Ok(Answer {
            status: response.status(),
            content_type: media_type.trim().to_ascii_lowercase(),
            location: headers.get(LOCATION).map(|value| text(Some(value))),
            wishes: self.wishes(headers),
            body: response.bytes().await?.into(),
        })
    }

    fn wishes(&self, headers: &HeaderMap) -> Wishes {
        let mut wishes = Wishes::default();
        for value in headers.get_all("x-robots-tag") {
            wishes.add_header(&text(Some(value)), &self.agent);
        }
        wishes
    }
}

fn text(value: Option<&reqwest::header::HeaderValue>) -> String {
    let bytes = value.map(reqwest::header::HeaderValue::as_bytes);
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

/// Refuses hosts that are not on this machine: the oracle is impolite by design.
pub(crate) async fn ensure_loopback(url: &CanonicalUrl) -> anyhow::Result<()> {
    let host = url.as_url().host_str().unwrap_or_default();
    let port = url.as_url().port_or_known_default().unwrap_or_default();
    let addresses = lookup_host(format!("{host}:{port}")).await;
    let mut addresses = addresses.with_context(|| format!("resolving the host of {}", url.as_str()))?;
    let all_local = addresses.all(|address| address.ip().is_loopback());
    ensure!(all_local, "{} is not on a loopback address", url.as_str());
    Ok(())
}

//! A small client of the REST API.

use std::time::Duration;

use rad_core::ids::TenantId;
use rad_core::scope::Scope;
use reqwest::Method;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::replies::{CrawlStatus, Document, Listing, Sample, Worker};
use super::request::Requester;

/// How often a crawl is looked at while somebody waits for it.
const POLL: Duration = Duration::from_millis(100);

/// The API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No scheduler answers.
    #[error("the API can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answered what this client does not know.
    #[error("the API's answer can't be read")]
    Unreadable(#[source] serde_json::Error),
    /// It refused.
    #[error("{detail} ({code}, HTTP {status}): {next_step}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// What is wrong.
        detail: String,
        /// What to do.
        next_step: String,
    },
    /// The crawl did not end in time.
    #[error("crawl {id} did not end within {} s", within.as_secs())]
    TimedOut {
        /// The crawl.
        id: i64,
        /// How long we waited.
        within: Duration,
    },
}

impl ApiError {
    /// The same request may succeed in a moment: a scheduler or a store restarts.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_)) || matches!(self, Self::Refused { status: 500.., .. })
    }
}

/// A crawl to start.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StartRequest {
    /// Where it starts.
    pub url: String,
    /// What belongs to it.
    pub scope: Scope,
    /// 1 to 10, 10 the most urgent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i16>,
    /// Most pages it may store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pages: Option<i64>,
    /// A repeated start with this key gives the first crawl again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

impl StartRequest {
    /// A crawl of the host of `url`, without limits.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

/// The API as one tenant.
#[derive(Clone)]
pub struct Api {
    requester: Requester,
    tenant: TenantId,
    key: String,
}

impl Api {
    pub(super) fn new(requester: Requester, tenant: TenantId, key: String) -> Self {
        Self { requester, tenant, key }
    }

    pub(super) fn with_key(&self, tenant: TenantId, key: &str) -> Self {
        Self { tenant, key: key.to_owned(), ..self.clone() }
    }

    /// The tenant that it asks as.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// `http://ADDR` of the first scheduler.
    pub fn origin(&self) -> &str {
        self.requester.origin()
    }

    /// Starts a crawl.
    pub async fn start(&self, request: &StartRequest) -> Result<CrawlStatus, ApiError> {
        let body = serde_json::to_vec(request).expect("strings and numbers become JSON");
        self.requester.call(Method::POST, "/api/v1/crawls", &self.key, Some(body)).await
    }

    /// A crawl's state and counts.
    pub async fn crawl(&self, id: i64) -> Result<CrawlStatus, ApiError> {
        self.get(&format!("/api/v1/crawls/{id}")).await
    }

    /// Cancels a crawl.
    pub async fn cancel(&self, id: i64) -> Result<CrawlStatus, ApiError> {
        let path = format!("/api/v1/crawls/{id}/cancel");
        self.requester.call(Method::POST, &path, &self.key, None).await
    }

    /// Some chunks of a crawl.
    pub async fn samples(&self, id: i64) -> Result<Vec<Sample>, ApiError> {
        let listing: Listing<_> = self.get(&format!("/api/v1/crawls/{id}/samples")).await?;
        Ok(listing.data)
    }

    /// All documents, of one crawl or of the tenant.
    pub async fn documents(&self, of: Option<i64>) -> Result<Vec<Document>, ApiError> {
        let of = of.map_or_else(String::new, |id| format!("&crawl={id}"));
        let mut all = Vec::new();
        let mut after = Some(0);
        while let Some(last) = after {
            let path = format!("/api/v1/documents?limit=1000&after={last}{of}");
            let listing: Listing<_> = self.get(&path).await?;
            all.extend(listing.data);
            after = listing.next;
        }
        Ok(all)
    }

    /// Workers that said something within the last day.
    pub async fn workers(&self) -> Result<Vec<Worker>, ApiError> {
        let listing: Listing<_> = self.get("/api/v1/workers").await?;
        Ok(listing.data)
    }

    /// Polls every 100 ms until the crawl has ended. Outages of the API are waited out, up to `within`.
    pub async fn wait_crawl(
        &self,
        id: i64,
        within: Duration,
        mut on_progress: impl FnMut(&CrawlStatus),
    ) -> Result<CrawlStatus, ApiError> {
        let deadline = Instant::now() + within;
        loop {
            match self.crawl(id).await {
                Ok(status) => {
                    on_progress(&status);
                    if status.has_ended() {
                        return Ok(status);
                    }
                }
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= deadline {
                return Err(ApiError::TimedOut { id, within });
            }
            sleep(POLL).await;
        }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.requester.call(Method::GET, path, &self.key, None).await
    }
}

//! Calls about crawls, documents and the fleet, as one tenant.

use std::time::Duration;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::crawl::{CrawlError, CrawlStatus, Explanation, RetriedCrawl, StartRequest};
use super::document::{Chunk, Document, DocumentDetail, Sample};
use super::error::ApiError;
use super::requester::Requester;
use super::route::Route;
use super::tenant::Whoami;
use super::worker::{Health, Worker};

/// How often a crawl is looked at while somebody waits for it.
const POLL: Duration = Duration::from_millis(100);

/// Most rows that the API gives at once.
const PAGE: usize = 1_000;

/// The API as the holder of one key.
#[derive(Clone)]
pub struct Api {
    requester: Requester,
    key: String,
}

/// One page of a listing.
#[derive(Deserialize)]
struct Listing<T> {
    data: Vec<T>,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl Api {
    /// The API at `origin`, such as `http://127.0.0.1:7070`. Nothing is asked yet.
    pub fn new(origin: &str, key: impl Into<String>) -> Result<Self, ApiError> {
        Ok(Self::over(Requester::new(vec![origin.to_owned()])?, key))
    }

    pub(crate) fn over(requester: Requester, key: impl Into<String>) -> Self {
        Self { requester, key: key.into() }
    }

    /// The same API with another key.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self { requester: self.requester.clone(), key: key.into() }
    }

    /// `http://ADDR` of the first scheduler.
    pub fn origin(&self) -> &str {
        self.requester.origin()
    }

    /// Starts a crawl.
    pub async fn start(&self, request: &StartRequest) -> Result<CrawlStatus, ApiError> {
        self.send(Method::POST, &Route::new(&["crawls"]), request).await
    }

    /// A crawl's state and counts.
    pub async fn crawl(&self, id: i64) -> Result<CrawlStatus, ApiError> {
        self.get(&Route::new(&["crawls", &id.to_string()])).await
    }

    /// The newest crawls, at most `most`, of one state or of all.
    pub async fn crawls(&self, state: Option<&str>, most: usize) -> Result<Vec<CrawlStatus>, ApiError> {
        self.list(&Route::new(&["crawls"]).with_some("state", state), most).await
    }

    /// Cancels a crawl.
    pub async fn cancel(&self, id: i64) -> Result<CrawlStatus, ApiError> {
        self.bare(Method::POST, &Route::new(&["crawls", &id.to_string(), "cancel"])).await
    }

    /// Opens failed URLs of a crawl again, all or those with one verdict.
    pub async fn retry(&self, id: i64, verdict: Option<&str>) -> Result<RetriedCrawl, ApiError> {
        let route = Route::new(&["crawls", &id.to_string(), "retry"]);
        let body =
            verdict.map_or_else(|| serde_json::json!({}), |code| serde_json::json!({ "verdict": code }));
        self.send(Method::POST, &route, &body).await
    }

    /// URLs of a crawl that failed or were skipped, at most `most`.
    pub async fn crawl_errors(&self, id: i64, most: usize) -> Result<Vec<CrawlError>, ApiError> {
        self.list(&Route::new(&["crawls", &id.to_string(), "errors"]), most).await
    }

    /// Why a URL of a crawl was fetched or not, and what comes next.
    pub async fn explain(&self, id: i64, url: &str) -> Result<Explanation, ApiError> {
        self.get(&Route::new(&["crawls", &id.to_string(), "explain"]).with("url", url)).await
    }

    /// Some chunks of a crawl.
    pub async fn samples(&self, id: i64) -> Result<Vec<Sample>, ApiError> {
        let route = Route::new(&["crawls", &id.to_string(), "samples"]);
        let listing: Listing<_> = self.get(&route).await?;
        Ok(listing.data)
    }

    /// All documents, of one crawl or of the tenant.
    pub async fn documents(&self, of: Option<i64>) -> Result<Vec<Document>, ApiError> {
        self.first_documents(of, usize::MAX).await
    }

    /// The first documents, of one crawl or of the tenant, at most `most`.
    pub async fn first_documents(&self, of: Option<i64>, most: usize) -> Result<Vec<Document>, ApiError> {
        self.list(&Route::new(&["documents"]).with_some("crawl", of), most).await
    }

    /// A document with its content.
    pub async fn document(&self, id: i64) -> Result<DocumentDetail, ApiError> {
        self.get(&Route::new(&["documents", &id.to_string()])).await
    }

    /// Chunks of a document in their order, at most `most`.
    pub async fn chunks(&self, id: i64, most: usize) -> Result<Vec<Chunk>, ApiError> {
        self.list(&Route::new(&["documents", &id.to_string(), "chunks"]), most).await
    }

    /// Workers that said something within the last day.
    pub async fn workers(&self) -> Result<Vec<Worker>, ApiError> {
        let listing: Listing<_> = self.get(&Route::new(&["workers"])).await?;
        Ok(listing.data)
    }

    /// The tenant of the key, with its limits.
    pub async fn whoami(&self) -> Result<Whoami, ApiError> {
        self.get(&Route::new(&["tenant"])).await
    }

    /// How the fleet is.
    pub async fn health(&self) -> Result<Health, ApiError> {
        self.get(&Route::new(&["health"])).await
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

    pub(super) async fn get<T: DeserializeOwned>(&self, route: &Route) -> Result<T, ApiError> {
        self.bare(Method::GET, route).await
    }

    /// A request without a body.
    pub(super) async fn bare<T: DeserializeOwned>(
        &self,
        method: Method,
        route: &Route,
    ) -> Result<T, ApiError> {
        self.requester.call(method, route, &self.key, None).await
    }

    /// A request with a body.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        route: &Route,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let body = serde_json::to_vec(body).expect("strings, numbers and lists of them become JSON");
        self.requester.call(method, route, &self.key, Some(body)).await
    }

    /// Follows a listing until it ends or has given `most` rows.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        route: &Route,
        most: usize,
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let mut cursor = None;
        while all.len() < most {
            let limit = (most - all.len()).min(PAGE);
            let page: Listing<T> =
                self.get(&route.clone().with("limit", limit).with_some("cursor", cursor)).await?;
            all.extend(page.data);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        all.truncate(most);
        Ok(all)
    }
}

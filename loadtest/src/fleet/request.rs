//! One request to the API: which scheduler, which key, and what its answer means.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;

use super::api::ApiError;
use super::replies::Problem;

/// The API answers from counters and short queries; this only ends what hangs.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to the first scheduler that can be reached.
#[derive(Clone)]
pub(super) struct Requester {
    client: Client,
    /// `http://ADDR` of each scheduler.
    origins: Arc<[String]>,
}

impl Requester {
    pub(super) fn new(origins: Vec<String>) -> Self {
        // Fails only if the process has a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            // A proxy from the environment can't reach this machine's loopback.
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .expect("plain settings and an installed TLS provider always build");
        Self { client, origins: origins.into() }
    }

    pub(super) fn origin(&self) -> &str {
        &self.origins[0]
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, ApiError> {
        let mut refused = None;
        for origin in self.origins.iter() {
            let mut request = self.client.request(method.clone(), format!("{origin}{path}")).bearer_auth(key);
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            match request.send().await {
                // Nothing was sent, so asking the next one repeats nothing.
                Err(error) if error.is_connect() => refused = Some(error),
                Err(error) => return Err(ApiError::Unreachable(error)),
                Ok(response) => return read(response).await,
            }
        }
        Err(ApiError::Unreachable(refused.expect("a fleet has at least one scheduler")))
    }

    /// Whether the scheduler at `origin` says that it can serve; its answer otherwise.
    pub(super) async fn ready(&self, origin: &str) -> Result<(), String> {
        let answer = self.client.get(format!("{origin}/readyz")).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(answer.text().await.unwrap_or_default()),
            Err(error) => Err(error.to_string()),
        }
    }
}

async fn read<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, ApiError> {
    let status = response.status();
    let body = response.bytes().await.map_err(ApiError::Unreachable)?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(ApiError::Unreadable);
    }
    let problem: Problem = serde_json::from_slice(&body).map_err(ApiError::Unreadable)?;
    Err(ApiError::Refused {
        status: status.as_u16(),
        code: problem.code,
        detail: problem.detail,
        next_step: problem.next_step,
    })
}

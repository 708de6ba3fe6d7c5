//! Requests to a fleet's API as anybody could send them, bad ones included, with nothing hidden by a client.

use anyhow::{Context, Result, ensure};
use rad_loadtest::fleet::Fleet;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// A sender of requests to the first scheduler of a fleet.
pub(crate) struct PlainHttp {
    client: Client,
    origin: String,
}

/// An answer with all that a caller may look at.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl PlainHttp {
    pub(crate) fn new(fleet: &Fleet) -> Result<Self> {
        // A fleet has installed a TLS provider by now; the API itself speaks none.
        let client = Client::builder().no_proxy().tls_certs_only([]).build()?;
        Ok(Self { client, origin: fleet.api().origin().to_owned() })
    }

    /// Sends a request with exactly these headers.
    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// A GET as the bearer of `key`.
    pub(crate) async fn get(&self, key: &str, path: &str) -> Result<Answer> {
        self.send(&Method::GET, path, &[("authorization", &format!("Bearer {key}"))], Vec::new()).await
    }

    /// A POST of JSON as the bearer of `key`.
    pub(crate) async fn post(
        &self,
        key: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer> {
        let bearer = format!("Bearer {key}");
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        self.send(&Method::POST, path, &all, body.to_string().into_bytes()).await
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }

    /// The JSON of an answer that has to have this status.
    pub(crate) fn expect(&self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "answered {}: {}", self.status, self.text);
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

//! One request to the API: which scheduler, which key, and what its answer means.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Response, redirect};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::error::{ApiError, Problem};
use super::route::Route;

/// The API answers from counters and short queries; this only ends what hangs.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An API on another continent connects within a second; one that is gone must not cost the whole time limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests to the first scheduler that can be reached.
#[derive(Clone)]
pub(crate) struct Requester {
    client: Client,
    /// `http://ADDR` of each scheduler, without a slash at the end. Never empty.
    origins: Arc<[String]>,
}

impl Requester {
    /// For schedulers that are asked in turn, by `http` or `https` addresses. At least one.
    pub(crate) fn new(origins: Vec<String>) -> Result<Self, ApiError> {
        let origins: Vec<_> =
            origins.into_iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        let urls = origins.iter().map(|origin| parse(origin)).collect::<Result<Vec<_>, _>>()?;
        let first = origins.first().cloned().unwrap_or_default();
        let client = client(&urls).map_err(|source| ApiError::Client { origin: first, source })?;
        Ok(Self { client, origins: origins.into() })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origins[0]
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        route: &Route,
        key: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, ApiError> {
        let mut unreached = None;
        for origin in self.origins.iter() {
            let mut request =
                self.client.request(method.clone(), format!("{origin}{route}")).bearer_auth(key);
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            let lost = |source| ApiError::Unreachable { origin: origin.clone(), source };
            match request.send().await {
                // Nothing was sent, so asking the next one repeats nothing.
                Err(error) if error.is_connect() => unreached = Some(lost(error)),
                Err(error) => return Err(lost(error)),
                Ok(response) => return read(origin, response).await,
            }
        }
        Err(unreached.expect("there is at least one origin, and each either answers or is lost"))
    }

    /// Whether the scheduler at `origin` says that it can serve; its answer otherwise.
    pub(crate) async fn ready(&self, origin: &str) -> Result<(), String> {
        let answer = self.client.get(format!("{origin}/readyz")).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(answer.text().await.unwrap_or_default()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn parse(origin: &str) -> Result<Url, ApiError> {
    let unusable = || ApiError::Address { origin: origin.to_owned() };
    let url = Url::parse(origin).map_err(|_| unusable())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && plain { Ok(url) } else { Err(unusable()) }
}

fn client(origins: &[Url]) -> Result<Client, reqwest::Error> {
    // Fails only if the process has a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        // A key belongs to the address that it was given for, and a redirected POST becomes a GET.
        .redirect(redirect::Policy::none());
    if origins.iter().all(is_loopback) {
        // A proxy from the environment can't reach this machine's loopback.
        builder = builder.no_proxy();
    }
    if origins.iter().all(|origin| origin.scheme() == "http") {
        // The system's roots need not be there, nor be read, where no TLS is spoken.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

fn is_loopback(origin: &Url) -> bool {
    match origin.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

async fn read<T: DeserializeOwned>(origin: &str, response: Response) -> Result<T, ApiError> {
    let status = response.status();
    let lost = |source| ApiError::Unreachable { origin: origin.to_owned(), source };
    let body = response.bytes().await.map_err(lost)?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(ApiError::Unreadable);
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(problem.into_error(status.as_u16())),
        Err(_) => Err(ApiError::Foreign { origin: origin.to_owned(), status: status.as_u16() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_or_https_and_a_slash_at_the_end_does_not_matter() {
        let requester = Requester::new(vec!["http://127.0.0.1:7070/".to_owned()]).unwrap();
        assert_eq!(requester.origin(), "http://127.0.0.1:7070");
        for wrong in
            ["127.0.0.1:7070", "ftp://a.example", "", "http://a.example/?key=1", "http://u@a.example"]
        {
            let refused = Requester::new(vec![wrong.to_owned()]).err();
            assert!(matches!(refused, Some(ApiError::Address { .. })), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_told_from_other_addresses() {
        for (origin, loopback) in [
            ("http://127.0.0.9:1", true),
            ("http://[::1]:1", true),
            ("http://localhost:7070", true),
            ("http://10.0.0.1", false),
            ("https://rad.example.org", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(origin).unwrap()), loopback, "{origin}");
        }
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_unreachable() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let requester = Requester::new(vec![format!("http://{nobody}")]).unwrap();
        let lost = requester.call::<()>(Method::GET, &Route::new(&["crawls"]), "key", None).await;
        assert!(matches!(lost, Err(ApiError::Unreachable { .. })), "{lost:?}");
    }
}

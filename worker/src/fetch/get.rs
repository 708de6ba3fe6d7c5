//! Fetches one page: the redirects within its host, then the body if it is of a wanted type.

mod kind;
mod sniff;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use rad_core::sitemap;
use rad_core::url::{CanonicalUrl, UrlError};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION,
};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

pub use kind::Kind;

use super::Fetcher;
use super::body::{ACCEPTED_CODINGS, BodyReader};
use super::cookies::Cookies;
use super::error::{FetchError, Slow};
use super::guard::{self, Forbidden};
use super::headers::{self, Directives};
use super::meters;

/// The types that are read. Servers that negotiate can answer in Markdown, which loses nothing.
const ACCEPTED: &str =
    "text/html, application/xhtml+xml, text/markdown;q=0.9, text/plain;q=0.8, application/xml;q=0.8";

/// As much as browsers look at to guess a type.
const SNIFFED_BYTES: usize = 512;

/// Start of every gzip file: a body that still begins with it was compressed twice, or without saying so.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The validators of the version that is already stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditional {
    /// Its `ETag` header, as it was.
    pub etag: Option<String>,
    /// Its Last-Modified header, as it was.
    pub last_modified: Option<String>,
}

/// A redirect that was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The URL that redirected.
    pub url: CanonicalUrl,
    /// The status it did so with.
    pub status: u16,
}

/// What a fetch without failure brought.
#[derive(Debug)]
pub enum Fetched {
    /// A page with its body.
    Page(Page),
    /// The page has not changed since the version whose validators were sent.
    NotModified {
        /// The URL that answered. The answer means the stored version only if that is this URL's.
        final_url: CanonicalUrl,
        /// The redirects that led there.
        hops: Vec<Hop>,
    },
    /// The page is on another host or not to be followed; it was not contacted.
    Redirect {
        /// Where it is.
        to: CanonicalUrl,
        /// The redirects that led there; the last one left the host.
        hops: Vec<Hop>,
    },
}

/// A page as the server sent it.
#[derive(Debug)]
pub struct Page {
    /// The URL that answered.
    pub final_url: CanonicalUrl,
    /// The status, 200 to 299.
    pub status: u16,
    /// The `ETag` header, for a later [`Conditional`].
    pub etag: Option<String>,
    /// The Last-Modified header, for a later [`Conditional`].
    pub last_modified: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The media type in lower case; `text/html` if the server gave none and the body looks like it.
    pub content_type: String,
    /// The charset of the Content-Type header in lower case.
    pub charset: Option<String>,
    /// What X-Robots-Tag asks for.
    pub directives: Directives,
    /// The whole body, decompressed.
    pub body: Bytes,
    /// Its content coding broke off or was damaged, and this is what came before.
    pub is_partial: bool,
    /// The redirects that led here.
    pub hops: Vec<Hop>,
}

/// What one request came to.
enum Step {
    Page(Page),
    NotModified,
    Redirect { status: u16, to: CanonicalUrl },
}

impl Fetcher {
    /// Fetches `url` and follows redirects within its host, pausing for `hop_delay` before each.
    ///
    /// The host's clock has to allow the first request; the pauses keep the clock for the others. A target that
    /// `follow` refuses is not contacted and comes back as [`Fetched::Redirect`], like one on another host. What
    /// servers set goes into `cookies`, and back to them from there.
    pub async fn get(
        &self,
        url: &CanonicalUrl,
        conditional: &Conditional,
        hop_delay: Duration,
        cookies: &Cookies,
        follow: &(dyn Fn(&CanonicalUrl) -> bool + Sync),
    ) -> Result<Fetched, FetchError> {
        let fetched = self.follow_hops(url, conditional, hop_delay, cookies, follow).await;
        if let Err(error) = &fetched {
            meters::failed(error.failure());
        }
        fetched
    }

    async fn follow_hops(
        &self,
        url: &CanonicalUrl,
        conditional: &Conditional,
        hop_delay: Duration,
        cookies: &Cookies,
        follow: &(dyn Fn(&CanonicalUrl) -> bool + Sync),
    ) -> Result<Fetched, FetchError> {
        let mut deadline = Instant::now() + self.config.total_timeout;
        let mut hops = Vec::new();
        let mut current = url.clone();
        let mut asked_with = HashMap::new();
        loop {
            asked_with.insert(current.clone(), cookies.changes());
            let step = timeout_at(deadline, self.step(&current, conditional, cookies))
                .await
                .map_err(|_| FetchError::Timeout(Slow::Total))??;
            let (status, to) = match step {
                Step::Page(page) => return Ok(Fetched::Page(Page { hops, ..page })),
                Step::NotModified => {
                    return Ok(Fetched::NotModified { final_url: current, hops });
                }
                Step::Redirect { status, to } => (status, to),
            };
            hops.push(Hop { url: current, status });
            // A server that sets a cookie and sends the visitor back will answer otherwise.
            let is_loop = asked_with.get(&to).is_some_and(|changes| *changes == cookies.changes());
            if is_loop || hops.len() > self.config.max_hops {
                return Err(FetchError::TooManyRedirects);
            }
            guard::check_url(&self.config.addresses, to.as_url()).map_err(FetchError::Forbidden)?;
            if to.host_key() != url.host_key() || !follow(&to) {
                return Ok(Fetched::Redirect { to, hops });
            }
            self.meters.politeness_wait.record(hop_delay);
            sleep(hop_delay).await;
            deadline += hop_delay;
            current = to;
        }
    }

    async fn step(
        &self,
        url: &CanonicalUrl,
        conditional: &Conditional,
        cookies: &Cookies,
    ) -> Result<Step, FetchError> {
        let mut request = request_headers(conditional);
        cookies.add_to(&mut request, url);
        let asked_for_changes =
            request.contains_key(IF_NONE_MATCH) || request.contains_key(IF_MODIFIED_SINCE);
        let _contact = self.contact(&url.host_key());
        let mut phases = self.meters.begin();
        let response = self.request(url, request).await?;
        phases.answered();
        cookies.take(url, response.headers());
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && asked_for_changes {
            return Ok(Step::NotModified);
        }
        if let Some(location) = redirect_target(&response) {
            let to = target_url(url, location)?;
            return Ok(Step::Redirect { status: status.as_u16(), to });
        }
        if !status.is_success() {
            return Err(FetchError::Status {
                status: status.as_u16(),
                retry_after: headers::retry_after(response.headers()),
            });
        }
        let page = self.page(url, response).await;
        phases.read();
        page.map(Step::Page)
    }

    async fn page(&self, url: &CanonicalUrl, response: Response) -> Result<Page, FetchError> {
        let declared = headers::content_type(response.headers());
        let mut page = Page {
            final_url: url.clone(),
            status: response.status().as_u16(),
            etag: headers::validator(response.headers(), ETAG),
            last_modified: headers::validator(response.headers(), LAST_MODIFIED),
            kind: Kind::Page,
            content_type: String::new(),
            charset: declared.charset,
            directives: headers::directives(response.headers(), &self.config.product),
            body: Bytes::new(),
            is_partial: false,
            hops: Vec::new(),
        };
        let (kind, content_type, reader) = self.wanted_body(url, declared.media_type, response).await?;
        page.kind = kind;
        page.content_type = content_type;
        page.is_partial = reader.is_partial();
        page.body = reader.into_bytes().into();
        Ok(page)
    }

    /// Reads the body if its type is wanted, and drops the connection if not.
    async fn wanted_body(
        &self,
        url: &CanonicalUrl,
        declared: Option<String>,
        response: Response,
    ) -> Result<(Kind, String, BodyReader), FetchError> {
        let kind = declared.as_deref().map(|declared| Kind::of(declared, url.as_url().path()));
        let is_list = kind == Some(Some(Kind::Sitemap));
        let limit = if is_list { sitemap::MAX_BYTES } else { self.config.body_cap };
        let announced = response.content_length();
        let bytes_in = self.meters.bytes_in.clone();
        let mut reader = BodyReader::new(response, limit.saturating_add(1), self.config.min_rate, bytes_in)?;
        let content_type = match declared {
            Some(declared) if kind.flatten().is_some() => declared,
            Some(other) => {
                return Err(FetchError::UnsupportedType { content_type: Some(other) });
            }
            None => {
                reader.read_to(SNIFFED_BYTES).await?;
                let start = &reader.bytes()[..reader.bytes().len().min(SNIFFED_BYTES)];
                sniff::looks_like_html(start)
                    .then(|| "text/html".to_owned())
                    .ok_or(FetchError::UnsupportedType { content_type: None })?
            }
        };
        if is_list {
            // A list that is too long is read as far as it may be.
            reader.read_to(limit).await?;
            return Ok((Kind::Sitemap, content_type, reader));
        }
        if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
            return Err(FetchError::TooLarge { limit });
        }
        reader.read_to(limit.saturating_add(1)).await?;
        if reader.bytes().starts_with(&GZIP_MAGIC) {
            return Err(FetchError::UnsupportedEncoding);
        }
        if reader.bytes().len() > limit {
            return Err(FetchError::TooLarge { limit });
        }
        Ok((Kind::Page, content_type, reader))
    }
}

fn request_headers(conditional: &Conditional) -> HeaderMap {
    let mut request = HeaderMap::new();
    request.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    request.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_CODINGS));
    let mut add = |name: HeaderName, value: Option<&String>| {
        // A stored validator that is no header value any more only costs a full answer.
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            request.insert(name, value);
        }
    };
    add(IF_NONE_MATCH, conditional.etag.as_ref());
    add(IF_MODIFIED_SINCE, conditional.last_modified.as_ref());
    request
}

/// The Location header, if the status makes it a redirect.
pub(super) fn redirect_target(response: &Response) -> Option<&HeaderValue> {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| response.headers().get(LOCATION))
        .flatten()
}

/// Resolves a Location header against the URL that sent it.
pub(super) fn target_url(from: &CanonicalUrl, location: &HeaderValue) -> Result<CanonicalUrl, FetchError> {
    // Not all servers encode their redirects, so UTF-8 is accepted besides ASCII.
    let location = str::from_utf8(location.as_bytes()).map_err(|error| FetchError::Protocol(error.into()))?;
    from.join(location).map_err(|error| match error {
        UrlError::Scheme => FetchError::Forbidden(Forbidden::Scheme),
        UrlError::Userinfo => FetchError::Forbidden(Forbidden::Userinfo),
        other => FetchError::Protocol(other.into()),
    })
}

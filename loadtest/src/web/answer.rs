//! What the server answers to a request.
//!
//! The status is decided at arrival from the path, the conditional header and the number of requests so
//! far; the rest of the answer follows from it after any hold or latency.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};

use crate::web::graph::{Kind, PageNumber};
use crate::web::site::Site;

/// What a path names.
pub(crate) enum Target {
    Robots,
    Page(PageNumber, Kind),
    Nothing,
}

impl Target {
    pub(crate) fn of(site: &Site, path: &str) -> Self {
        if path == "/robots.txt" {
            return Self::Robots;
        }
        let page = site.page_at(path);
        let known = page.and_then(|page| Some((page, site.kind(page)?)));
        known.map_or(Self::Nothing, |(page, kind)| Self::Page(page, kind))
    }

    /// The status of the `count`-th request to this target.
    pub(crate) fn status(&self, site: &Site, headers: &HeaderMap, count: u32) -> StatusCode {
        let page = match self {
            Self::Robots => return StatusCode::OK,
            Self::Nothing | Self::Page(_, Kind::Broken) => return StatusCode::NOT_FOUND,
            Self::Page(page, _) => *page,
        };
        if count <= site.spec().error_answers && site.is_transient(page) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        match site.etag(page) {
            None => StatusCode::MOVED_PERMANENTLY,
            Some(etag) if matches(headers, &etag) => StatusCode::NOT_MODIFIED,
            Some(_) => StatusCode::OK,
        }
    }

    /// The answer with this status.
    pub(crate) fn answer(&self, site: &Site, status: StatusCode) -> Response<Body> {
        let mut response = Response::builder().status(status);
        let body = match (self, status) {
            (Self::Robots, _) => {
                response = response.header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
                Body::from(site.spec().robots.text())
            }
            (Self::Page(page, _), StatusCode::OK) => {
                response = response
                    .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
                    .header(header::ETAG, site.etag(*page).unwrap_or_default());
                Body::from(site.html(*page).unwrap_or_default())
            }
            (Self::Page(page, _), StatusCode::NOT_MODIFIED) => {
                response = response.header(header::ETAG, site.etag(*page).unwrap_or_default());
                Body::empty()
            }
            (Self::Page(_, Kind::Redirect(to)), StatusCode::MOVED_PERMANENTLY) => {
                response = response.header(header::LOCATION, site.path(*to));
                Body::empty()
            }
            _ => {
                response = response.header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
                Body::from(status.to_string())
            }
        };
        response.body(body).expect("paths and tags are ASCII without control characters")
    }
}

/// True if `If-None-Match` names `etag`, compared weakly as RFC 9110 section 13.1.2 demands.
fn matches(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

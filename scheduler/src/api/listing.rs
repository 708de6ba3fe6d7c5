//! Pages of a listing: which one is asked for, and how the next one is named.
//!
//! A cursor is the number of the last entry with the kind of its listing before it. Callers take it as it is; the
//! kind keeps a cursor of one listing out of another.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem::Problem;
use crate::service::Service;
use crate::service::fault::{Fault, Faults, Wrong};
use crate::service::page::{Limit, Page};

/// The parameters that every listing has.
const PAGING: [&str; 2] = ["limit", "cursor"];

/// What a listing lists; the letter leads its cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Crawls,
    Errors,
    Documents,
    Chunks,
    Tenants,
    Tasks,
}

impl Kind {
    const fn letter(self) -> char {
        match self {
            Self::Crawls => 'j',
            Self::Errors => 'e',
            Self::Documents => 'd',
            Self::Chunks => 'c',
            Self::Tenants => 't',
            Self::Tasks => 'k',
        }
    }
}

fn cursor(kind: Kind, last: i64) -> String {
    format!("{}{last:016x}", kind.letter())
}

fn last_of(kind: Kind, cursor: &str) -> Option<i64> {
    let digits = cursor.strip_prefix(kind.letter())?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    // A parser of numbers would take a sign.
    (digits.len() == 16 && digits.bytes().all(hex)).then(|| i64::from_str_radix(digits, 16).ok())?
}

/// The parameters of a request for a page.
#[derive(Debug)]
pub(super) struct Asked {
    path: String,
    given: Vec<(String, String)>,
}

/// A request for a page, judged.
#[derive(Debug)]
pub(super) struct PageRequest {
    kind: Kind,
    path: String,
    /// What the next page is asked with, beside the cursor.
    kept: Vec<(&'static str, String)>,
    pub(super) limit: Limit,
    last: Option<i64>,
}

impl FromRequestParts<Service> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Service) -> Result<Self, Problem> {
        let Query(given) = Query::try_from_uri(&parts.uri)
            .map_err(|_| Faults::one("", "the query can't be read", "give name=value pairs"))?;
        Ok(Self { path: parts.uri.path().to_owned(), given })
    }
}

impl Asked {
    /// Reads `limit`, `cursor` and one parameter of the listing's own, by `filter`.
    pub(super) fn with<T>(
        self,
        kind: Kind,
        own: &'static str,
        filter: impl FnOnce(&str) -> Result<T, Faults>,
    ) -> Result<(PageRequest, Option<T>), Faults> {
        let (mut filter, mut filtered) = (Some(filter), None);
        let page = self.filtered(kind, &[own], |_, value| {
            filtered = filter.take().map(|filter| filter(value)).transpose()?;
            Ok(())
        })?;
        Ok((page, filtered))
    }

    /// Reads `limit`, `cursor` and some parameters of the listing's own: `filter` is given each that is there.
    pub(super) fn filtered(
        self,
        kind: Kind,
        own: &[&'static str],
        mut filter: impl FnMut(&'static str, &str) -> Result<(), Faults>,
    ) -> Result<PageRequest, Faults> {
        let mut faults = self.strange(own);
        let mut kept = Vec::new();
        for name in own {
            let Some(value) = self.value(name) else { continue };
            match filter(name, value) {
                Ok(()) => kept.push((*name, value.to_owned())),
                Err(wrong) => faults.extend(wrong.into_vec()),
            }
        }
        self.page(kind, kept, faults)
    }

    /// Reads `limit` and `cursor`.
    pub(super) fn alone(self, kind: Kind) -> Result<PageRequest, Faults> {
        let faults = self.strange(&[]);
        self.page(kind, Vec::new(), faults)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn page(
        self,
        kind: Kind,
        mut kept: Vec<(&'static str, String)>,
        mut faults: Vec<Fault>,
    ) -> Result<PageRequest, Faults> {
        let limit = self.value("limit").map(limit).transpose().unwrap_or_else(|wrong| {
            faults.extend(wrong.into_vec());
            None
        });
        let last = self.value("cursor").map(|text| last_of(kind, text));
        if last == Some(None) {
            let fix = "give the next_cursor of a page of this listing, or leave it out for the first page";
            faults.extend(Faults::one("cursor", "cursor: it is not one of this listing", fix).into_vec());
        }
        Faults::check(faults)?;
        kept.extend(limit.map(|limit| ("limit", limit.get().to_string())));
        Ok(PageRequest {
            kind,
            path: self.path,
            kept,
            limit: limit.unwrap_or_default(),
            last: last.flatten(),
        })
    }

    /// Parameters that the listing does not take, and those that are given twice.
    fn strange(&self, own: &[&'static str]) -> Vec<Fault> {
        let mut known = own.to_vec();
        known.extend(PAGING);
        let mut faults = Vec::new();
        for (place, (name, _)) in self.given.iter().enumerate() {
            let field: String = name.chars().take(60).collect();
            let twice = self.given[..place].iter().any(|(before, _)| before == name);
            if !known.contains(&name.as_str()) {
                let detail = format!("there is no parameter `{field}`");
                let fix = format!("leave it out; there are {}", known.join(", "));
                faults.push(Fault { wrong: Wrong::Unknown, field, detail, fix });
            } else if twice {
                let (detail, fix) = (format!("{field}: it is given twice"), "give it once".to_owned());
                faults.push(Fault { wrong: Wrong::Invalid, field, detail, fix });
            }
        }
        faults
    }
}

fn limit(text: &str) -> Result<Limit, Faults> {
    let number = text.parse::<i64>().map_err(|_| {
        Faults::one("limit", format!("limit: {text:?} is not a number"), "give a number from 1 to 1000")
    })?;
    Limit::new(number)
}

impl PageRequest {
    /// Number of the last entry of the page before; `first` where there is none.
    pub(super) fn last_or(&self, first: i64) -> i64 {
        self.last.unwrap_or(first)
    }

    /// The answer: the page, and how the next one is asked for.
    pub(super) fn answer<T: Serialize>(self, page: Page<T>) -> Response {
        let next = page.next.map(|last| cursor(self.kind, last));
        let link = next.as_deref().map(|cursor| self.link(cursor));
        let mut response = Json(Listing { data: page.data, next_cursor: next }).into_response();
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    /// All values were judged, so none has a character that a query must not have.
    fn link(&self, cursor: &str) -> String {
        let mut query: Vec<_> = self.kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        query.push(format!("cursor={cursor}"));
        format!("<{}?{}>; rel=\"next\"", self.path, query.join("&"))
    }
}

/// A listing that is always whole.
pub(super) fn whole<T: Serialize>(page: Page<T>) -> Response {
    Json(Listing { data: page.data, next_cursor: None }).into_response()
}

/// A page as it is sent.
#[derive(Serialize)]
struct Listing<T> {
    data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[cfg(test)]
mod tests;

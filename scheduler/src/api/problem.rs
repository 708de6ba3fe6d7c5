//! Errors as RFC 9457 problem documents: a stable code, a sentence, and the next step.
//!
//! A problem does not know the request that it answers. It travels in the response's extensions, and `guard` writes
//! it out with the request's id.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rad_core::errors::chain;
use rad_schema::tenants::KeyError;
use serde::Serialize;

use super::catalogue::Code;
use crate::service::ServiceError;
use crate::service::fault::{Fault, Faults, Wrong};
use crate::service::target::Forbidden;

/// What went wrong with a request.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    code: Code,
    detail: String,
    /// Stands for the next step of the catalogue.
    next_step: Option<String>,
    faults: Vec<Fault>,
}

/// A problem as it is sent.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    next_step: &'a str,
    retryable: bool,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), next_step: None, faults: Vec::new() }
    }

    /// The cause stays in the log: callers hear only that it was our fault.
    pub(super) fn internal() -> Self {
        Self::new(Code::Internal, "the request could not be answered")
    }

    /// The stores did not answer in time.
    pub(super) fn unavailable() -> Self {
        Self::new(Code::StoreUnavailable, "the database did not answer as it should")
    }

    /// The answer to the request called `request_id`.
    pub(super) fn answer(&self, request_id: &str) -> Response {
        let entry = self.code.entry();
        let document = Document {
            r#type: format!("/errors/{}", entry.name),
            title: entry.title,
            status: entry.status,
            code: entry.name,
            detail: &self.detail,
            next_step: self.next_step.as_deref().unwrap_or(entry.next_step),
            retryable: entry.retryable,
            request_id,
            field: self.faults.first().map(|fault| fault.field.as_str()).filter(|field| !field.is_empty()),
            errors: &self.faults,
        };
        (self.status(), [(header::CONTENT_TYPE, "application/problem+json")], Json(document)).into_response()
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.entry().status).expect("the catalogue has real status codes")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        let first = faults.first().clone();
        let faults = faults.into_vec();
        let code = match first.wrong {
            Wrong::Unknown => Code::UnknownField,
            Wrong::Missing => Code::MissingField,
            Wrong::Invalid => Code::InvalidField,
        };
        let more = match faults.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more, see errors)"),
        };
        Self { code, detail: format!("{}{more}", first.detail), next_step: Some(first.fix), faults }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Fields(faults) => faults.into(),
            ServiceError::Key(error) => key(&error),
            ServiceError::Forbidden { .. } => Self::new(Code::Forbidden, error.to_string()),
            ServiceError::NotFound { .. } => Self::new(Code::NotFound, error.to_string()),
            ServiceError::Address(reason) => address(&reason),
            ServiceError::IdempotencyMismatch { .. } => {
                Self::new(Code::IdempotencyMismatch, error.to_string())
            }
            ServiceError::CrawlCancelled { .. } => Self::new(Code::CrawlCancelled, error.to_string()),
            ServiceError::LeaseLost { .. } => Self::new(Code::LeaseLost, error.to_string()),
            ServiceError::TenantExists { .. } => Self::new(Code::TenantExists, error.to_string()),
            ServiceError::Store(ref cause) if cause.is_retryable() => {
                tracing::warn!(error = chain(&error), "request failed at the store");
                Self::unavailable()
            }
            ServiceError::Window(_) => {
                tracing::warn!(error = chain(&error), "request failed at the window");
                Self::new(
                    Code::StoreUnavailable,
                    "Redis did not answer as it should, or is being filled again",
                )
            }
            ServiceError::Store(_) | ServiceError::Content { .. } => {
                tracing::error!(error = chain(&error), "request failed");
                Self::internal()
            }
        }
    }
}

fn key(error: &KeyError) -> Problem {
    let code = match error {
        KeyError::Malformed => Code::KeyMalformed,
        KeyError::Revoked => Code::KeyRevoked,
        KeyError::Unknown | KeyError::Store(_) => Code::KeyUnknown,
    };
    Problem::new(code, error.to_string())
}

fn address(reason: &Forbidden) -> Problem {
    let (detail, fix) = (format!("url: {reason}"), Code::AddressForbidden.entry().next_step.to_owned());
    let fault = Fault { wrong: Wrong::Invalid, field: "url".to_owned(), detail: detail.clone(), fix };
    Problem { faults: vec![fault], ..Problem::new(Code::AddressForbidden, detail) }
}

pub(super) async fn no_such_route() -> Problem {
    Problem::new(Code::NoSuchRoute, "the API has no such path")
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "the path does not have this method")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn written(problem: &Problem) -> serde_json::Value {
        let response = problem.answer("req-1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn a_problem_names_its_page_its_request_and_its_fields() {
        let faults = Faults::one("scope.max_depth", "scope.max_depth: -1 is not a depth", "give a depth");
        let told = written(&faults.into()).await;
        assert_eq!(
            told,
            serde_json::json!({
                "type": "/errors/invalid_field",
                "title": "A field can't be used",
                "status": 422,
                "code": "invalid_field",
                "detail": "scope.max_depth: -1 is not a depth",
                "next_step": "give a depth",
                "retryable": false,
                "request_id": "req-1",
                "field": "scope.max_depth",
                "errors": [{
                    "field": "scope.max_depth",
                    "detail": "scope.max_depth: -1 is not a depth",
                    "fix": "give a depth",
                }],
            })
        );
    }

    #[tokio::test]
    async fn the_cause_of_an_internal_error_is_not_told() {
        let secret = std::io::Error::other("row 7 of the secret table");
        let error = ServiceError::Content { document: rad_core::ids::DocumentId(1), source: secret };
        let told = written(&error.into()).await;
        assert_eq!((told["code"].as_str(), told["status"].as_u64()), (Some("internal"), Some(500)));
        assert!(!told.to_string().contains("secret"), "{told}");
        assert!(told.get("field").is_none() && told.get("errors").is_none(), "{told}");
    }
}

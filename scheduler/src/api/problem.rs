//! Errors as RFC 9457 problem documents: a stable code, a sentence, and the next step.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rad_core::errors::chain;
use serde::Serialize;

use crate::service::ServiceError;

/// A problem document.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(skip)]
    status_code: StatusCode,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    next_step: String,
    retryable: bool,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            status_code: status,
            title,
            status: status.as_u16(),
            code,
            detail: detail.into(),
            field: None,
            next_step: next_step.into(),
            retryable: status.is_server_error(),
        }
    }

    /// The body is not the JSON object that the route takes.
    pub(super) fn body(detail: String) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_body",
            "The request body can't be used",
            detail,
            "send a JSON object with the documented fields only",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status_code;
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Invalid { field, detail, fix } => Self {
                field: Some(field),
                ..Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_field",
                    "A field has a value that can't be used",
                    format!("{field}: {detail}"),
                    fix,
                )
            },
            ServiceError::NotFound { what } => Self::new(
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                format!("there is no {what}"),
                "check the number; a key sees its own tenant only",
            ),
            ServiceError::Store(error) => {
                tracing::error!(error = chain(&error), "request failed at the store");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store_unavailable",
                    "The store is not available",
                    "Postgres did not answer as it should; nothing was accepted",
                    "try again in some seconds with the same idempotency key",
                )
            }
        }
    }
}

pub(super) async fn no_such_route() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_route",
        "No such route",
        "the API has no such path",
        "see the route list in ARCHITECTURE.md; all tenant routes begin with /api/v1",
    )
}

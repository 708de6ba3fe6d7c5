//! Numbers and names in a path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::catalogue::Code;
use super::problem::Problem;
use crate::service::Service;

/// What stands in the path. A number that can't be one is that of nothing.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Service> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, service).await;
        path.map(|Path(inner)| Self(inner)).map_err(|_| {
            Problem::new(
                Code::NotFound,
                "the path names nothing: crawls and documents are named by their numbers",
            )
        })
    }
}

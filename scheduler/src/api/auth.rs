//! Who calls: the bearer key names the tenant.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use rad_schema::tenants::Caller;

use super::problem::Problem;
use crate::service::Service;

/// The caller of a tenant route.
pub(super) struct Authenticated(pub(super) Caller);

impl FromRequestParts<Service> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| refused("the request has no bearer key"))?;
        match service.caller(key.trim()).await? {
            Some(caller) => Ok(Self(caller)),
            None => Err(refused("the key is unknown or revoked")),
        }
    }
}

fn refused(detail: &str) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Not authorized",
        detail,
        "send `Authorization: Bearer rad_live_...` with a key of your tenant",
    )
}

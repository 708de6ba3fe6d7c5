//! Who calls: the bearer key names the tenant, and its scopes say what it may do.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use rad_schema::tenants::Caller;

use super::catalogue::Code;
use super::problem::Problem;
use crate::service::{Service, ServiceError};

/// What a route asks of a key.
pub(super) trait Demand: Send {
    /// None: any key will do.
    const SCOPE: Option<&'static str>;
}

macro_rules! demand {
    ($($(#[$doc:meta])* $name:ident: $scope:expr;)*) => {
        $($(#[$doc])* pub(super) struct $name;
        impl Demand for $name {
            const SCOPE: Option<&'static str> = $scope;
        })*
    };
}

demand! {
    /// Any key.
    Any: None;
    /// A key that may read.
    Read: Some("read");
    /// A key that may start and cancel crawls.
    Crawl: Some("crawl");
    /// A key of an operator.
    Admin: Some("admin");
}

/// The caller of a route that demands `D`. A handler can't ask for the caller without saying what it demands.
pub(super) struct By<D> {
    pub(super) caller: Caller,
    /// The key itself, by which the store authorizes operators once more.
    pub(super) key: String,
    demand: PhantomData<D>,
}

impl<D> By<D> {
    /// Whether the caller is an operator too.
    pub(super) fn is_operator(&self) -> bool {
        has(&self.caller, "admin")
    }
}

impl<D: Demand> FromRequestParts<Service> for By<D> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(bearer)
            .ok_or_else(|| Problem::new(Code::Unauthorized, "the request has no bearer key"))?;
        let caller = service.caller(key).await?;
        match D::SCOPE {
            Some(scope) if !has(&caller, scope) => Err(ServiceError::Forbidden { scope }.into()),
            _ => Ok(Self { caller, key: key.to_owned(), demand: PhantomData }),
        }
    }
}

fn has(caller: &Caller, scope: &str) -> bool {
    caller.scopes.iter().any(|has| has == scope)
}

/// The key of a header; the name of the scheme is written in any case.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_behind_the_scheme() {
        assert_eq!(bearer("Bearer rad_live_x"), Some("rad_live_x"));
        assert_eq!(bearer("bearer  rad_live_x "), Some("rad_live_x"));
        for other in ["", "Bearer", "Bearer ", "Basic eDp5", "rad_live_x"] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}

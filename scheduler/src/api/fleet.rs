//! Handlers of what concerns the whole fleet: workers, health, readiness.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::auth::{By, Read};
use super::listing::whole;
use super::problem::Problem;
use crate::service::Service;
use crate::service::health::{Health, Readiness};

pub(super) async fn workers(State(service): State<Service>, by: By<Read>) -> Result<Response, Problem> {
    Ok(whole(service.workers(by.is_operator()).await?))
}

pub(super) async fn health(State(service): State<Service>, _: By<Read>) -> Result<Json<Health>, Problem> {
    Ok(Json(service.health().await?))
}

/// The process lives. It says nothing of the stores: restarting it would not mend them.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(service): State<Service>) -> (StatusCode, Json<Readiness>) {
    let readiness = service.readiness().await;
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

//! The REST face: `/api/v1` for tenants with a bearer key, `/healthz` and `/readyz` for operators.
//!
//! - `POST /api/v1/crawls` starts a crawl: 201, or 200 when its idempotency key was seen before
//! - `GET /api/v1/crawls/{id}` its state and exact counts
//! - `POST /api/v1/crawls/{id}/cancel` cancels it
//! - `GET /api/v1/crawls/{id}/samples` three chunks of it
//! - `GET /api/v1/documents?crawl=&after=&limit=` documents by number
//! - `GET /api/v1/workers` the fleet

mod auth;
mod crawls;
mod health;
mod problem;

use axum::Router;
use axum::routing::{get, post};

use crate::service::Service;

pub(crate) fn router(service: Service) -> Router {
    let v1 = Router::new()
        .route("/crawls", post(crawls::start))
        .route("/crawls/{id}", get(crawls::read))
        .route("/crawls/{id}/cancel", post(crawls::cancel))
        .route("/crawls/{id}/samples", get(crawls::samples))
        .route("/documents", get(crawls::documents))
        .route("/workers", get(crawls::workers));
    Router::new()
        .nest("/api/v1", v1)
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(problem::no_such_route)
        .with_state(service)
}

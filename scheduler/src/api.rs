//! The REST face: `/api/v1` for bearers of a key, and what operators and load balancers ask without one.
//!
//! | route | scope | |
//! |---|---|---|
//! | `POST /api/v1/crawls` | crawl | starts a crawl: 201, or 200 when its idempotency key was seen with the same request |
//! | `GET /api/v1/crawls?state=` | read | crawls, newest first |
//! | `GET /api/v1/crawls/{id}` | read | its state and exact counts |
//! | `POST /api/v1/crawls/{id}/cancel` | crawl | cancels it |
//! | `GET /api/v1/crawls/{id}/errors` | read | URLs that failed or were skipped |
//! | `GET /api/v1/crawls/{id}/samples` | read | three chunks of it |
//! | `GET /api/v1/documents?crawl=` | read | documents by number |
//! | `GET /api/v1/documents/{id}` | read | one with its Markdown |
//! | `GET /api/v1/documents/{id}/chunks` | read | its chunks in order |
//! | `GET /api/v1/workers` | read | the fleet |
//! | `GET /api/v1/health` | read | stores, leader, workers |
//! | `GET /api/v1/tenant` | any | the caller and its limits |
//! | `GET, POST /api/v1/tenants` | admin | tenants |
//! | `GET, PATCH /api/v1/tenants/{name}` | admin | one tenant |
//! | `GET, POST /api/v1/tenants/{name}/keys` | admin | its keys |
//! | `DELETE /api/v1/tenants/{name}/keys/{key_id}` | admin | revokes one |
//! | `GET /healthz`, `GET /readyz` | none | whether the process lives, and whether it can serve |
//! | `GET /errors/{code}` | none | explains an error code |
//!
//! Listings take `limit` and `cursor`, and name the next page in `next_cursor` and in a `Link` header. Every error is
//! a problem document with a code of [`catalogue`].

mod auth;
mod body;
mod catalogue;
mod crawls;
mod documents;
mod fleet;
mod guard;
mod listing;
mod observe;
mod path;
mod problem;
mod request_id;
mod tenants;
mod trace;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{delete, get, post};

use crate::service::Service;

pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/crawls", get(crawls::list).post(crawls::start))
        .route("/api/v1/crawls/{id}", get(crawls::read))
        .route("/api/v1/crawls/{id}/cancel", post(crawls::cancel))
        .route("/api/v1/crawls/{id}/errors", get(crawls::errors))
        .route("/api/v1/crawls/{id}/samples", get(crawls::samples))
        .route("/api/v1/documents", get(documents::list))
        .route("/api/v1/documents/{id}", get(documents::read))
        .route("/api/v1/documents/{id}/chunks", get(documents::chunks))
        .route("/api/v1/workers", get(fleet::workers))
        .route("/api/v1/health", get(fleet::health))
        .route("/api/v1/tenant", get(tenants::own))
        .route("/api/v1/tenants", get(tenants::list).post(tenants::create))
        .route("/api/v1/tenants/{name}", get(tenants::read).patch(tenants::change))
        .route("/api/v1/tenants/{name}/keys", get(tenants::keys).post(tenants::create_key))
        .route("/api/v1/tenants/{name}/keys/{key_id}", delete(tenants::revoke_key))
        .route("/healthz", get(fleet::live))
        .route("/readyz", get(fleet::ready))
        .route("/errors/{code}", get(catalogue::explain))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        .layer(from_fn(guard::serve))
        // Outermost: it sees the answers that the guard gives for handlers.
        .layer(from_fn(observe::observe))
        .with_state(service)
}

//! The REST face: `/api/v1` for bearers of a key, and what operators and load balancers ask without one.
//!
//! | route | scope | |
//! |---|---|---|
//! | `POST /api/v1/crawls` | crawl | starts a crawl: 201, or 200 when its idempotency key was seen with the same request |
//! | `GET /api/v1/crawls?state=` | read | crawls, newest first |
//! | `GET /api/v1/crawls/{id}` | read | its state and exact counts |
//! | `POST /api/v1/crawls/{id}/cancel` | crawl | cancels it |
//! | `POST /api/v1/crawls/{id}/retry` | crawl | opens its failed URLs again, all or of one `verdict` |
//! | `GET /api/v1/crawls/{id}/errors` | read | URLs that failed or were skipped |
//! | `GET /api/v1/crawls/{id}/explain?url=` | read | why a URL was fetched or not, and what comes next |
//! | `GET /api/v1/crawls/{id}/samples` | read | three chunks of it |
//! | `GET /api/v1/documents?crawl=` | read | documents by number |
//! | `GET /api/v1/documents/{id}` | read | one with its Markdown |
//! | `GET /api/v1/documents/{id}/chunks` | read | its chunks in order |
//! | `GET, POST /api/v1/tasks` | read, crawl | tasks of other kinds, newest first (`state=`, `type=`); pushes one |
//! | `GET /api/v1/tasks/{id}` | read | one with its result |
//! | `POST /api/v1/tasks/claim` | crawl | claims the most urgent: 200, or 204 when there is none |
//! | `POST /api/v1/tasks/{id}/complete`, `/fail`, `/renew` | crawl | ends a claim, or keeps it longer |
//! | `GET /api/v1/queue/stats` | read | tasks by kind and state |
//! | `GET /api/v1/locks?resource=` | read | who has a lock |
//! | `POST /api/v1/locks/acquire`, `/release` | crawl | takes or renews a lock, gives it back |
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
mod locks;
mod observe;
mod path;
mod problem;
mod request_id;
mod tasks;
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
        .route("/api/v1/crawls/{id}/retry", post(crawls::retry))
        .route("/api/v1/crawls/{id}/errors", get(crawls::errors))
        .route("/api/v1/crawls/{id}/explain", get(crawls::explain))
        .route("/api/v1/crawls/{id}/samples", get(crawls::samples))
        .route("/api/v1/documents", get(documents::list))
        .route("/api/v1/documents/{id}", get(documents::read))
        .route("/api/v1/documents/{id}/chunks", get(documents::chunks))
        .route("/api/v1/tasks", get(tasks::list).post(tasks::push))
        .route("/api/v1/tasks/claim", post(tasks::claim))
        .route("/api/v1/tasks/{id}", get(tasks::read))
        .route("/api/v1/tasks/{id}/complete", post(tasks::complete))
        .route("/api/v1/tasks/{id}/fail", post(tasks::fail))
        .route("/api/v1/tasks/{id}/renew", post(tasks::renew))
        .route("/api/v1/queue/stats", get(tasks::stats))
        .route("/api/v1/locks", get(locks::check))
        .route("/api/v1/locks/acquire", post(locks::acquire))
        .route("/api/v1/locks/release", post(locks::release))
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

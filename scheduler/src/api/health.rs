//! Whether the process lives, and whether it can serve.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::service::Service;

#[derive(Serialize)]
pub(super) struct Health {
    postgres: bool,
    redis: bool,
    /// The dispatch window is open: claims are possible.
    dispatch: bool,
}

pub(super) async fn live() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(service): State<Service>) -> (StatusCode, Json<Health>) {
    let shard = service.db.shard().await;
    let opened = service.dispatch.opened_for().await;
    let dispatch = match (&shard, &opened) {
        (Ok(Some(shard)), Ok(Some((generation, run_id)))) => {
            shard.generation == *generation && shard.run_id == *run_id
        }
        _ => false,
    };
    let health = Health { postgres: shard.is_ok(), redis: opened.is_ok(), dispatch };
    let status = if dispatch { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

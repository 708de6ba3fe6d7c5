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
    // Redis itself is asked who it is: a window that came back from an old snapshot is not open.
    let server = service.dispatch.run_id().await;
    let dispatch = match (&shard, &opened, server) {
        (Ok(Some(shard)), Ok(Some((generation, run_id))), Ok(server)) => {
            shard.generation == *generation && shard.run_id == *run_id && server == *run_id
        }
        _ => false,
    };
    let health = Health { postgres: shard.is_ok(), redis: opened.is_ok(), dispatch };
    let status = if dispatch { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

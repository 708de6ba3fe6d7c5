//! Handlers of tasks that are worked on from outside.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rad_core::ids::TaskId;
use rad_schema::tasks::{TaskFilter, TaskRow};

use super::auth::{By, Crawl as MayCrawl, Read};
use super::body::{Object, OptionalObject};
use super::crawls::idempotency_key;
use super::listing::{Asked, Kind};
use super::path::At;
use super::problem::Problem;
use crate::service::Service;
use crate::service::tasks::{Claim, QueueStats, narrow};

pub(super) async fn push(
    State(service): State<Service>,
    by: By<MayCrawl>,
    headers: HeaderMap,
    Object(body): Object,
) -> Result<Response, Problem> {
    let (task, new) = service.push_task(by.caller.tenant, body, idempotency_key(&headers)).await?;
    if !new {
        return Ok(Json(task).into_response());
    }
    let location = format!("/api/v1/tasks/{}", task.task_id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(task)).into_response())
}

pub(super) async fn claim(
    State(service): State<Service>,
    by: By<MayCrawl>,
    Object(body): Object,
) -> Result<Response, Problem> {
    Ok(match service.claim_task(by.caller.tenant, body).await? {
        Some(claim) => Json(claim).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

pub(super) async fn complete(
    State(service): State<Service>,
    by: By<MayCrawl>,
    At(id): At<i64>,
    OptionalObject(body): OptionalObject,
) -> Result<Json<TaskRow>, Problem> {
    Ok(Json(service.complete_task(by.caller.tenant, TaskId(id), body).await?))
}

pub(super) async fn fail(
    State(service): State<Service>,
    by: By<MayCrawl>,
    At(id): At<i64>,
    Object(body): Object,
) -> Result<Json<TaskRow>, Problem> {
    Ok(Json(service.fail_task(by.caller.tenant, TaskId(id), body).await?))
}

pub(super) async fn renew(
    State(service): State<Service>,
    by: By<MayCrawl>,
    At(id): At<i64>,
    OptionalObject(body): OptionalObject,
) -> Result<Json<Claim>, Problem> {
    Ok(Json(service.renew_task(by.caller.tenant, TaskId(id), body).await?))
}

pub(super) async fn read(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
) -> Result<Json<TaskRow>, Problem> {
    Ok(Json(service.task(by.caller.tenant, TaskId(id)).await?))
}

pub(super) async fn list(
    State(service): State<Service>,
    by: By<Read>,
    asked: Asked,
) -> Result<Response, Problem> {
    let mut filter = TaskFilter::default();
    let page =
        asked.filtered(Kind::Tasks, &["state", "type"], |name, value| narrow(&mut filter, name, value))?;
    let before = TaskId(page.last_or(i64::MAX));
    let tasks = service.tasks(by.caller.tenant, before, &filter, page.limit).await?;
    Ok(page.answer(tasks))
}

pub(super) async fn stats(State(service): State<Service>, by: By<Read>) -> Result<Json<QueueStats>, Problem> {
    Ok(Json(service.queue_stats(by.caller.tenant).await?))
}

//! Handlers of the tenant routes.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rad_core::ids::{DocumentId, JobId};
use rad_schema::documents::{ChunkSample, DocumentRow};
use rad_schema::fleet::WorkerRow;
use serde::{Deserialize, Serialize};

use super::auth::Authenticated;
use super::problem::Problem;
use crate::service::{Crawl, Service, StartCrawl};

/// A page of a listing. `next` is the `after` of the next page.
#[derive(Serialize)]
pub(super) struct Listing<T> {
    data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentQuery {
    crawl: Option<i64>,
    after: Option<i64>,
    limit: Option<i64>,
}

fn job(path: Result<Path<i64>, PathRejection>) -> Result<JobId, Problem> {
    path.map(|Path(id)| JobId(id)).map_err(|_| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            "a crawl is named by its number",
            "use the id that the start of the crawl returned",
        )
    })
}

pub(super) async fn start(
    State(service): State<Service>,
    Authenticated(caller): Authenticated,
    body: Result<Json<StartCrawl>, JsonRejection>,
) -> Result<(StatusCode, Json<Crawl>), Problem> {
    let Json(wanted) = body.map_err(|rejection| Problem::body(rejection.body_text()))?;
    let started = service.start(caller.tenant, wanted).await?;
    let status = if started.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(service.crawl(caller.tenant, started.job).await?)))
}

pub(super) async fn read(
    State(service): State<Service>,
    Authenticated(caller): Authenticated,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Crawl>, Problem> {
    Ok(Json(service.crawl(caller.tenant, job(id)?).await?))
}

pub(super) async fn cancel(
    State(service): State<Service>,
    Authenticated(caller): Authenticated,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Crawl>, Problem> {
    Ok(Json(service.cancel(caller.tenant, job(id)?).await?))
}

pub(super) async fn samples(
    State(service): State<Service>,
    Authenticated(caller): Authenticated,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Listing<ChunkSample>>, Problem> {
    let job = job(id)?;
    // A crawl of another tenant is as unknown here as everywhere.
    service.crawl(caller.tenant, job).await?;
    Ok(Json(Listing { data: service.samples(caller.tenant, job).await?, next: None }))
}

pub(super) async fn documents(
    State(service): State<Service>,
    Authenticated(caller): Authenticated,
    query: Result<Query<DocumentQuery>, QueryRejection>,
) -> Result<Json<Listing<DocumentRow>>, Problem> {
    let Query(query) = query.map_err(|rejection| Problem::body(rejection.body_text()))?;
    let data = service
        .documents(caller.tenant, DocumentId(query.after.unwrap_or(0)), query.crawl.map(JobId), query.limit)
        .await?;
    let next = data.last().map(|document| document.document_id);
    Ok(Json(Listing { data, next }))
}

pub(super) async fn workers(
    State(service): State<Service>,
    Authenticated(_): Authenticated,
) -> Result<Json<Listing<WorkerRow>>, Problem> {
    Ok(Json(Listing { data: service.workers().await?, next: None }))
}

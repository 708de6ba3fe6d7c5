//! Handlers of crawls.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rad_core::ids::{JobId, TaskId};

use super::auth::{By, Crawl as MayCrawl, Read};
use super::body::{Object, OptionalObject};
use super::listing::{Asked, Kind, whole};
use super::locks::parameters;
use super::path::At;
use super::problem::Problem;
use super::trace::trace_id;
use crate::service::Service;
use crate::service::crawls::{Crawl, RetriedCrawl, ShownState, StartContext};
use crate::service::explain::Explanation;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

pub(super) async fn start(
    State(service): State<Service>,
    by: By<MayCrawl>,
    headers: HeaderMap,
    Object(body): Object,
) -> Result<Response, Problem> {
    let context = StartContext { idempotency_key: idempotency_key(&headers), trace_id: trace_id(&headers) };
    let (crawl, new) = service.start(by.caller.tenant, body, context).await?;
    if !new {
        return Ok(Json(crawl).into_response());
    }
    let location = format!("/api/v1/crawls/{}", crawl.id());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(crawl)).into_response())
}

/// A value that is no text can't be used as a key; the replacement says so where it is judged.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str().unwrap_or_default().to_owned())
}

pub(super) async fn list(
    State(service): State<Service>,
    by: By<Read>,
    asked: Asked,
) -> Result<Response, Problem> {
    let (page, state) = asked.with(Kind::Crawls, "state", ShownState::parse)?;
    let before = JobId(page.last_or(i64::MAX));
    let crawls = service.crawls(by.caller.tenant, state, before, page.limit).await?;
    Ok(page.answer(crawls))
}

pub(super) async fn read(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
) -> Result<Json<Crawl>, Problem> {
    Ok(Json(service.crawl(by.caller.tenant, JobId(id)).await?))
}

pub(super) async fn cancel(
    State(service): State<Service>,
    by: By<MayCrawl>,
    At(id): At<i64>,
) -> Result<Json<Crawl>, Problem> {
    Ok(Json(service.cancel(by.caller.tenant, JobId(id)).await?))
}

pub(super) async fn retry(
    State(service): State<Service>,
    by: By<MayCrawl>,
    At(id): At<i64>,
    OptionalObject(body): OptionalObject,
) -> Result<Json<RetriedCrawl>, Problem> {
    Ok(Json(service.retry(by.caller.tenant, JobId(id), body).await?))
}

pub(super) async fn errors(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
    asked: Asked,
) -> Result<Response, Problem> {
    let page = asked.alone(Kind::Errors)?;
    let after = TaskId(page.last_or(i64::MIN));
    let errors = service.crawl_errors(by.caller.tenant, JobId(id), after, page.limit).await?;
    Ok(page.answer(errors))
}

pub(super) async fn explain(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
    uri: Uri,
) -> Result<Json<Explanation>, Problem> {
    Ok(Json(service.explain(by.caller.tenant, JobId(id), parameters(&uri)?).await?))
}

pub(super) async fn samples(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
) -> Result<Response, Problem> {
    Ok(whole(service.samples(by.caller.tenant, JobId(id)).await?))
}

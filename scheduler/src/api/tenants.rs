//! Handlers of the caller's own tenant, and of operators: tenants and keys.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rad_core::ids::TenantId;
use rad_schema::admin::TenantRow;

use super::auth::{Admin, Any, By};
use super::body::{Object, OptionalObject};
use super::listing::{Asked, Kind, whole};
use super::path::At;
use super::problem::Problem;
use crate::service::Service;
use crate::service::tenants::{OwnTenant, RevokedKey};

pub(super) async fn own(State(service): State<Service>, by: By<Any>) -> Result<Json<OwnTenant>, Problem> {
    Ok(Json(service.own_tenant(by.caller).await?))
}

pub(super) async fn create(
    State(service): State<Service>,
    by: By<Admin>,
    Object(body): Object,
) -> Result<Response, Problem> {
    let tenant = service.create_tenant(&by.key, body).await?;
    let location = format!("/api/v1/tenants/{}", tenant.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(tenant)).into_response())
}

pub(super) async fn list(
    State(service): State<Service>,
    by: By<Admin>,
    asked: Asked,
) -> Result<Response, Problem> {
    let page = asked.alone(Kind::Tenants)?;
    let after = TenantId(page.last_or(i64::MIN));
    let tenants = service.tenants(&by.key, after, page.limit).await?;
    Ok(page.answer(tenants))
}

pub(super) async fn read(
    State(service): State<Service>,
    by: By<Admin>,
    At(name): At<String>,
) -> Result<Json<TenantRow>, Problem> {
    Ok(Json(service.tenant(&by.key, &name).await?))
}

pub(super) async fn change(
    State(service): State<Service>,
    by: By<Admin>,
    At(name): At<String>,
    Object(body): Object,
) -> Result<Json<TenantRow>, Problem> {
    Ok(Json(service.change_tenant(&by.key, &name, body).await?))
}

pub(super) async fn create_key(
    State(service): State<Service>,
    by: By<Admin>,
    At(name): At<String>,
    OptionalObject(body): OptionalObject,
) -> Result<Response, Problem> {
    let key = service.create_key(&by.key, &name, body).await?;
    // It is shown this once: no cache may keep it.
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(key)).into_response())
}

pub(super) async fn keys(
    State(service): State<Service>,
    by: By<Admin>,
    At(name): At<String>,
) -> Result<Response, Problem> {
    Ok(whole(service.keys(&by.key, &name).await?))
}

pub(super) async fn revoke_key(
    State(service): State<Service>,
    by: By<Admin>,
    At((name, key_id)): At<(String, String)>,
) -> Result<Json<RevokedKey>, Problem> {
    Ok(Json(service.revoke_key(&by.key, &name, &key_id).await?))
}

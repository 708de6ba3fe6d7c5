//! Handlers of locks that users take.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::Uri;
use serde_json::{Map, Value};

use super::auth::{By, Crawl as MayCrawl, Read};
use super::body::Object;
use super::problem::Problem;
use crate::service::Service;
use crate::service::fault::Faults;
use crate::service::locks::{Acquired, Checked, Released};

pub(super) async fn acquire(
    State(service): State<Service>,
    by: By<MayCrawl>,
    Object(body): Object,
) -> Result<Json<Acquired>, Problem> {
    Ok(Json(service.acquire_lock(by.caller.tenant, body).await?))
}

pub(super) async fn release(
    State(service): State<Service>,
    by: By<MayCrawl>,
    Object(body): Object,
) -> Result<Json<Released>, Problem> {
    Ok(Json(service.release_lock(by.caller.tenant, body).await?))
}

pub(super) async fn check(
    State(service): State<Service>,
    by: By<Read>,
    uri: Uri,
) -> Result<Json<Checked>, Problem> {
    Ok(Json(service.check_lock(by.caller.tenant, parameters(&uri)?).await?))
}

/// The query as an object, so that it is judged like a body.
pub(super) fn parameters(uri: &Uri) -> Result<Map<String, Value>, Faults> {
    let Query(given): Query<Vec<(String, String)>> = Query::try_from_uri(uri)
        .map_err(|_| Faults::one("", "the query can't be read", "give name=value pairs"))?;
    let mut object = Map::new();
    for (name, value) in given {
        if object.insert(name.clone(), Value::String(value)).is_some() {
            let field: String = name.chars().take(60).collect();
            return Err(Faults::one(field.clone(), format!("{field}: it is given twice"), "give it once"));
        }
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_comes_whole_out_of_a_query() {
        let uri = "/api/v1/locks?resource=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b".parse().unwrap();
        assert_eq!(parameters(&uri).unwrap()["resource"], "https://example.com/?a=1&b");
        let twice = "/api/v1/locks?resource=a&resource=b".parse().unwrap();
        assert_eq!(parameters(&twice).unwrap_err().first().field, "resource");
    }
}

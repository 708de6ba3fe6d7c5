//! Handlers of documents and chunks.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rad_core::ids::{DocumentId, JobId};

use super::auth::{By, Read};
use super::listing::{Asked, Kind};
use super::path::At;
use super::problem::Problem;
use crate::service::Service;
use crate::service::documents::Document;
use crate::service::fault::Faults;

pub(super) async fn list(
    State(service): State<Service>,
    by: By<Read>,
    asked: Asked,
) -> Result<Response, Problem> {
    let (page, of) = asked.with(Kind::Documents, "crawl", crawl)?;
    let after = DocumentId(page.last_or(i64::MIN));
    let documents = service.documents(by.caller.tenant, of, after, page.limit).await?;
    Ok(page.answer(documents))
}

fn crawl(text: &str) -> Result<JobId, Faults> {
    // A sign would stand in the link of the next page, where a plus is a blank.
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.map(JobId).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        Faults::one(
            "crawl",
            format!("crawl: {shown:?} is not the number of a crawl"),
            "give the id of a crawl",
        )
    })
}

pub(super) async fn read(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
) -> Result<Json<Document>, Problem> {
    Ok(Json(service.document(by.caller.tenant, DocumentId(id)).await?))
}

pub(super) async fn chunks(
    State(service): State<Service>,
    by: By<Read>,
    At(id): At<i64>,
    asked: Asked,
) -> Result<Response, Problem> {
    let page = asked.alone(Kind::Chunks)?;
    // Ordinals begin with 0; a cursor beyond all of them leads to an empty page.
    let after = i32::try_from(page.last_or(-1)).unwrap_or(i32::MAX);
    let chunks = service.chunks(by.caller.tenant, DocumentId(id), after, page.limit).await?;
    Ok(page.answer(chunks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crawl_is_named_by_its_number() {
        assert_eq!(crawl("17"), Ok(JobId(17)));
        for bad in ["", "x", "+1", "-1", "1.0", "99999999999999999999"] {
            assert_eq!(crawl(bad).unwrap_err().first().field, "crawl", "{bad}");
        }
    }
}

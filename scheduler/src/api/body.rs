//! The body of a request: a JSON object of bounded size.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::catalogue::Code;
use super::problem::Problem;
use crate::service::Service;
use crate::service::fault::Faults;

/// Largest body. The largest that makes sense is a URL of 8 KiB with some fields.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// The body, which has to be there.
pub(super) struct Object(pub(super) Map<String, Value>);

/// The body; empty where the request has none.
pub(super) struct OptionalObject(pub(super) Map<String, Value>);

impl FromRequest<Service> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        expect_json(request.headers())?;
        Ok(Self(parsed(&read(request, service).await?)?))
    }
}

impl FromRequest<Service> for OptionalObject {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        let json = expect_json(request.headers());
        let bytes = read(request, service).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        json?;
        Ok(Self(parsed(&bytes)?))
    }
}

fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or("?"));
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = if given.is_empty() {
        "the request has no Content-Type".to_owned()
    } else {
        let shown: String = given.chars().take(100).collect();
        format!("the Content-Type is `{shown}`")
    };
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

async fn read(request: Request, service: &Service) -> Result<Bytes, Problem> {
    Bytes::from_request(request, service).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Code::BodyTooLarge, format!("the request body has more than {MAX_BYTES} bytes"))
        }
        _ => Problem::new(Code::InvalidJson, "the request body broke off"),
    })
}

fn parsed(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            let kind = kind(&other);
            let detail = format!("the request body is {kind}, not a JSON object");
            Err(Faults::one(
                "",
                detail,
                "give a JSON object such as {\"url\": \"https://docs.example.com/\"}",
            )
            .into())
        }
        Err(error) => Err(Problem::new(Code::InvalidJson, format!("the request body is not JSON: {error}"))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(content_type: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        expect_json(&headers).is_ok()
    }

    #[test]
    fn only_json_is_json() {
        for json in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(said(json), "{json}");
        }
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"] {
            assert!(!said(other), "{other}");
        }
        assert!(expect_json(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_body_is_an_object() {
        assert_eq!(parsed(b" {\"url\": 1} ").unwrap()["url"], 1);
        for other in ["", "{", "{'a': 1}", "{\"a\": 1} x", "null", "[]", "\"x\"", "1", "\u{feff}{}"] {
            assert!(parsed(other.as_bytes()).is_err(), "{other:?}");
        }
        assert!(parsed(b"{\"a\": \"\xff\"}").is_err());
        assert!(parsed("[".repeat(100_000).as_bytes()).is_err());
    }
}

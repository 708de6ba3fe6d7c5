//! Why a call of the API failed.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;

/// The API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address is none that can be asked.
    #[error("{origin} is not the address of an API, such as http://127.0.0.1:7070")]
    Address {
        /// What was given.
        origin: String,
    },
    /// The means to ask could not be set up, such as the roots of TLS.
    #[error("could not prepare requests to {origin}")]
    Client {
        /// The API's address.
        origin: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// Nothing answers.
    #[error("the API at {origin} can't be reached")]
    Unreachable {
        /// The API's address.
        origin: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// Something answers that is not rad, such as a proxy before it.
    #[error("the answer of {origin} (HTTP {status}) is not one of rad's API: check its address")]
    Foreign {
        /// The API's address.
        origin: String,
        /// HTTP status.
        status: u16,
    },
    /// It answered what this client does not know.
    #[error("the API's answer can't be read")]
    Unreadable(#[source] serde_json::Error),
    /// It refused.
    #[error("{detail} ({code}, HTTP {status}): {next_step}{}", more(errors, request_id.as_deref()))]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// What is wrong.
        detail: String,
        /// What to do.
        next_step: String,
        /// Every bad field, where the request was not valid.
        errors: Vec<FieldError>,
        /// Names the request in the scheduler's log; only of failures that are not the caller's.
        request_id: Option<Box<str>>,
    },
    /// The crawl did not end in time.
    #[error("crawl {id} did not end within {} s", within.as_secs())]
    TimedOut {
        /// The crawl.
        id: i64,
        /// How long we waited.
        within: Duration,
    },
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FieldError {
    /// Its path, such as `scope.max_depth`.
    pub field: String,
    /// What is wrong.
    pub detail: String,
    /// What to send instead.
    pub fix: String,
}

impl ApiError {
    /// The same request may succeed in a moment: a scheduler or a store restarts.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. }) || self.status().is_some_and(|status| status >= 500)
    }

    /// The HTTP status, where something answered with an error.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Foreign { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// The first bad field is what `detail` is about; the others follow, a line each.
fn more(errors: &[FieldError], request_id: Option<&str>) -> String {
    let mut text = String::new();
    for error in errors.iter().skip(1) {
        write!(text, "\n  {} ({})", error.detail, error.fix).expect("a String takes all writes");
    }
    if let Some(id) = request_id {
        write!(text, " (request {id})").expect("a String takes all writes");
    }
    text
}

/// An error of the API (RFC 9457).
#[derive(Deserialize)]
pub(super) struct Problem {
    code: String,
    detail: String,
    next_step: String,
    #[serde(default)]
    errors: Vec<FieldError>,
    #[serde(default)]
    request_id: Option<Box<str>>,
}

impl Problem {
    pub(super) fn into_error(self, status: u16) -> ApiError {
        ApiError::Refused {
            status,
            code: self.code,
            detail: self.detail,
            next_step: self.next_step,
            errors: self.errors,
            request_id: self.request_id.filter(|_| status >= 500),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16) -> ApiError {
        let problem = serde_json::json!({
            "type": "/errors/invalid_field", "title": "Invalid field", "status": status, "retryable": false,
            "code": "invalid_field", "detail": "`priority` is 11", "next_step": "Send 1 to 10.",
            "request_id": "r1", "field": "priority",
            "errors": [
                { "field": "priority", "detail": "priority: it is 11", "fix": "send 1 to 10" },
                { "field": "url", "detail": "url: it has no scheme", "fix": "begin with https://" },
            ],
        });
        serde_json::from_value::<Problem>(problem).unwrap().into_error(status)
    }

    #[test]
    fn a_refusal_tells_all_fields_and_what_to_do() {
        assert_eq!(
            refusal(422).to_string(),
            "`priority` is 11 (invalid_field, HTTP 422): Send 1 to 10.\n  \
             url: it has no scheme (begin with https://)"
        );
    }

    #[test]
    fn only_failures_of_the_server_name_the_request_and_may_be_tried_again() {
        assert!(refusal(500).to_string().ends_with("(request r1)"));
        assert!(refusal(503).is_transient() && !refusal(422).is_transient());
        let foreign = |status| ApiError::Foreign { origin: "http://a".to_owned(), status };
        assert!(foreign(502).is_transient() && !foreign(404).is_transient());
    }
}

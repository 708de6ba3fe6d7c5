//! Checks of the API with a key, where there is one.

mod fleet;
mod key;

use std::time::Duration;

use rad_loadtest::client::{Api, ApiError};

use self::key::KEY;
use super::patience;
use super::row::{Check, Row, skipped};
use crate::connection::{ApiOptions, environment};

const REACH: Check = Check { name: "api_reach", why: "nobody can start or read crawls without the API" };

const ADDRESS: &str = "RAD_API_URL=http://HOST:7070; https:// needs root certificates on this machine: apt-get install ca-certificates";

pub(super) async fn rows(options: &ApiOptions, lease_ttl: Duration) -> Vec<Row> {
    let key = match options.key(&environment) {
        Ok(Some(key)) => key,
        Ok(None) => return without_key(environment("RAD_API_URL").is_some()),
        Err(failure) => {
            let unread = KEY.fail(
                failure.error.to_string(),
                "put the whole key, and nothing else, into the file that RAD_API_KEY_FILE names",
            );
            let mut rows = vec![REACH.skip("not asked without a key"), unread];
            rows.extend(skipped(&fleet::ALL, "not asked without a key"));
            return rows;
        }
    };
    match options.open_with(&key) {
        Ok(api) => with_key(&api, &key, lease_ttl).await,
        Err(failure) => {
            let mut rows = vec![REACH.fail(format!("{:#}", failure.error), ADDRESS)];
            rows.push(key::unasked(&key));
            rows.extend(skipped(&fleet::ALL, "the API was not reached"));
            rows
        }
    }
}

fn without_key(url_is_set: bool) -> Vec<Row> {
    const FIX: &str =
        "set RAD_API_KEY_FILE or RAD_API_KEY; an operator makes keys with rad keys create TENANT";
    let mut rows = vec![REACH.skip("no API key: the API is not checked")];
    rows.push(if url_is_set {
        KEY.warn("RAD_API_URL is set and no key", FIX)
    } else {
        KEY.skip("no API key: set RAD_API_URL and RAD_API_KEY_FILE to check API, leader and workers")
    });
    rows.extend(skipped(&fleet::ALL, "no API key: the API is not checked"));
    rows
}

async fn with_key(api: &Api, key: &str, lease_ttl: Duration) -> Vec<Row> {
    let caller = patience::answer(api.whoami()).await;
    let mut rows = vec![reach(api.origin(), caller.as_ref().map(|caller| caller.as_ref().map(drop)))];
    rows.push(match &caller {
        Some(Ok(caller)) => key::accepted(caller),
        Some(Err(error)) => key::refused(key, error),
        None => key::unasked(key),
    });
    if !matches!(caller, Some(Ok(_))) {
        rows.extend(skipped(&fleet::ALL, "the API did not let us in"));
        return rows;
    }
    rows.extend(fleet::rows(api, lease_ttl).await);
    rows
}

/// `answer` is none when nothing came in time.
fn reach(origin: &str, answer: Option<Result<(), &ApiError>>) -> Row {
    let unreachable =
        || format!("check RAD_API_URL, that rad-scheduler runs, and its RAD_LISTEN: curl {origin}/healthz");
    match answer {
        None => REACH.fail(format!("{origin}: {}", patience::silence()), unreachable()),
        Some(Ok(())) => REACH.ok(format!("{origin} answers")),
        Some(Err(error)) => match error {
            ApiError::Refused { status, code, .. } if *status >= 500 => REACH.fail(
                format!("{origin} answers {status} ({code})"),
                "see the checks of Postgres and Redis, and the scheduler's log",
            ),
            ApiError::Refused { .. } => REACH.ok(format!("{origin} answers")),
            ApiError::Unreachable { .. } => REACH.fail(innermost(error), unreachable()),
            ApiError::Foreign { .. } | ApiError::Unreadable(_) => REACH.fail(
                innermost(error),
                "set RAD_API_URL to the scheduler itself (RAD_LISTEN), and use rad and scheduler of one version",
            ),
            _ => REACH.fail(innermost(error), ADDRESS),
        },
    }
}

/// What went wrong, with the cause that says it best: the last one.
fn innermost(error: &ApiError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let (whole, last) = (error.to_string(), cause.to_string());
    if whole.contains(&last) { whole } else { format!("{whole}: {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Status;

    fn refused(status: u16) -> ApiError {
        ApiError::Refused {
            status,
            code: "code".to_owned(),
            detail: String::new(),
            next_step: String::new(),
            errors: Vec::new(),
            request_id: None,
        }
    }

    #[test]
    fn an_api_that_refuses_a_key_is_reached_and_one_that_fails_is_not() {
        for (answer, status) in [
            (None, Status::Fail),
            (Some(Ok(())), Status::Ok),
            (Some(Err(refused(401))), Status::Ok),
            (Some(Err(refused(503))), Status::Fail),
            (Some(Err(ApiError::Foreign { origin: "http://a".to_owned(), status: 404 })), Status::Fail),
        ] {
            let row = reach("http://a", answer.as_ref().map(|answer| answer.as_ref().copied()));
            assert_eq!(row.status, status, "{answer:?}");
        }
    }

    #[test]
    fn every_check_has_a_row_without_a_key() {
        for (url_is_set, status) in [(false, Status::Skip), (true, Status::Warn)] {
            let rows = without_key(url_is_set);
            assert_eq!(rows.len(), 2 + fleet::ALL.len());
            assert_eq!(rows[1].status, status);
        }
    }
}

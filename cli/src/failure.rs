//! How a command fails: what to say, and with which exit code.

use std::fmt;

use rad_loadtest::client::ApiError;
use rad_loadtest::fleet::StartError;
use rad_schema::admin::AdminError;
use rad_schema::db::DbError;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// What went wrong and what to do.
    pub(crate) error: anyhow::Error,
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const CONFIGURATION: u8 = 3;
const DEPENDENCY: u8 = 4;

/// Exit code of a crawl that stored nothing.
pub(crate) const NOTHING_STORED: u8 = 5;

/// Exit code of a crawl that a quota pauses.
pub(crate) const QUOTA: u8 = 6;

/// Exit code of a crawl that did not end in time, as that of `timeout`.
pub(crate) const TIMED_OUT: u8 = 124;

/// Exit code of a command that a signal ended (128 + SIGINT).
pub(crate) const INTERRUPTED: u8 = 130;

impl Failure {
    /// The arguments can't be used.
    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self { code: USAGE, error: anyhow::anyhow!("{text}") }
    }

    /// Environment or files have to be changed.
    pub(crate) fn configuration(text: impl fmt::Display) -> Self {
        Self { code: CONFIGURATION, error: anyhow::anyhow!("{text}") }
    }

    /// Something outside of rad is missing or does not answer.
    pub(crate) fn dependency(error: impl Into<anyhow::Error>) -> Self {
        Self { code: DEPENDENCY, error: error.into() }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = if let Some(error) = error.downcast_ref::<ApiError>() {
            of_api(error)
        } else if let Some(error) = error.downcast_ref::<AdminError>() {
            of_admin(error)
        } else if let Some(error) = error.downcast_ref::<StartError>() {
            of_start(error)
        } else {
            FAILED
        };
        Self { code, error }
    }
}

fn of_api(error: &ApiError) -> u8 {
    match error {
        ApiError::Address { .. } => CONFIGURATION,
        ApiError::Client { .. } | ApiError::Unreachable { .. } | ApiError::Foreign { .. } => DEPENDENCY,
        ApiError::Refused { status, .. } => match status {
            401 | 403 => CONFIGURATION,
            400 | 422 => USAGE,
            // A store of the API can't be reached.
            503 => DEPENDENCY,
            _ => FAILED,
        },
        ApiError::TimedOut { .. } => TIMED_OUT,
        ApiError::Unreadable(_) => FAILED,
    }
}

fn of_admin(error: &AdminError) -> u8 {
    match error {
        AdminError::Forbidden => CONFIGURATION,
        AdminError::Invalid { .. } => USAGE,
        AdminError::Store(error) => of_database(error),
        AdminError::NoTenant(_) | AdminError::TenantExists(_) | AdminError::NoKey(_) => FAILED,
    }
}

fn of_database(error: &DbError) -> u8 {
    match (error, error.sqlstate().as_deref()) {
        // No URL, no such database, login refused, or not the schema of this build.
        (DbError::Url(_), _) | (_, Some("3D000" | "28000" | "28P01" | "42P01" | "42883" | "42501")) => {
            CONFIGURATION
        }
        // Postgres did not say anything.
        (_, None) => DEPENDENCY,
        (_, Some(_)) => FAILED,
    }
}

fn of_start(error: &StartError) -> u8 {
    if error.is_dependency() {
        DEPENDENCY
    } else if error.is_configuration() {
        CONFIGURATION
    } else {
        FAILED
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    fn refused(status: u16) -> ApiError {
        ApiError::Refused {
            status,
            code: "code".to_owned(),
            detail: "It is wrong".to_owned(),
            next_step: "Do it right.".to_owned(),
            errors: Vec::new(),
            request_id: None,
        }
    }

    #[test]
    fn refusals_of_the_api_have_the_code_of_their_kind() {
        for (status, code) in [(400, 2), (401, 3), (403, 3), (404, 1), (409, 1), (422, 2), (500, 1), (503, 4)]
        {
            assert_eq!(Failure::from(refused(status)).code, code, "{status}");
        }
        let foreign = ApiError::Foreign { origin: "http://a".to_owned(), status: 404 };
        assert_eq!(Failure::from(foreign).code, 4);
    }

    #[test]
    fn what_was_being_done_does_not_hide_the_code() {
        let error = Err::<(), _>(refused(401)).context("starting the crawl").unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.code, 3);
        assert_eq!(
            format!("{:#}", failure.error),
            "starting the crawl: It is wrong (code, HTTP 401): Do it right."
        );
    }

    #[test]
    fn operators_mistakes_have_their_codes() {
        for (error, code) in [
            (AdminError::Forbidden, 3),
            (AdminError::NoTenant("a".to_owned()), 1),
            (AdminError::Store(DbError::TimedOut), 4),
        ] {
            assert_eq!(Failure::from(error).code, code);
        }
    }
}

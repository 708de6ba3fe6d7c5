//! Why Postgres does not do what was asked, as far as the remedies differ.

use thiserror::Error;

use crate::db::DbError;

/// Something that Postgres refuses, or can't be asked.
#[derive(Debug, Error)]
pub enum PostgresFault {
    /// The text can't be read as a URL of Postgres.
    #[error("it is not a Postgres URL")]
    NotAUrl(#[source] sqlx::Error),
    /// Nobody answers there, or the name is unknown.
    #[error("the server can't be reached")]
    Unreachable(#[source] sqlx::Error),
    /// Client and server don't agree on encryption, or the certificate is not trusted.
    #[error("no secure connection can be made")]
    Tls(#[source] sqlx::Error),
    /// Role, password or `pg_hba.conf`.
    #[error("the login is refused")]
    Login(#[source] sqlx::Error),
    /// The server has no such database.
    #[error("the database does not exist")]
    NoDatabase(#[source] sqlx::Error),
    /// All connections are taken.
    #[error("the server has no connection left")]
    Crowded(#[source] sqlx::Error),
    /// It starts, recovers or shuts down.
    #[error("the server is not ready")]
    NotReady(#[source] sqlx::Error),
    /// The role lacks a right.
    #[error("the role may not do this")]
    Forbidden(#[source] sqlx::Error),
    /// A table, function or role of the schema does not exist.
    #[error("a part of the schema is missing")]
    Missing(#[source] sqlx::Error),
    /// Anything else.
    #[error("the server refuses")]
    Refused(#[source] sqlx::Error),
    /// The connection pool gave up.
    #[error("the server does not answer")]
    Silent,
}

impl PostgresFault {
    /// The cause in the words of server or system; without secrets.
    pub fn said(&self) -> String {
        let source = match self {
            Self::NotAUrl(source)
            | Self::Unreachable(source)
            | Self::Tls(source)
            | Self::Login(source)
            | Self::NoDatabase(source)
            | Self::Crowded(source)
            | Self::NotReady(source)
            | Self::Forbidden(source)
            | Self::Missing(source)
            | Self::Refused(source) => source,
            Self::Silent => return "no answer in time".to_owned(),
        };
        match source {
            sqlx::Error::Database(error) => error.message().to_owned(),
            sqlx::Error::Io(error) => error.to_string(),
            sqlx::Error::Configuration(error) | sqlx::Error::Tls(error) => error.to_string(),
            other => other.to_string(),
        }
    }
}

impl From<sqlx::Error> for PostgresFault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) => return Self::Unreachable(error),
            sqlx::Error::Tls(_) => return Self::Tls(error),
            _ => {}
        }
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .unwrap_or_default()
            .into_owned();
        // SQLSTATE, appendix A of the manual.
        match code.as_str() {
            "28000" | "28P01" => Self::Login(error),
            "3D000" => Self::NoDatabase(error),
            "53300" => Self::Crowded(error),
            "57P01" | "57P02" | "57P03" => Self::NotReady(error),
            "42501" => Self::Forbidden(error),
            "42P01" | "42704" | "42883" | "3F000" => Self::Missing(error),
            _ => Self::Refused(error),
        }
    }
}

impl From<DbError> for PostgresFault {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Url(source) => Self::NotAUrl(source),
            DbError::TimedOut => Self::Silent,
            DbError::Statement { source, .. } => source.into(),
        }
    }
}

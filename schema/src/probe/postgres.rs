//! Postgres as one role sees it.

mod fault;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, FromRow, PgConnection};

pub use self::fault::PostgresFault;
use super::{Clock, now_us};
use crate::db::Db;
use crate::roles::{self, RoleError};

/// What `pg_stat_activity` shows.
const APPLICATION: &str = "rad-doctor";

/// Where a URL leads; its password is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresAddress {
    /// Name, address or, of a Unix socket, folder.
    pub host: String,
    /// TCP port, or the number in the socket's name.
    pub port: u16,
    /// The role that logs in.
    pub role: String,
    /// The database; that of the role's name where the URL has none.
    pub database: String,
}

impl PostgresAddress {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, PostgresFault> {
        let options = options(url)?;
        let host = match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let role = options.get_username().to_owned();
        let database = options.get_database().unwrap_or(&role).to_owned();
        Ok(Self { host, port: options.get_port(), role, database })
    }
}

/// The driver would take a URL of any scheme.
fn options(url: &str) -> Result<PgConnectOptions, PostgresFault> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        let source = sqlx::Error::Configuration("it does not begin with postgres://".into());
        return Err(PostgresFault::NotAUrl(source));
    }
    let options: PgConnectOptions = url.parse().map_err(PostgresFault::NotAUrl)?;
    Ok(options.application_name(APPLICATION))
}

/// What the server says of itself.
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of the server's own")]
#[derive(Clone, Debug, FromRow)]
pub struct PostgresServer {
    /// Such as 150004 for 15.4.
    pub version_number: i32,
    /// The same as text.
    pub version: String,
    /// It follows another server and takes no writes.
    pub is_standby: bool,
    /// Transactions may not write, by a setting of server, database or role.
    pub is_read_only: bool,
    /// It waits for the disk at all.
    pub fsync: bool,
    /// A commit is answered only when it is on disk.
    pub waits_for_disk: bool,
    /// Sessions that the server allows.
    pub max_connections: i32,
    /// Of these, sessions kept for superusers.
    pub reserved_connections: i32,
    /// Sessions that the role may have; negative for no limit of its own.
    pub role_limit: i32,
    /// Sessions that other roles have now.
    pub of_others: i64,
}

/// One life of a server and one of its databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct PostgresIdentity {
    /// When the server started, in microseconds since 1970.
    pub started_us: i64,
    /// Object id of the database.
    pub database: i64,
}

/// What a role may do that is meant for migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct PostgresMigrator {
    /// It may make tables in the schema `public`.
    pub may_create: bool,
    /// It owns what earlier migrations made, or there is nothing yet.
    pub owns_schema: bool,
}

/// Everything that a process of the fleet depends on. Each part can be told although another can't.
#[derive(Debug)]
pub struct PostgresReport {
    /// The server.
    pub server: Result<PostgresServer, PostgresFault>,
    /// Why the role could see rows of several tenants; empty when it can't.
    pub role: Result<Vec<String>, PostgresFault>,
    /// Newest migration of the database; none where it was never migrated.
    pub schema: Result<Option<i64>, PostgresFault>,
    /// The server's clock.
    pub clock: Result<Clock, PostgresFault>,
    /// Workers that are registered as alive.
    pub workers: Result<usize, PostgresFault>,
}

/// A session for looking around.
#[derive(Debug)]
pub struct PostgresProbe {
    db: Db,
}

impl PostgresProbe {
    /// Logs in. The first connection is made without a pool, which would hide why it could not be made.
    pub async fn connect(url: &str) -> Result<Self, PostgresFault> {
        let options = options(url)?;
        PgConnection::connect_with(&options).await?.close().await?;
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        Ok(Self { db: Db { pool } })
    }

    /// Looks at everything that processes need.
    pub async fn report(&self) -> PostgresReport {
        PostgresReport {
            // First, because it opens the connection: the clock's round trip must not hold the login.
            server: self.server().await,
            clock: self.clock().await,
            role: self.role().await,
            schema: self.schema().await,
            workers: self.workers().await,
        }
    }

    /// Which server and database this is.
    pub async fn identity(&self) -> Result<PostgresIdentity, PostgresFault> {
        Ok(sqlx::query_as(include_str!("../../queries/probe/identity.sql")).fetch_one(&self.db.pool).await?)
    }

    /// Whether the role can migrate.
    pub async fn migrator(&self) -> Result<PostgresMigrator, PostgresFault> {
        Ok(sqlx::query_as(include_str!("../../queries/probe/migrator.sql")).fetch_one(&self.db.pool).await?)
    }

    async fn server(&self) -> Result<PostgresServer, PostgresFault> {
        Ok(sqlx::query_as(include_str!("../../queries/probe/server.sql")).fetch_one(&self.db.pool).await?)
    }

    async fn clock(&self) -> Result<Clock, PostgresFault> {
        let mut connection = self.db.pool.acquire().await?;
        let before = now_us();
        let there = sqlx::query_scalar(include_str!("../../queries/probe/clock.sql"))
            .fetch_one(&mut *connection)
            .await?;
        Ok(Clock::compared(before, there, now_us()))
    }

    async fn role(&self) -> Result<Vec<String>, PostgresFault> {
        match roles::check(&self.db).await {
            Ok(()) => Ok(Vec::new()),
            Err(RoleError::SeesThrough { reasons }) => Ok(reasons),
            Err(RoleError::Check(error)) => Err(error.into()),
        }
    }

    async fn schema(&self) -> Result<Option<i64>, PostgresFault> {
        let version = sqlx::query_scalar(include_str!("../../queries/roles/schema_version.sql"))
            .fetch_one(&self.db.pool)
            .await;
        match version.map_err(PostgresFault::from) {
            Ok(version) => Ok(Some(version)),
            Err(PostgresFault::Missing(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn workers(&self) -> Result<usize, PostgresFault> {
        let workers = self.db.workers().await?;
        Ok(workers.iter().filter(|worker| worker.state == "alive").count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_without_its_password() {
        let address = PostgresAddress::parse("postgresql://rad_app:hunter2@db.example:6432/rad").unwrap();
        let expected = PostgresAddress {
            host: "db.example".to_owned(),
            port: 6432,
            role: "rad_app".to_owned(),
            database: "rad".to_owned(),
        };
        assert_eq!(address, expected);
        let socket = PostgresAddress::parse("postgres://r@localhost/d?host=/tmp/s").unwrap();
        assert_eq!(socket.host, "/tmp/s");
    }

    #[test]
    fn urls_of_other_servers_are_none_of_postgres() {
        for url in ["", "nonsense", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:port/d"] {
            let fault = PostgresAddress::parse(url).unwrap_err();
            assert!(matches!(fault, PostgresFault::NotAUrl(_)), "{url}");
            assert!(!fault.said().contains("hunter2"), "{}", fault.said());
        }
    }
}

//! Knocking at a server's socket until it answers.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use redis::AsyncCommands;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, sleep, timeout};

use super::server::Server;
use super::{LocalError, OWNER_ROLE, address};

const POLL: Duration = Duration::from_millis(50);

/// Crash recovery and the reading of a large append-only file both happen within this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that accepts but says nothing for so long is busy.
const ANSWER: Duration = Duration::from_secs(2);

const LOG_TAIL_LINES: usize = 12;

/// A server's socket.
#[derive(Clone, Debug)]
pub(super) enum Door {
    Postgres(Box<PgConnectOptions>),
    Redis(Box<redis::Client>),
}

/// What a knock found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Ready; the server's process id.
    Open(i32),
    /// Somebody is there but can't serve yet (or any more).
    Busy,
    /// Nobody listens.
    Nobody,
}

impl Door {
    pub(super) fn postgres(sockets: &Path) -> Self {
        Self::Postgres(Box::new(postgres_options(sockets)))
    }

    pub(super) fn redis(socket: &Path) -> Self {
        let client = redis::Client::open(address::redis_url(socket))
            .expect("a percent-encoded absolute path makes a valid URL");
        Self::Redis(Box::new(client))
    }

    /// Waits while the server is busy; returns its process id, or `None` if nobody listens.
    pub(super) async fn find(&self, name: &'static str, log: &Path) -> Result<Option<i32>, LocalError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.knock().await {
                Answer::Open(pid) => return Ok(Some(pid)),
                Answer::Nobody => return Ok(None),
                Answer::Busy if Instant::now() < deadline => sleep(POLL).await,
                Answer::Busy => return Err(not_ready(name, log)),
            }
        }
    }

    /// Waits until the server that was just started answers, or has ended.
    pub(super) async fn opened_by(
        &self,
        server: &mut Server,
        name: &'static str,
        log: &Path,
    ) -> Result<(), LocalError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if matches!(self.knock().await, Answer::Open(_)) {
                return Ok(());
            }
            if let Some(status) = server.ended() {
                return Err(LocalError::Exited { name, status, log: log.to_owned(), tail: log_tail(log) });
            }
            if Instant::now() >= deadline {
                return Err(not_ready(name, log));
            }
            sleep(POLL).await;
        }
    }

    async fn knock(&self) -> Answer {
        let answer = match self {
            Self::Postgres(options) => timeout(ANSWER, knock_postgres(options)).await,
            Self::Redis(client) => timeout(ANSWER, knock_redis(client)).await,
        };
        answer.unwrap_or(Answer::Busy)
    }
}

/// The superuser's way to the database that always exists.
pub(super) fn postgres_options(sockets: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(sockets)
        .port(address::POSTGRES_PORT)
        .username(OWNER_ROLE)
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
}

async fn knock_postgres(options: &PgConnectOptions) -> Answer {
    match postmaster_pid(options).await {
        Ok(pid) => Answer::Open(pid),
        Err(sqlx::Error::Io(error)) if nobody_listens(&error) => Answer::Nobody,
        Err(_) => Answer::Busy,
    }
}

/// Asked from the server itself, so that a stale file or a reused number can't mislead.
async fn postmaster_pid(options: &PgConnectOptions) -> Result<i32, sqlx::Error> {
    let mut connection: PgConnection = options.connect().await?;
    let pid = sqlx::query_scalar("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int4")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(pid)
}

fn nobody_listens(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

async fn knock_redis(client: &redis::Client) -> Answer {
    match redis_pid(client).await {
        Ok(Some(pid)) => Answer::Open(pid),
        Err(error) if error.is_connection_refusal() => Answer::Nobody,
        Ok(None) | Err(_) => Answer::Busy,
    }
}

/// The ping comes first because INFO also answers while the data is still being loaded.
async fn redis_pid(client: &redis::Client) -> redis::RedisResult<Option<i32>> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    let _: String = connection.ping().await?;
    let info: redis::InfoDict = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    Ok(info.get("process_id"))
}

fn not_ready(name: &'static str, log: &Path) -> LocalError {
    LocalError::NotReady { name, seconds: PATIENCE.as_secs(), log: log.to_owned() }
}

fn log_tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

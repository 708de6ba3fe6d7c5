//! `rad doctor`: finds what is broken in a set-up before an operator is woken by it.
//!
//! Stores, API and this machine are looked at side by side. A check that fails does not end the others, one that
//! gets no answer ends after some seconds, and one whose ground is missing is skipped: so every run has the same
//! rows. The modules judge; what the stores say is read by `rad_schema::probe`.

mod api;
mod clocks;
mod machine;
mod migrator;
mod patience;
mod postgres;
mod redis;
mod report;
mod row;
mod settings;

use clap::Args;

use self::report::Report;
use self::row::Row;
use self::settings::Settings;
use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::output;
use crate::paint::Paint;

/// Look for what is broken in the set-up: stores, API, workers, settings, this machine.
///
/// Exits with 1 when a check fails. The API is checked where there is a key. Run it with the environment of the
/// processes, on the machine where they run; where only the API is set, the stores are skipped.
#[derive(Args)]
pub(crate) struct DoctorOptions {
    /// Postgres under the role of the processes
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Redis
    #[arg(long, value_name = "URL", env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// Postgres under the role that owns the schema
    #[arg(long, value_name = "URL", env = "RAD_MIGRATE_URL", hide_env_values = true)]
    migrate_url: Option<String>,
    #[command(flatten)]
    api: ApiOptions,
    #[command(flatten)]
    settings: Settings,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Exit with 0 although checks fail
    #[arg(long)]
    warn_only: bool,
}

pub(crate) async fn run(options: &DoctorOptions) -> Result<u8, Failure> {
    let report = Report::of(Box::pin(checks(options)).await);
    if options.json {
        output::json(&report)?;
    } else {
        output::text(&report.text(Paint::for_stdout()))?;
    }
    Ok(u8::from(!report.ok && !options.warn_only))
}

async fn checks(options: &DoctorOptions) -> Vec<Row> {
    let settings = &options.settings;
    let (database_url, redis_url) =
        (present(options.database_url.as_deref()), present(options.redis_url.as_deref()));
    // Whoever has only an API and a key has no business with the stores. One URL of two is a mistake everywhere.
    let remote = database_url.is_none() && redis_url.is_none() && options.api.is_set();
    let (database, migrator, redis, api) = tokio::join!(
        postgres::examine(database_url, settings.db_connections(), remote),
        migrator::enter(present(options.migrate_url.as_deref())),
        redis::examine(redis_url, remote),
        api::rows(&options.api, settings.lease_ttl()),
    );
    let mut rows = database.rows;
    rows.extend(migrator::compare(migrator, database.probe.as_ref()).await);
    rows.extend(redis.rows);
    rows.extend(clocks::rows(database.clock, redis.clock));
    rows.extend(api);
    rows.push(machine::open_files(settings.slots(), settings.db_connections()));
    rows.extend(settings.rows());
    rows
}

/// Why the stores are not looked at from afar.
const REMOTE: &str =
    "only the API is set: set DATABASE_URL and REDIS_URL, on a machine of the fleet, to check the stores";

/// An empty URL leads nowhere: it is as good as none.
fn present(url: Option<&str>) -> Option<&str> {
    url.map(str::trim).filter(|url| !url.is_empty())
}

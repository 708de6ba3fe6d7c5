//! Checks of Postgres under the role of the processes.

mod judge;
mod reach;

use rad_schema::probe::{Clock, PostgresProbe};

use self::judge::{CONNECTIONS, DURABILITY, ROLE, SCHEMA, VERSION, WRITES};
use super::row::{Check, Row, skipped};
use super::{REMOTE, patience};

pub(super) use self::reach::{Place, failed};

const URL: Check =
    Check { name: "database_url", why: "Postgres holds everything; no process starts without it" };
const REACH: Check =
    Check { name: "database_reach", why: "every process logs in at its start, and ends when it can't" };

/// What depends on a login.
const BEHIND: [Check; 6] = [VERSION, WRITES, DURABILITY, ROLE, SCHEMA, CONNECTIONS];

const PLACE: Place = Place {
    url: URL,
    reach: REACH,
    setting: "DATABASE_URL",
    example: "postgres://rad_app:PASSWORD@HOST:5432/rad",
};

/// What is known of Postgres afterwards.
pub(super) struct Examined {
    pub(super) rows: Vec<Row>,
    pub(super) clock: Option<Clock>,
    /// For telling whether the migrator's URL leads to the same database.
    pub(super) probe: Option<PostgresProbe>,
}

/// Without a URL nothing is asked; that is no failure for whoever is `remote`.
pub(super) async fn examine(url: Option<&str>, db_connections: Option<u32>, remote: bool) -> Examined {
    if remote {
        let rows = [skipped(&[URL, REACH], REMOTE), skipped(&BEHIND, REMOTE)].concat();
        return Examined { rows, clock: None, probe: None };
    }
    let (mut rows, probe) = PLACE.enter(url).await;
    let Some(probe) = probe else {
        rows.extend(skipped(&BEHIND, "Postgres was not reached"));
        return Examined { rows, clock: None, probe: None };
    };
    let Some(report) = patience::answer(probe.report()).await else {
        rows.push(
            VERSION.fail(patience::silence(), "look for locks and load: SELECT * FROM pg_stat_activity"),
        );
        rows.extend(skipped(&BEHIND[1..], "Postgres stopped answering"));
        return Examined { rows, clock: None, probe: None };
    };
    rows.extend([
        judge::version(&report),
        judge::writes(&report),
        judge::durability(&report),
        judge::role(&report),
        judge::schema(&report),
        judge::connections(&report, db_connections),
    ]);
    Examined { rows, clock: report.clock.ok(), probe: Some(probe) }
}

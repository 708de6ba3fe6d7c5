//! Checks of the URL that `rad migrate` uses, where it is set.

use rad_schema::probe::{PostgresAddress, PostgresFault, PostgresIdentity, PostgresMigrator, PostgresProbe};

use super::patience;
use super::postgres::{Place, failed};
use super::row::{Check, Row, skipped};

const URL: Check = Check { name: "migrate_url", why: "`rad migrate` needs the owner's direct URL" };
const REACH: Check = Check { name: "migrate_reach", why: "an upgrade begins with the migrations" };
const DIRECT: Check = Check {
    name: "migrate_direct",
    why: "a lock of the session keeps two migrators apart, and a pooler in transaction mode breaks it",
};
const SAME: Check = Check {
    name: "migrate_database",
    why: "migrations of another database leave that of the processes as it is",
};
const RIGHTS: Check = Check { name: "migrate_rights", why: "migrations make and change tables" };

const PLACE: Place = Place {
    url: URL,
    reach: REACH,
    setting: "RAD_MIGRATE_URL",
    example: "postgres://OWNER:PASSWORD@HOST:5432/rad",
};

const UNSET: &str = "RAD_MIGRATE_URL is not set; only `rad migrate` needs it";

/// Ports on which `PgBouncer` and hosted poolers listen by default.
const POOLER_PORTS: [u16; 2] = [6432, 6543];

/// What is known of the migrator's URL alone.
pub(super) struct Entered {
    rows: Vec<Row>,
    /// Or why there is none.
    probe: Result<PostgresProbe, &'static str>,
}

pub(super) async fn enter(url: Option<&str>) -> Entered {
    let Some(url) = url else {
        let rows = skipped(&[URL, REACH, DIRECT], UNSET);
        return Entered { rows, probe: Err(UNSET) };
    };
    let (mut rows, probe) = PLACE.enter(Some(url)).await;
    rows.push(match PostgresAddress::parse(url) {
        Ok(address) => direct(&address),
        Err(_) => DIRECT.skip("RAD_MIGRATE_URL can't be read"),
    });
    Entered { rows, probe: probe.ok_or("RAD_MIGRATE_URL leads to no database") }
}

/// All rows, now that it is known where the processes' URL leads.
pub(super) async fn compare(entered: Entered, processes: Option<&PostgresProbe>) -> Vec<Row> {
    let Entered { mut rows, probe } = entered;
    let probe = match probe {
        Ok(probe) => probe,
        Err(missing) => {
            rows.extend(skipped(&[SAME, RIGHTS], missing));
            return rows;
        }
    };
    let asked = patience::answer(async { (both(&probe, processes).await, probe.migrator().await) }).await;
    match asked {
        Some((identities, migrator)) => rows.extend([same(identities), rights(migrator)]),
        None => rows.extend(skipped(&[SAME, RIGHTS], &patience::silence())),
    }
    rows
}

/// A pooler can't be told by asking it: it passes everything on.
fn direct(address: &PostgresAddress) -> Row {
    let PostgresAddress { host, port, .. } = address;
    let pooled =
        POOLER_PORTS.contains(port) || host.split('.').next().is_some_and(|name| name.ends_with("-pooler"));
    if pooled {
        DIRECT.warn(
            format!("{host}, port {port} looks like a pooler"),
            "set RAD_MIGRATE_URL to the server itself, such as the host without -pooler on port 5432",
        )
    } else {
        DIRECT.ok("it does not look like a pooler")
    }
}

type Identities = Result<Option<(PostgresIdentity, PostgresIdentity)>, PostgresFault>;

async fn both(migrator: &PostgresProbe, processes: Option<&PostgresProbe>) -> Identities {
    let Some(processes) = processes else {
        return Ok(None);
    };
    Ok(Some((migrator.identity().await?, processes.identity().await?)))
}

fn same(identities: Identities) -> Row {
    match identities {
        Ok(None) => SAME.skip("DATABASE_URL was not reached"),
        Ok(Some((migrator, processes))) if migrator == processes => SAME.ok("it is the processes' database"),
        Ok(Some(_)) => SAME.fail(
            "it is another database than that of DATABASE_URL",
            "let RAD_MIGRATE_URL and DATABASE_URL name the same server and database",
        ),
        Err(fault) => SAME.warn(failed(&fault), "the server's log says more"),
    }
}

fn rights(migrator: Result<PostgresMigrator, PostgresFault>) -> Row {
    const OWNER: &str = "set RAD_MIGRATE_URL to the role that owns the database and made its tables";
    match migrator {
        Ok(PostgresMigrator { may_create: true, owns_schema: true }) => RIGHTS.ok("the role may migrate"),
        Ok(PostgresMigrator { owns_schema: false, .. }) => {
            RIGHTS.fail("the role does not own the tables of earlier migrations", OWNER)
        }
        Ok(_) => RIGHTS.fail("the role may not make tables in the schema public", OWNER),
        Err(fault) => RIGHTS.fail(failed(&fault), OWNER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Status;

    fn judged(url: &str) -> Status {
        direct(&PostgresAddress::parse(url).unwrap()).status
    }

    #[test]
    fn poolers_are_told_by_their_usual_names_and_ports() {
        assert_eq!(judged("postgres://o@ep-cool-1-pooler.eu.aws.neon.tech/rad"), Status::Warn);
        assert_eq!(judged("postgres://o@db.example:6432/rad"), Status::Warn);
        assert_eq!(judged("postgres://o@ep-cool-1.eu.aws.neon.tech/rad"), Status::Ok);
        assert_eq!(judged("postgres://o@db.example:5433/rad"), Status::Ok);
    }

    #[test]
    fn another_server_or_database_is_a_failure() {
        let here = PostgresIdentity { started_us: 7, database: 5 };
        assert_eq!(same(Ok(Some((here, here)))).status, Status::Ok);
        for there in [PostgresIdentity { started_us: 8, ..here }, PostgresIdentity { database: 6, ..here }] {
            assert_eq!(same(Ok(Some((here, there)))).status, Status::Fail);
        }
    }

    #[test]
    fn a_migrator_makes_tables_and_owns_the_earlier_ones() {
        for (may_create, owns_schema, status) in
            [(true, true, Status::Ok), (true, false, Status::Fail), (false, true, Status::Fail)]
        {
            assert_eq!(rights(Ok(PostgresMigrator { may_create, owns_schema })).status, status);
        }
    }
}

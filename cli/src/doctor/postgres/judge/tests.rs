use rad_schema::probe::Clock;

use super::*;
use crate::doctor::row::Status;

fn server() -> PostgresServer {
    PostgresServer {
        version_number: 150_004,
        version: "15.4".to_owned(),
        is_standby: false,
        is_read_only: false,
        fsync: true,
        waits_for_disk: true,
        max_connections: 100,
        reserved_connections: 3,
        role_limit: -1,
        of_others: 2,
    }
}

fn report(server: PostgresServer) -> PostgresReport {
    PostgresReport {
        server: Ok(server),
        role: Ok(Vec::new()),
        schema: Ok(Some(migrate::wanted_version())),
        clock: Ok(Clock { ahead_us: 0, unsure_us: 0 }),
        workers: Ok(3),
    }
}

fn with_schema(found: Option<i64>) -> PostgresReport {
    PostgresReport { schema: Ok(found), ..report(server()) }
}

#[test]
fn a_usual_server_is_fit() {
    let report = report(server());
    for row in [
        version(&report),
        writes(&report),
        durability(&report),
        role(&report),
        schema(&report),
        connections(&report, None),
    ] {
        assert_eq!((row.status, &row.fix), (Status::Ok, &None), "{row:?}");
    }
}

#[test]
fn what_a_server_lacks_is_told() {
    let old = version(&report(PostgresServer { version_number: 130_011, ..server() }));
    assert_eq!(old.status, Status::Fail);
    for unfit in
        [PostgresServer { is_standby: true, ..server() }, PostgresServer { is_read_only: true, ..server() }]
    {
        assert_eq!(writes(&report(unfit)).status, Status::Fail);
    }
    for careless in
        [PostgresServer { fsync: false, ..server() }, PostgresServer { waits_for_disk: false, ..server() }]
    {
        assert_eq!(durability(&report(careless)).status, Status::Warn);
    }
}

#[test]
fn only_an_older_schema_is_a_failure() {
    let wanted = migrate::wanted_version();
    for found in [None, Some(0), Some(wanted - 1)] {
        let row = schema(&with_schema(found));
        assert_eq!(row.status, Status::Fail, "{found:?}");
        assert!(row.fix.is_some_and(|fix| fix.starts_with("rad migrate")));
    }
    let newer = schema(&with_schema(Some(wanted + 1)));
    assert_eq!(newer.status, Status::Ok);
    assert!(newer.detail.contains("newer"), "{}", newer.detail);
}

#[test]
fn a_role_with_many_reasons_shows_the_first_ones() {
    let reasons = ["one", "two", "three", "four"].map(str::to_owned).to_vec();
    let row = role(&PostgresReport { role: Ok(reasons), ..report(server()) });
    assert_eq!((row.status, row.detail.as_str()), (Status::Fail, "one; two; and 2 more reasons"));
}

#[test]
fn connections_are_counted_for_the_whole_fleet() {
    // 3 workers of 8 and a scheduler of 10.
    for (max_connections, status) in [(38, Status::Warn), (39, Status::Ok)] {
        let row = connections(&report(PostgresServer { max_connections, ..server() }), None);
        assert_eq!(row.status, status, "{}", row.detail);
    }
    let limited = report(PostgresServer { role_limit: 7, ..server() });
    assert_eq!(connections(&limited, Some(2)).status, Status::Warn, "3 workers and a scheduler of 2 take 8");
}

#[test]
fn a_server_that_tells_nothing_fails_once() {
    let silent = PostgresReport { server: Err(PostgresFault::Silent), ..report(server()) };
    assert_eq!(version(&silent).status, Status::Fail);
    for row in [writes(&silent), durability(&silent), connections(&silent, None)] {
        assert_eq!(row.status, Status::Skip);
    }
}

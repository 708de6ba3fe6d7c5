use super::*;
use crate::doctor::row::Status;

const TTL: Duration = Duration::from_secs(15);

fn health() -> Health {
    Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: 1,
        postgres: true,
        redis: true,
        dispatch: true,
        leader: true,
        workers_alive: 2,
    }
}

fn life(state: &str, silent_ms: i64) -> Worker {
    Worker {
        incarnation: 1,
        worker_id: "crawler-1".to_owned(),
        version: "0.0.9".to_owned(),
        state: state.to_owned(),
        slots: 64,
        busy: 0,
        silent_ms,
        version_skew: false,
        current_job: None,
        metrics_address: None,
    }
}

#[test]
fn a_usual_fleet_is_well() {
    let health = health();
    let lives = [life("alive", 900), life("stopped", 50_000), life("lost", RECENT_MS)];
    for row in [
        version(&health),
        leader(&health),
        window(&health),
        workers(&health),
        versions(&lives),
        silence(&lives, TTL),
    ] {
        assert_eq!((row.status, &row.fix), (Status::Ok, &None), "{row:?}");
    }
}

#[test]
fn what_stops_the_whole_fleet_is_a_failure() {
    assert_eq!(leader(&Health { leader: false, ..health() }).status, Status::Fail);
    assert_eq!(workers(&Health { workers_alive: 0, ..health() }).status, Status::Fail);
    for (postgres, redis, says) in
        [(false, true, "Postgres does not"), (true, false, "Redis does not"), (true, true, "one generation")]
    {
        let row = window(&Health { postgres, redis, dispatch: false, ..health() });
        assert_eq!(row.status, Status::Fail);
        assert!(row.detail.contains(says), "{}", row.detail);
    }
}

#[test]
fn other_versions_are_named() {
    assert_eq!(version(&Health { version: "0.0.1".to_owned(), ..health() }).status, Status::Warn);
    let skewed = |state| Worker { version_skew: true, ..life(state, 10) };
    let row = versions(&[skewed("alive")]);
    assert_eq!(row.status, Status::Warn);
    assert!(row.detail.ends_with("crawler-1 (0.0.9)"), "{}", row.detail);
    assert_eq!(versions(&[skewed("stopped")]).status, Status::Ok, "it is gone");
}

#[test]
fn silent_and_lost_workers_are_named() {
    for (state, silent_ms, says) in
        [("alive", 15_001, "silent"), ("draining", 20_000, "silent"), ("lost", 40_000, "without goodbye")]
    {
        let row = silence(&[life(state, silent_ms)], TTL);
        assert_eq!(row.status, Status::Warn);
        assert!(row.detail.contains(says) && row.detail.ends_with("crawler-1"), "{}", row.detail);
    }
}

#[test]
fn a_key_that_may_not_read_is_no_fault_of_the_fleet() {
    let refused = |status| ApiError::Foreign { origin: "http://a".to_owned(), status };
    for (status, expected) in [(403, Status::Skip), (503, Status::Fail)] {
        let rows = untold(&ALL[..4], &refused(status));
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|row| row.status == expected), "{rows:?}");
    }
}

#[test]
fn many_names_are_counted() {
    let names: Vec<_> = (1..=7).map(|number| format!("w{number}")).collect();
    assert_eq!(listed(&names), "w1, w2, w3, w4, w5 and 2 more");
}

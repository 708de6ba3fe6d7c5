use std::collections::BTreeSet;

use rad_schema::probe::{Clock, RedisCluster, RedisScripts};

use super::*;
use crate::doctor::row::Status;

const ID: &str = "00ff";

fn server() -> RedisServer {
    RedisServer {
        version: Some("7.0.15".to_owned()),
        run_id: Some(ID.to_owned()),
        is_replica: Some(false),
        eviction: Some("noeviction".to_owned()),
        max_memory: Some(1_000),
        used_memory: Some(899),
        append_only: Some(true),
    }
}

fn ran(ids: &[&str]) -> RedisScripts {
    RedisScripts { run_ids: ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>() }
}

fn report(server: RedisServer) -> RedisReport {
    let clock = Ok(Clock { ahead_us: 0, unsure_us: 0 });
    RedisReport { cluster: None, server: Ok(server), scripts: Ok(ran(&[ID])), clock }
}

#[test]
fn a_usual_server_is_fit() {
    let report = report(server());
    for row in [
        version(&report),
        eviction(&report),
        memory(&report),
        writes(&report),
        scripts(&report),
        persistence(&report),
    ] {
        assert_eq!((row.status, &row.fix), (Status::Ok, &None), "{row:?}");
    }
}

#[test]
fn a_server_must_be_of_version_7() {
    for (found, status) in
        [("6.2.14", Status::Fail), ("7.0.0", Status::Ok), ("10.1", Status::Ok), ("?", Status::Fail)]
    {
        let row = version(&report(RedisServer { version: Some(found.to_owned()), ..server() }));
        assert_eq!(row.status, status, "{found}");
    }
}

#[test]
fn eviction_must_be_off_or_is_asked_about() {
    for (found, status) in
        [(Some("allkeys-lru"), Status::Fail), (Some("volatile-ttl"), Status::Fail), (None, Status::Warn)]
    {
        let row = eviction(&report(RedisServer { eviction: found.map(str::to_owned), ..server() }));
        assert_eq!(row.status, status, "{found:?}");
    }
}

#[test]
fn a_full_server_fails_and_a_nearly_full_one_warns() {
    for (used, status) in [(899, Status::Ok), (900, Status::Warn), (999, Status::Warn), (1_000, Status::Fail)]
    {
        let row = memory(&report(RedisServer { used_memory: Some(used), ..server() }));
        assert_eq!(row.status, status, "{used}");
    }
    assert_eq!(memory(&report(RedisServer { max_memory: Some(0), ..server() })).status, Status::Ok);
}

#[test]
fn a_replica_takes_no_writes() {
    let row = writes(&report(RedisServer { is_replica: Some(true), ..server() }));
    assert_eq!(row.status, Status::Fail);
}

#[test]
fn scripts_must_read_the_one_run_id() {
    for (found, says) in [
        (ran(&[""]), "can't read run_id"),
        (ran(&[ID, "11ee"]), "several servers"),
        (ran(&["11ee"]), "several servers"),
    ] {
        let row = scripts(&RedisReport { scripts: Ok(found), ..report(server()) });
        assert_eq!(row.status, Status::Fail);
        assert!(row.detail.contains(says), "{}", row.detail);
    }
    let untold = scripts(&report(RedisServer { run_id: None, ..server() }));
    assert_eq!(
        (untold.status, untold.detail.as_str()),
        (Status::Fail, "the server does not tell its run_id")
    );
}

#[test]
fn no_persistence_is_allowed_and_said() {
    let row = persistence(&report(RedisServer { append_only: Some(false), ..server() }));
    assert_eq!(row.status, Status::Ok);
    assert!(row.detail.contains("restart loses no URL"), "{}", row.detail);
}

#[test]
fn a_cluster_must_be_well_and_should_have_replicas() {
    let judged = |state: &str, alone: &[&str]| {
        let alone = alone.iter().map(|address| (*address).to_owned()).collect();
        let found =
            RedisCluster { state: state.to_owned(), masters: 3, serving: "10.0.0.1:6379".to_owned(), alone };
        cluster(&RedisReport { cluster: Some(found), ..report(server()) })
    };
    assert_eq!(judged("ok", &[]).status, Status::Ok);
    assert_eq!(judged("fail", &[]).status, Status::Fail);
    let lonely = judged("ok", &["10.0.0.2:6379"]);
    assert_eq!(lonely.status, Status::Warn);
    assert!(lonely.detail.ends_with("no replica follows 10.0.0.2:6379"), "{}", lonely.detail);
    assert_eq!(cluster(&report(server())).status, Status::Ok);
}

//! Set-ups that are broken before any server is asked.

use crate::rig::{NOBODYS_KEY, Setup, nobody};

#[test]
fn settings_that_are_missing_are_failures_and_optional_ones_are_skipped() {
    let diagnosis = Setup::default().diagnose();
    diagnosis.assert_failed("database_url", "DATABASE_URL is not set");
    diagnosis.assert_failed("redis_url", "REDIS_URL is not set");
    assert_eq!(diagnosis.named("fail"), ["database_url", "redis_url"]);
    for check in ["database_reach", "database_schema", "migrate_url", "redis_eviction", "api_key", "workers"]
    {
        assert_eq!(diagnosis.status(check), "skip", "{check}");
    }
    assert_eq!(diagnosis.status("contact_url"), "warn", "nobody reads mail at example.com");
}

#[test]
fn a_machine_that_has_only_the_api_need_not_reach_the_stores() {
    let setup = Setup::default().with("RAD_API_URL", format!("http://{}", nobody()));
    let remote = setup.clone().with("RAD_API_KEY", NOBODYS_KEY).diagnose();
    remote.assert_only("api_reach", "refused");
    for check in ["database_url", "database_reach", "database_schema", "redis_url", "redis_eviction"] {
        assert_eq!(remote.status(check), "skip", "{check}");
        assert!(remote.detail(check).contains("only the API is set"), "{}", remote.row(check));
    }
    let half = setup.with("REDIS_URL", format!("redis://{}", nobody())).diagnose();
    half.assert_failed("database_url", "DATABASE_URL is not set");
    half.assert_failed("redis_reach", "refused");
}

#[test]
fn every_run_has_the_same_checks() {
    let checks = |setup: &Setup| -> Vec<String> {
        let diagnosis = setup.diagnose();
        diagnosis.rows().iter().map(|row| row["check"].to_string()).collect()
    };
    let empty = checks(&Setup::default());
    let mut unique = empty.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), empty.len(), "two checks have one name");
    let unreachable = Setup::default()
        .with("DATABASE_URL", format!("postgres://rad_app@{}/rad", nobody()))
        .with("RAD_MIGRATE_URL", "nonsense")
        .with("REDIS_URL", format!("redis://{}", nobody()))
        .with("RAD_API_URL", format!("http://{}", nobody()))
        .with("RAD_API_KEY", NOBODYS_KEY);
    assert_eq!(checks(&unreachable), empty);
    let remote = Setup::default().with("RAD_API_URL", format!("http://{}", nobody()));
    assert_eq!(checks(&remote), empty);
}

#[test]
fn urls_of_something_else_are_failures_that_do_not_show_them() {
    let setup = Setup::default()
        .with("DATABASE_URL", "mysql://u:hunter2@h/rad")
        .with("RAD_MIGRATE_URL", "hunter2")
        .with("REDIS_URL", "http://u:hunter2@h");
    let diagnosis = setup.diagnose();
    diagnosis.assert_failed("database_url", "not a Postgres URL");
    diagnosis.assert_failed("migrate_url", "not a Postgres URL");
    diagnosis.assert_failed("redis_url", "not a Redis URL");
    for output in [setup.output(&["--json"]), setup.output(&[])] {
        assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
    }
}

#[test]
fn servers_that_are_not_there_are_failures() {
    let diagnosis = Setup::default()
        .with("DATABASE_URL", format!("postgres://rad_app@{}/rad", nobody()))
        .with("RAD_MIGRATE_URL", format!("postgres://owner@{}/rad", nobody()))
        .with("REDIS_URL", format!("redis://{}", nobody()))
        .with("RAD_API_URL", format!("http://{}", nobody()))
        .with("RAD_API_KEY", NOBODYS_KEY)
        .diagnose();
    for check in ["database_reach", "migrate_reach", "redis_reach", "api_reach"] {
        diagnosis.assert_failed(check, "refused");
    }
    let unknown =
        Setup::default().with("DATABASE_URL", "postgres://rad_app@no-such-host.invalid/rad").diagnose();
    unknown.assert_failed("database_reach", "can't be reached");
}

#[test]
fn a_key_that_is_cut_is_told_without_the_api() {
    let setup = Setup::default().with("RAD_API_URL", format!("http://{}", nobody()));
    let cut = setup.clone().with("RAD_API_KEY", &NOBODYS_KEY[..40]).diagnose();
    cut.assert_failed("api_key", "not a key");
    assert_eq!(setup.clone().with("RAD_API_KEY", NOBODYS_KEY).diagnose().status("api_key"), "skip");
    setup
        .clone()
        .with("RAD_API_KEY_FILE", "/no/such/file")
        .diagnose()
        .assert_failed("api_key", "can't be read");
    assert_eq!(setup.diagnose().status("api_key"), "warn", "an address without a key");
}

#[test]
fn settings_of_the_processes_are_judged() {
    for (name, value, check) in [
        ("RAD_LEASE_TTL_SECONDS", "1", "lease_ttl"),
        ("RAD_LEASE_TTL_SECONDS", "soon", "lease_ttl"),
        ("RAD_SLOTS", "0", "slots"),
        ("RAD_DB_CONNECTIONS", "501", "db_connections"),
        ("RAD_SHARDS", "129", "shards"),
        ("RAD_ALLOW_CIDRS", "10.0.0.0/8,intranet", "allow_cidrs"),
        ("RAD_CONTACT_URL", "nobody", "contact_url"),
    ] {
        Setup::default().with(name, value).diagnose().assert_failed(check, "");
    }
    for (name, value, check) in [
        ("RAD_ALLOW_CIDRS", "0.0.0.0/0", "allow_cidrs"),
        ("RAD_CONTACT_URL", "https://example.com/", "contact_url"),
    ] {
        let diagnosis = Setup::default().with(name, value).diagnose();
        assert_eq!(diagnosis.status(check), "warn");
        assert!(diagnosis.row(check)["fix"].is_string());
    }
}

#[test]
fn too_few_open_files_are_a_failure() {
    let low = Setup::default().diagnose_with_files(64);
    low.assert_failed("open_files", "64 allowed");
    assert_eq!(Setup::default().with("RAD_SLOTS", "4").diagnose_with_files(128).status("open_files"), "ok");
}

#[test]
fn exit_codes_are_0_for_warn_only_1_for_failures_and_2_for_usage() {
    let setup = Setup::default();
    assert_eq!(setup.output(&[]).status.code(), Some(1));
    assert_eq!(setup.output(&["--warn-only"]).status.code(), Some(0));
    assert_eq!(setup.output(&["--no-such-option"]).status.code(), Some(2));
}

#[test]
fn text_is_plain_in_a_pipe_and_ends_with_the_counts() {
    let output = Setup::default().output(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("FAIL  database_url "), "{text}");
    assert!(text.contains("fix: DATABASE_URL=postgres://"), "{text}");
    let last = text.lines().last().unwrap_or_default();
    assert!(last.contains(" checks: ") && last.contains(" 2 failed, "), "{last}");
}

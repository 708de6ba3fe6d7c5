//! Postgres and Redis that are broken in one way each.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rad_schema::local::{LocalOptions, LocalStores};
use rad_schema::migrate;

use crate::rig::Setup;

/// A private pair of stores with a migrated database `rad`, and whatever a test breaks of them.
struct Rig {
    stores: LocalStores,
    _dir: tempfile::TempDir,
}

impl Rig {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stores = LocalStores::start(dir.path(), LocalOptions::for_test()).await.unwrap();
        stores.create_database("rad").await.unwrap();
        migrate::run(&stores.owner_url("rad")).await.unwrap();
        Self { stores, _dir: dir }
    }

    /// A set-up with `role` and `database` that is well otherwise.
    fn setup(&self, role: &str, database: &str) -> Setup {
        Setup::default()
            .with("DATABASE_URL", self.stores.url_for(role, database))
            .with("REDIS_URL", self.stores.redis_url())
    }

    fn healthy(&self) -> Setup {
        self.setup("rad_app", "rad")
    }

    /// Runs SQL as the superuser.
    fn sql(&self, database: &str, sql: &str) {
        let output = psql(&self.stores.owner_url(database), sql);
        assert!(output.status.success(), "{sql}: {output:?}");
    }

    fn redis(&self, command: &[&str]) {
        let url = self.stores.redis_url();
        let socket = url.trim_start_matches("redis+unix://").trim_end_matches("?db=0");
        let output = Command::new("redis-cli").args(["-s", socket]).args(command).output().unwrap();
        assert!(output.stdout.starts_with(b"OK"), "{command:?}: {output:?}");
    }

    async fn stop(self) {
        self.stores.stop().await.unwrap();
    }
}

fn psql(url: &str, sql: &str) -> Output {
    Command::new("psql").args(["-v", "ON_ERROR_STOP=1", "-c", sql, url]).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_row_security_does_not_bind_are_failures() {
    let rig = Rig::start().await;
    let healthy = rig.healthy().diagnose();
    assert_eq!((healthy.code, healthy.named("fail")), (Some(0), vec![]));
    assert_eq!(healthy.status("database_durability"), "warn", "these stores run without fsync");

    rig.setup("rad_owner", "rad").diagnose().assert_only("database_role", "superuser");
    rig.sql("rad", "CREATE ROLE doctor_sees LOGIN BYPASSRLS IN ROLE rad_app");
    rig.setup("doctor_sees", "rad").diagnose().assert_only("database_role", "BYPASSRLS");
    rig.sql(
        "rad",
        "CREATE ROLE doctor_owns LOGIN IN ROLE rad_app; ALTER TABLE documents OWNER TO doctor_owns",
    );
    rig.setup("doctor_owns", "rad").diagnose().assert_only("database_role", "owns the table documents");
    rig.sql("rad", "ALTER TABLE documents OWNER TO rad_owner; CREATE ROLE doctor_poor LOGIN");
    rig.setup("doctor_poor", "rad").diagnose().assert_failed("database_schema", "may not read");
    rig.setup("doctor_absent", "rad").diagnose().assert_only("database_reach", "login is refused");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_a_failure_of_the_login() {
    let rig = Rig::start().await;
    rig.sql("rad", "CREATE ROLE doctor_locked LOGIN IN ROLE rad_app PASSWORD 'right'");
    let rules = rig.stores.folder().join("postgres/pg_hba.conf");
    let trust = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("local all doctor_locked scram-sha-256\n{trust}")).unwrap();
    rig.sql("rad", "SELECT pg_reload_conf()");
    let url = |password: &str| {
        rig.stores
            .url_for("doctor_locked", "rad")
            .replace("doctor_locked@", &format!("doctor_locked:{password}@"))
    };
    // The server reads its rules some time after it was told to.
    let deadline = Instant::now() + Duration::from_secs(20);
    while psql(&url("wrong"), "SELECT 1").status.success() {
        assert!(Instant::now() < deadline, "the rules were not read");
    }
    let setup = |password| rig.healthy().with("DATABASE_URL", url(password));
    setup("wrong").diagnose().assert_only("database_reach", "password authentication failed");
    assert_eq!(setup("right").diagnose().code, Some(0));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_without_the_right_schema_are_failures() {
    let rig = Rig::start().await;
    rig.setup("rad_app", "absent").diagnose().assert_only("database_reach", "does not exist");
    rig.stores.create_database("bare").await.unwrap();
    rig.setup("rad_app", "bare").diagnose().assert_only("database_schema", "never migrated");

    rig.sql("rad", "ALTER ROLE rad_app SET default_transaction_read_only = on");
    rig.healthy().diagnose().assert_only("database_writes", "read-only");
    rig.sql("rad", "ALTER ROLE rad_app RESET default_transaction_read_only");
    rig.sql("rad", "ALTER ROLE rad_app CONNECTION LIMIT 9");
    assert_eq!(rig.healthy().diagnose().status("database_connections"), "warn");

    let wanted = migrate::wanted_version();
    rig.sql("rad", &format!("UPDATE _sqlx_migrations SET version = version + 1 WHERE version = {wanted}"));
    let newer = rig.healthy().diagnose();
    assert_eq!((newer.code, newer.status("database_schema")), (Some(0), "ok"));
    assert!(newer.detail("database_schema").contains("newer"));
    rig.sql("rad", &format!("DELETE FROM _sqlx_migrations WHERE version > {wanted}"));
    rig.healthy().diagnose().assert_only("database_schema", "older");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migrators_url_must_lead_to_the_same_database_and_its_owner() {
    let rig = Rig::start().await;
    let setup = |url: String| rig.healthy().with("RAD_MIGRATE_URL", url);
    let healthy = setup(rig.stores.owner_url("rad")).diagnose();
    assert_eq!((healthy.code, healthy.status("migrate_rights")), (Some(0), "ok"));
    rig.stores.create_database("other").await.unwrap();
    setup(rig.stores.owner_url("other")).diagnose().assert_only("migrate_database", "another database");
    setup(rig.stores.url_for("rad_app", "rad")).diagnose().assert_only("migrate_rights", "does not own");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_loses_or_refuses_writes_is_a_failure() {
    let rig = Rig::start().await;
    let set = |name, value| rig.redis(&["CONFIG", "SET", name, value]);
    let healthy = rig.healthy().diagnose();
    assert_eq!((healthy.code, healthy.status("redis_scripts")), (Some(0), "ok"));

    set("maxmemory-policy", "allkeys-lru");
    rig.healthy().diagnose().assert_only("redis_eviction", "allkeys-lru");
    set("maxmemory-policy", "noeviction");

    set("maxmemory", "1kb");
    let full = rig.healthy().diagnose();
    full.assert_failed("redis_memory", "taken");
    full.assert_failed("redis_writes", "out of memory");
    set("maxmemory", "0");

    set("min-replicas-to-write", "1");
    rig.healthy().diagnose().assert_only("redis_writes", "lack of replicas");
    set("min-replicas-to-write", "0");

    rig.redis(&["REPLICAOF", "127.0.0.1", "1"]);
    rig.healthy().diagnose().assert_only("redis_writes", "replica");
    rig.redis(&["REPLICAOF", "NO", "ONE"]);

    rig.redis(&["ACL", "SETUSER", "doctor", "on", ">secret", "~*", "+@all", "-eval", "-evalsha"]);
    let bound = rig.stores.redis_url().replace("?db=0", "?db=0&user=doctor&pass=secret");
    rig.healthy().with("REDIS_URL", bound).diagnose().assert_only("redis_scripts", "may not");

    set("requirepass", "right");
    rig.healthy().diagnose().assert_only("redis_reach", "login is refused");
    let wrong = rig.stores.redis_url().replace("?db=0", "?db=0&pass=wrong");
    rig.healthy().with("REDIS_URL", wrong).diagnose().assert_only("redis_reach", "login is refused");
    rig.stop().await;
}

//! A running fleet, and what the API tells of one that is not well.

use std::time::{Duration, Instant};

use rad_loadtest::fleet::{Fleet, FleetOptions};

use crate::rig::{NOBODYS_KEY, Setup};

fn setup(fleet: &Fleet, key: &str) -> Setup {
    Setup::default()
        .with("DATABASE_URL", fleet.database_url())
        .with("RAD_MIGRATE_URL", fleet.owner_url())
        .with("REDIS_URL", fleet.redis_url())
        .with("RAD_API_URL", fleet.api().origin())
        .with("RAD_API_KEY", key)
        .with("RAD_LEASE_TTL_SECONDS", "2")
        .with("RAD_CONTACT_URL", "https://crawl.acme.dev/about")
}

/// Polls the API until no worker counts as alive.
async fn no_worker(fleet: &Fleet) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while fleet.api().health().await.unwrap().workers_alive > 0 {
        assert!(Instant::now() < deadline, "the dead worker is still counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_fleet_is_well_and_each_fault_of_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let options = FleetOptions { workers: 1, ..FleetOptions::for_test(dir.path()) };
    let mut fleet = Fleet::start(options).await.unwrap();
    let key = fleet.key().to_owned();

    let healthy = setup(&fleet, &key).diagnose();
    assert_eq!((healthy.code, healthy.named("fail"), healthy.named("skip")), (Some(0), vec![], vec![]));
    assert_eq!(healthy.named("warn"), ["database_durability"], "test stores run without fsync");
    let text = setup(&fleet, &key).output(&[]);
    assert!(text.status.success() && !String::from_utf8_lossy(&text.stdout).contains("FAIL"), "{text:?}");
    assert!(!String::from_utf8_lossy(&text.stdout).contains(&key), "keys are not shown");

    setup(&fleet, &key[..30]).diagnose().assert_only("api_key", "not a key");
    setup(&fleet, NOBODYS_KEY).diagnose().assert_only("api_key", "nobody's");
    let narrow = fleet.operator().create_key("local", &["crawl".to_owned()]).await.unwrap();
    let unread = setup(&fleet, &narrow.key).diagnose();
    assert_eq!((unread.code, unread.status("workers")), (Some(0), "skip"));
    fleet.operator().revoke_key("local", &narrow.key_id).await.unwrap();
    setup(&fleet, &narrow.key).diagnose().assert_only("api_key", "revoked");

    let laptop = Setup::default()
        .with("RAD_API_URL", fleet.api().origin())
        .with("RAD_API_KEY", &key)
        .with("RAD_CONTACT_URL", "https://crawl.acme.dev/about")
        .diagnose();
    assert_eq!((laptop.code, laptop.named("fail"), laptop.status("workers")), (Some(0), vec![], "ok"));
    assert_eq!((laptop.status("database_url"), laptop.status("redis_url")), ("skip", "skip"));

    fleet.kill_worker(0).await;
    no_worker(&fleet).await;
    let idle = setup(&fleet, &key).diagnose();
    idle.assert_only("workers", "no worker is alive");
    assert_eq!(idle.status("worker_silence"), "warn", "it went without goodbye");
    assert!(idle.detail("worker_silence").contains("crawler-1"));

    fleet.stores_mut().expect("its stores are private").kill_redis().await.unwrap();
    let blind = setup(&fleet, &key).diagnose();
    blind.assert_failed("redis_reach", "can't be reached");
    blind.assert_failed("dispatch_window", "Redis does not answer");

    fleet.kill_scheduler(0).await;
    setup(&fleet, &key).diagnose().assert_failed("api_reach", "can't be reached");
    fleet.stop().await.unwrap();
}

//! A fleet without workers: what the supervisor itself does. Crawls are tested with the worker.

use super::*;
use crate::client::StartRequest;

fn options(dir: &Path) -> FleetOptions {
    FleetOptions { workers: 0, ..FleetOptions::for_test(dir) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_serves_its_tenants_and_survives_a_restart_of_its_scheduler() {
    let dir = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::start(options(dir.path())).await.unwrap();
    let other = fleet.create_tenant("other", Some(10)).await.unwrap();
    assert_ne!(other.tenant(), fleet.tenant());

    let crawl = fleet.api().start(&StartRequest::new("http://127.0.0.1:9/")).await.unwrap();
    assert_eq!((crawl.state.as_str(), crawl.counts.discovered), ("running", 1));
    let hidden = other.crawl(crawl.id).await.unwrap_err();
    assert!(matches!(hidden, ApiError::Refused { status: 404, .. }), "{hidden}");

    fleet.kill_scheduler(0).await;
    assert!(!fleet.scheduler_alive(0));
    assert!(fleet.api().crawl(crawl.id).await.unwrap_err().is_transient());
    fleet.restart_scheduler(0).await.unwrap();
    let cancelled = fleet.api().cancel(crawl.id).await.unwrap();
    assert_eq!((cancelled.state.as_str(), cancelled.counts.skipped), ("cancelled", 1));
    let waited = fleet.wait_crawl(crawl.id, Duration::from_secs(5), |_| ()).await.unwrap();
    assert_eq!(waited, cancelled);
    assert_eq!(fleet.stop().await.unwrap(), Stopped::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_fleet_in_the_folder_is_refused_and_a_later_one_keeps_key_and_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let first = Fleet::start(options(dir.path())).await.unwrap();
    let refused = Fleet::start(options(dir.path())).await.err().unwrap();
    assert!(matches!(refused, StartError::Busy { .. }), "{refused}");
    let (tenant, key) = (first.tenant(), first.key().to_owned());
    first.stop().await.unwrap();

    let again = FleetOptions { key: Some(key.clone()), ..options(dir.path()) };
    let second = Fleet::start(again).await.unwrap();
    assert_eq!((second.tenant(), second.key()), (tenant, key.as_str()));
    let operators = second.operator().keys("operator").await.unwrap();
    let revoked: Vec<_> = operators.iter().map(|key| key.revoked_at.is_some()).collect();
    assert_eq!(revoked, [true, false], "nobody keeps the first fleet's key");
    second.stop().await.unwrap();
}

//! What the whole fleet agrees on: host numbers, leadership, generations, workers.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rad_core::ids::JobId;
use rad_core::url::HostKey;
use rad_schema::fleet::Shard;
use sqlx::Connection;

use crate::Done;
use crate::stores::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn hosts_get_one_number_however_many_ask_at_once() -> Done {
    let store = TestDb::create().await?;
    let keys = |turn: usize| -> anyhow::Result<Vec<HostKey>> {
        let mut keys: Vec<_> =
            (0..20).map(|n| HostKey::parse(&format!("http://h{n}.test:80"))).collect::<Result<_, _>>()?;
        keys.rotate_left(turn * 3 % 20);
        Ok(keys)
    };
    let mut asking = tokio::task::JoinSet::new();
    for turn in 0..8 {
        let (db, keys) = (store.db.clone(), keys(turn)?);
        asking.spawn(async move { db.intern_hosts(&keys).await });
    }
    let mut seen = HashSet::new();
    while let Some(answer) = asking.join_next().await {
        let answer = answer??;
        assert_eq!(answer.len(), 20);
        seen.extend(answer);
    }
    assert_eq!(seen.len(), 20, "a host has two numbers");
    store.remove().await
}

#[tokio::test]
async fn one_holder_leads_until_it_resigns_or_falls_silent() -> Done {
    let store = TestDb::create().await?;
    let db = &store.db;
    let long = Duration::from_mins(1);
    assert!(db.lead("tasks", "a", long).await?);
    assert!(db.lead("tasks", "a", long).await?, "the holder keeps it");
    assert!(!db.lead("tasks", "b", long).await?);
    assert!(db.lead("other", "b", long).await?);
    db.resign("tasks", "b").await?;
    assert!(!db.lead("tasks", "b", long).await?, "only the holder can resign");
    db.resign("tasks", "a").await?;
    let short = Duration::from_millis(30);
    assert!(db.lead("tasks", "b", short).await?);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !db.lead("tasks", "a", long).await? {
        assert!(Instant::now() < deadline, "a silent holder keeps the leadership");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(!db.lead("tasks", "b", long).await?);
    store.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_raises_a_generation() -> Done {
    let store = TestDb::create().await?;
    assert_eq!(store.db.shard().await?, None);
    for old in 0..3 {
        let mut raising = tokio::task::JoinSet::new();
        for number in 0..8 {
            let db = store.db.clone();
            raising.spawn(async move { db.raise_generation(old, &format!("run{number}")).await });
        }
        let mut raised = Vec::new();
        while let Some(answer) = raising.join_next().await {
            raised.extend(answer??);
        }
        assert_eq!(raised, [old + 1]);
        let shard = store.db.shard().await?;
        assert!(matches!(shard, Some(Shard { generation, .. }) if generation == old + 1), "{shard:?}");
    }
    store.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_candidates_leads_from_the_start() -> Done {
    let store = TestDb::create().await?;
    let mut leading = tokio::task::JoinSet::new();
    for number in 0..8 {
        let db = store.db.clone();
        leading.spawn(async move { db.lead("tasks", &number.to_string(), Duration::from_mins(1)).await });
    }
    let mut leaders = 0;
    while let Some(answer) = leading.join_next().await {
        leaders += u32::from(answer??);
    }
    assert_eq!(leaders, 1);
    store.remove().await
}

#[tokio::test]
async fn a_worker_is_known_by_its_lives_and_lost_when_silent() -> Done {
    let store = TestDb::create().await?;
    let db = &store.db;
    let first = db.register_worker("crawler-1", 8, "default", None).await?;
    let second = db.register_worker("crawler-1", 16, "default", None).await?;
    assert_ne!(first, second);
    db.report_worker(second, "draining", 3, Some(JobId(9))).await?;
    assert_eq!(db.mark_lost_workers(Duration::from_mins(1)).await?, 0);
    let mut owner = store.owner().await?;
    sqlx::query(
        "UPDATE crawler_instances SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE incarnation = $1",
    )
    .bind(first.0)
    .execute(&mut owner)
    .await?;
    owner.close().await?;
    assert_eq!(db.mark_lost_workers(Duration::from_mins(1)).await?, 1);
    assert_eq!(db.mark_lost_workers(Duration::from_mins(1)).await?, 0);
    let workers = db.workers().await?;
    let seen: Vec<_> =
        workers.iter().map(|w| (w.incarnation, w.state.as_str(), w.slots, w.busy, w.current_job)).collect();
    assert_eq!(seen, [(first.0, "lost", 8, 0, None), (second.0, "draining", 16, 3, Some(9))]);
    db.report_worker(first, "alive", 0, None).await?;
    assert_eq!(db.workers().await?[0].state, "alive", "a worker that speaks again was not lost");
    store.remove().await
}

#[tokio::test]
async fn old_rows_of_the_outbox_are_removed_a_step_at_a_time() -> Done {
    let store = TestDb::create().await?;
    let mut owner = store.owner().await?;
    sqlx::query(
        "INSERT INTO outbox (tenant_id, job_id, kind, documents, created_at)
         SELECT 1, 1, 'documents_changed', '{}', now() - n * interval '1 day' FROM generate_series(5, 11) AS n",
    )
    .execute(&mut owner)
    .await?;
    assert_eq!(store.db.trim_outbox(3).await?, 3);
    assert_eq!(store.db.trim_outbox(3).await?, 2);
    assert_eq!(store.db.trim_outbox(3).await?, 0);
    owner.close().await?;
    store.remove().await
}

//! Pushing tasks, reading and counting them, and forgetting them after a day.

use rad_core::ids::TaskId;
use rad_schema::tasks::{NewErrand, PushError, TaskFilter, TaskState};
use serde_json::json;

use crate::Done;
use crate::outside::{Outside, new_task};
use crate::stores::run;

#[tokio::test]
async fn a_push_with_a_key_that_was_seen_gives_the_same_task_or_says_that_it_is_another_request() -> Done {
    let mut outside = Outside::open().await?;
    let keyed = NewErrand { idempotency_key: Some("k".to_owned()), ..new_task("index", 5) };
    let first = outside.push_for(outside.tenant, &keyed).await?;
    assert!(first.new.is_some() && first.same_request);
    let again = outside.push_for(outside.tenant, &keyed).await?;
    assert_eq!((again.task, again.new, again.same_request), (first.task, None, true));
    for other in [
        NewErrand { priority: 6, ..keyed.clone() },
        NewErrand { params: json!({}), ..keyed.clone() },
        NewErrand { resource: None, ..keyed.clone() },
        NewErrand { max_attempts: 4, ..keyed.clone() },
        NewErrand { task_type: "other".to_owned(), ..keyed.clone() },
    ] {
        let pushed = outside.push_for(outside.tenant, &other).await?;
        assert_eq!((pushed.task, pushed.new, pushed.same_request), (first.task, None, false), "{other:?}");
    }
    let elsewhere = outside.other_tenant().await?;
    assert_ne!(outside.push_for(elsewhere, &keyed).await?.task, first.task, "a key is the tenant's own");
    assert_eq!(outside.counts().await?, [1, 0, 0, 0]);
    outside.finish().await
}

#[tokio::test]
async fn ten_pushes_at_once_with_one_key_make_one_task() -> Done {
    let mut outside = Outside::open().await?;
    let keyed = NewErrand { idempotency_key: Some("k".to_owned()), ..new_task("index", 5) };
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (db, tenant, keyed) = (outside.db().clone(), outside.tenant, keyed.clone());
        callers.spawn(async move { db.push_task(tenant, &keyed).await });
    }
    let mut new = 0;
    while let Some(pushed) = callers.join_next().await {
        let pushed = pushed??;
        new += usize::from(pushed.new.is_some());
        assert!(pushed.same_request);
    }
    assert_eq!((new, outside.counts().await?), (1, [1, 0, 0, 0]));
    outside.finish().await
}

#[tokio::test]
async fn listings_are_narrowed_by_state_and_kind_and_no_tenant_sees_anothers() -> Done {
    let outside = Outside::open().await?;
    let a = outside.push("a", 5).await?;
    let b = outside.push("b", 9).await?;
    let taken = outside.claim_one("w").await?;
    assert_eq!(taken.task, b);
    let list = async |state, kind: Option<&str>| -> anyhow::Result<Vec<i64>> {
        let filter = TaskFilter { state, task_type: kind.map(str::to_owned) };
        let rows = outside.db().tasks(outside.tenant, TaskId(i64::MAX), &filter, 10).await?;
        Ok(rows.into_iter().map(|row| row.task_id).collect())
    };
    assert_eq!(list(None, None).await?, [b.0, a.0]);
    assert_eq!(list(Some(TaskState::Queued), None).await?, [a.0]);
    assert_eq!(list(Some(TaskState::Claimed), Some("b")).await?, [b.0]);
    assert_eq!(list(Some(TaskState::Claimed), Some("a")).await?, [] as [i64; 0]);
    let (_, oldest) = outside.db().task_counts(outside.tenant).await?;
    assert!(oldest.is_some_and(|ms| (0..60_000).contains(&ms)), "{oldest:?}");
    let elsewhere = outside.other_tenant().await?;
    assert_eq!(outside.db().task(elsewhere, a).await?, None);
    assert_eq!(outside.db().tasks(elsewhere, TaskId(i64::MAX), &TaskFilter::default(), 10).await?, []);
    assert_eq!(outside.db().task_counts(elsewhere).await?, (Vec::new(), None));
    outside.finish().await
}

#[tokio::test]
async fn ended_tasks_are_forgotten_after_a_day_and_open_ones_never() -> Done {
    let mut outside = Outside::open().await?;
    let old = outside.push("a", 9).await?;
    outside.complete(&outside.claim_one("w").await?).await?;
    let fresh = outside.push("a", 9).await?;
    outside.complete(&outside.claim_one("w").await?).await?;
    let waiting = outside.push("a", 1).await?;
    let sql = format!(
        "UPDATE tasks SET created_at = now() - interval '9 days', rank = rank - 777600000000;
         UPDATE tasks SET expires_at = now() WHERE task_id = {old}"
    );
    run(&mut outside.owner, sql).await?;
    assert_eq!(outside.db().expire_tasks(10).await?, 1);
    assert_eq!(outside.db().expire_tasks(10).await?, 0);
    assert_eq!(outside.db().task(outside.tenant, old).await?, None);
    let kept = outside.db().task(outside.tenant, fresh).await?.expect("its day is not over");
    assert_eq!((kept.state, kept.result), (TaskState::Completed, Some(json!({ "pages": 42 }))));
    assert!(kept.expires_at > kept.finished_at);
    assert!(outside.db().task(outside.tenant, waiting).await?.is_some());
    assert_eq!(outside.counts().await?, [1, 0, 1, 0]);
    outside.finish().await
}

#[tokio::test]
async fn a_tenant_has_a_bounded_number_of_kinds() -> Done {
    let mut outside = Outside::open().await?;
    let sql = format!(
        "INSERT INTO task_types (tenant_id, name) SELECT {}, 'k' || n FROM generate_series(1, 1000) AS n",
        outside.tenant
    );
    run(&mut outside.owner, sql).await?;
    outside.push("k7", 5).await?;
    let refused = outside.db().push_task(outside.tenant, &new_task("one-more", 5)).await;
    assert!(matches!(refused, Err(PushError::TooManyTypes)), "{refused:?}");
    outside.finish().await
}

//! Lanes of tasks in a window beside the one of crawls: bounded, woken, and with all invariants of a window.

use std::time::Duration;

use anyhow::{Context, ensure};
use rad_core::ids::{Fence, Hash128, HostId, TaskId, TenantId};
use rad_schema::queue::Queue;
use rad_schema::window::{Dispatch, Errand, Requeue, Resource, WINDOW, WindowError};

use crate::Done;
use crate::dice::Dice;
use crate::outside::{Outside, errand, new_task};
use crate::rig::{Rig, terms};
use crate::window_state::State;

#[tokio::test]
async fn a_backlog_longer_than_a_window_comes_out_whole_and_in_order() -> Done {
    let outside = Outside::open().await?;
    let mut pushed = Vec::new();
    for _ in 0..WINDOW + 40 {
        pushed.push(outside.push("a", 5).await?);
    }
    // Last of all, and the most urgent: it must not hide behind the window's end.
    let urgent = outside.push("a", 10).await?;
    let mut got = Vec::new();
    loop {
        if let Some(task) = outside.claim("w").await? {
            outside.complete(&task).await?;
            got.push(task.task);
            continue;
        }
        if outside.window.refills(10).await?.is_empty() {
            break;
        }
        outside.feed().await?;
    }
    assert_eq!(got.first(), Some(&urgent));
    assert_eq!(got[1..], pushed[..]);
    outside.finish().await
}

#[tokio::test]
async fn lanes_are_the_kinds_with_queued_tasks_and_their_heads_leave_out_what_is_claimed() -> Done {
    let outside = Outside::open().await?;
    let other = outside.other_tenant().await?;
    outside.push("a", 9).await?;
    let second = outside.push("a", 5).await?;
    outside.push("b", 1).await?;
    outside.push_for(other, &new_task("a", 5)).await?;
    let lanes = outside.db().task_lanes((TenantId(0), HostId(0)), 10).await?;
    assert_eq!(
        lanes.iter().map(|lane| lane.tenant).collect::<Vec<_>>(),
        [outside.tenant, outside.tenant, other]
    );
    let after = outside.db().task_lanes((lanes[1].tenant, lanes[1].host), 10).await?;
    assert_eq!(after, lanes[2..]);
    outside.claim_one("w").await?;
    let heads = outside.db().task_heads(&lanes).await?;
    let tasks: Vec<_> = heads[0].tasks.iter().map(|(task, _)| *task).collect();
    assert_eq!((tasks.as_slice(), heads[0].complete), (&[second][..], true));
    outside.finish().await
}

#[tokio::test]
async fn a_push_wakes_a_worker_that_waits_and_one_of_crawls_sleeps_on() -> Done {
    let outside = Outside::open().await?;
    let mut waiter = outside.dispatch.waiter().await?;
    let mut crawls = Dispatch::connect(&outside.redis.url()).await?.waiter().await?;
    let waiting = tokio::spawn(async move { waiter.for_work(Duration::from_secs(30)).await });
    outside.push("a", 5).await?;
    assert!(waiting.await??);
    assert!(!crawls.for_work(Duration::from_millis(1)).await?);
    outside.finish().await
}

#[tokio::test]
async fn the_two_windows_of_a_shard_share_nothing() -> Done {
    let mut rig = Rig::open().await?;
    let dispatch = rig.dispatch.of(Queue::Tasks);
    assert!(dispatch.open(7, &dispatch.run_id().await?).await?);
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    let tasks = dispatch.window(7);
    let nothing = tasks.claim_for(errand(TenantId(1), "w")).await?;
    assert_eq!((nothing.task, tasks.queue(), rig.window.queue()), (None, Queue::Tasks, Queue::Crawl));
    assert_eq!(rig.claim_one(worker).await?.task.0, 100);
    let mut cursor = dispatch.sweep(8, 0).await?;
    while cursor != 0 {
        cursor = dispatch.sweep(8, cursor).await?;
    }
    assert_eq!(rig.window.stats().await?.leased, 1, "the other queue's keys are not swept");
    Ok(())
}

#[tokio::test]
async fn calls_of_an_older_generation_are_stale_and_change_nothing() -> Done {
    let rig = Rig::open().await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    let task = rig.window.claim_for(errand(TenantId(1), "w")).await?.task.context("two wait")?;
    let report = Resource { tenant: TenantId(1), name: Hash128(7) };
    assert!(rig.dispatch.open(2, &rig.dispatch.run_id().await?).await?);
    let keys: Vec<String> = rig.ask("KEYS *").await?;
    let minute = Duration::from_mins(1);
    for (call, answer) in [
        ("claim_for", rig.window.claim_for(errand(TenantId(1), "w")).await.err()),
        ("extend", rig.window.extend(task.task, task.fence, minute).await.err()),
        ("acquire", rig.window.acquire_lock(report, "w", minute).await.err()),
    ] {
        assert!(matches!(answer, Some(WindowError::Stale)), "{call}: {answer:?}");
    }
    let after: Vec<String> = rig.ask("KEYS *").await?;
    assert_eq!(after.len(), keys.len());
    Ok(())
}

/// Tasks of each tenant at once.
const MOST: u32 = 5;

/// One random call about two tenants with three kinds of task each.
async fn step(rig: &Rig, dice: &mut Dice, next: &mut i64) -> Done {
    let tenant = 1 + dice.number(2);
    let host = 10 * tenant + dice.number(3);
    match dice.roll(10) {
        0..=3 => {
            *next += 1;
            let due = if dice.roll(4) == 0 { rig.now_us().await? + 3_000 } else { dice.number(50) };
            rig.window.complete(&[], &[(HostId(host), terms(0, 1_000))], &[]).await?;
            rig.push(tenant, host, &[(*next, due)]).await?;
        }
        4..=7 => claim(rig, dice, tenant, &[HostId(host), HostId(10 * tenant)]).await?,
        8 => drop(rig.window.reap(&[], 10).await?),
        _ => {
            let leases = State::read(rig).await?.leases;
            if let Some((task, (counter, ..))) = leases.first_key_value() {
                let fence = Fence { generation: 1, counter: *counter };
                rig.window.extend(TaskId(*task), fence, Duration::from_millis(5)).await?;
            }
        }
    }
    Ok(())
}

async fn claim(rig: &Rig, dice: &mut Dice, tenant: i64, kinds: &[HostId]) -> Done {
    let hosts = if dice.roll(2) == 0 { kinds } else { &[] };
    let lease = Duration::from_millis(if dice.roll(3) == 0 { 1 } else { 60_000 });
    let wanted = Errand { hosts, most: MOST, lease, ..errand(TenantId(tenant), "w") };
    if let Some(task) = rig.window.claim_for(wanted).await?.task {
        ensure!(task.tenant == TenantId(tenant), "a task of another tenant");
        ensure!(hosts.is_empty() || hosts.contains(&task.host), "a task of another kind");
        match dice.roll(4) {
            0 | 1 => drop(rig.complete(&task).await?),
            2 => drop(rig.nack(&task, Requeue::SameRank).await?),
            _ => {}
        }
    }
    Ok(())
}

#[tokio::test]
async fn random_histories_of_claims_for_tenants_keep_every_invariant_of_the_window() -> Done {
    for seed in 0..4 {
        let rig = Rig::open().await?;
        let (mut dice, mut next) = (Dice(seed), 100);
        for at in 0..150 {
            step(&rig, &mut dice, &mut next).await?;
            let checked = State::read(&rig).await?.check();
            checked.with_context(|| format!("seed {seed}, step {at}"))?;
        }
    }
    Ok(())
}

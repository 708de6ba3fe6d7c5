//! What the dead held, and what took too long, goes back.

use std::time::{Duration, Instant};

use rad_core::ids::Incarnation;
use rad_schema::window::{LeaseTerms, Reaped};

use crate::Done;
use crate::rig::{Rig, TERMS, lane_feed, numbers};

/// A worker that is dead in a moment.
pub(crate) const SHORT: LeaseTerms = LeaseTerms { ttl: Duration::from_millis(40), ..TERMS };

/// Reaps until something comes back.
pub(crate) async fn reap(rig: &Rig) -> anyhow::Result<Reaped> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let reaped = rig.window.reap(100).await?;
        if !reaped.tasks.is_empty() {
            return Ok(reaped);
        }
        anyhow::ensure!(Instant::now() < deadline, "nothing to reap");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn the_reaper_takes_back_what_the_dead_held_and_only_that() -> Done {
    let mut rig = Rig::open().await?;
    let living = rig.worker(1).await?;
    rig.window.join(Incarnation(2), SHORT).await?;
    rig.feed_with((1, 10), (0, 8), &[(100, 11), (101, 12), (102, 13), (103, 14)]).await?;
    let kept = rig.claim(living, 2).await?;
    assert_eq!(rig.window.claim(Incarnation(2), 1, 2, TERMS).await?.tasks.len(), 2);
    let mut reaped = reap(&rig).await?.tasks;
    reaped.sort_by_key(|task| task.task);
    assert_eq!(
        reaped.iter().map(|task| (task.task.0, task.died)).collect::<Vec<_>>(),
        [(102, true), (103, true)]
    );
    let again = rig.claim(living, 8).await?;
    assert_eq!(again.iter().map(|task| (task.task.0, task.rank)).collect::<Vec<_>>(), [(102, 13), (103, 14)]);
    for task in kept.iter().chain(&again) {
        assert_eq!(rig.complete(task).await?, 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_tenant_at_its_cap_goes_on_when_the_reaper_frees_a_slot() -> Done {
    let mut rig = Rig::open().await?;
    let living = rig.worker(1).await?;
    rig.window.join(Incarnation(2), SHORT).await?;
    for host in [10, 11] {
        let one = rad_schema::window::LaneFeed { cap: 1, ..lane_feed(1, host, &[(host * 10, host)]) };
        rig.window.feed(&one).await?;
    }
    assert_eq!(numbers(&rig.window.claim(Incarnation(2), 1, 8, TERMS).await?.tasks), [100]);
    assert_eq!(rig.claim(living, 8).await?, []);
    reap(&rig).await?;
    assert_eq!(numbers(&rig.claim(living, 8).await?), [100]);
    Ok(())
}

#[tokio::test]
async fn a_task_past_its_hard_deadline_goes_back_though_its_worker_lives() -> Done {
    let rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 5)]).await?;
    let hasty = LeaseTerms { hard_deadline: Duration::from_millis(20), ..TERMS };
    let task = rig.window.claim(worker, 1, 1, hasty).await?.tasks[0];
    let reaped = reap(&rig).await?.tasks;
    assert_eq!(reaped.iter().map(|task| (task.task.0, task.died)).collect::<Vec<_>>(), [(100, false)]);
    assert_eq!(rig.complete(&task).await?, 0);
    assert_eq!(numbers(&rig.window.claim(worker, 2, 1, TERMS).await?.tasks), [100]);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_leaves_gives_its_leases_back_at_once() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let idle = rig.worker(2).await?;
    rig.feed(1, 10, &[(100, 1)]).await?;
    rig.claim_one(worker).await?;
    rig.window.leave(idle).await?;
    assert_eq!(rig.window.stats().await?.workers, 1);
    rig.window.leave(worker).await?;
    assert_eq!(rig.window.reap(10).await?.tasks.len(), 1);
    assert_eq!(rig.window.stats().await?.workers, 0);
    Ok(())
}

#[tokio::test]
async fn the_reaper_says_when_it_has_not_seen_all() -> Done {
    for at_once in [3, 100] {
        let rig = Rig::open().await?;
        for worker in 1..=9 {
            rig.window.join(Incarnation(worker), TERMS).await?;
            rig.feed(1, worker, &[(worker * 10, 1)]).await?;
            assert_eq!(rig.window.claim(Incarnation(worker), 1, 1, TERMS).await?.tasks.len(), 1);
        }
        for worker in 1..=9 {
            rig.window.leave(Incarnation(worker)).await?;
        }
        let mut taken = 0;
        loop {
            let step = rig.window.reap(at_once).await?;
            assert!(step.tasks.len() <= at_once);
            taken += step.tasks.len();
            if !step.more {
                break;
            }
        }
        assert_eq!(taken, 9);
    }
    Ok(())
}

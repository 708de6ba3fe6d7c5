//! What the dead held, and what took too long, goes back.

use std::time::{Duration, Instant};

use rad_core::ids::Incarnation;
use rad_schema::window::{Fate, LeaseTerms, Requeue};

use crate::Done;
use crate::rig::{Rig, Swept, TERMS, lane_feed, numbers};

/// A worker that is dead in a moment.
pub(crate) const SHORT: LeaseTerms = LeaseTerms { ttl: Duration::from_millis(40), ..TERMS };

/// Reaps until something comes back.
pub(crate) async fn reap(rig: &Rig) -> anyhow::Result<Swept> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let swept = rig.reap(100, |_| Fate::Back).await?;
        if swept != Swept::default() {
            return Ok(swept);
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
    assert_eq!(reap(&rig).await?, Swept { returned: vec![], dead: vec![102, 103] });
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
    assert_eq!(reap(&rig).await?, Swept { returned: vec![100], dead: vec![] });
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
    assert_eq!(reap(&rig).await?, Swept { returned: vec![100], dead: vec![] }, "a goodbye is no death");
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
        for worker in 1..=4 {
            rig.window.leave(Incarnation(worker)).await?;
        }
        for worker in 5..=9 {
            rig.kill(Incarnation(worker)).await?;
        }
        let swept = rig.reap(at_once, |_| Fate::Back).await?;
        assert_eq!(swept, Swept { returned: vec![10, 20, 30, 40], dead: vec![50, 60, 70, 80, 90] });
        assert_eq!(rig.window.stats().await?.workers, 0);
    }
    Ok(())
}

#[tokio::test]
async fn what_the_dead_held_stays_theirs_until_it_is_judged() -> Done {
    let mut rig = Rig::open().await?;
    let (first, living) = (rig.worker(1).await?, rig.worker(2).await?);
    rig.feed_with((1, 10), (0, 8), &[(100, 1), (101, 2)]).await?;
    let lost = rig.claim(first, 2).await?;
    rig.kill(first).await?;
    let named = rig.window.reap(&[], 10).await?.dead;
    assert_eq!(rig.window.reap(&[], 10).await?.dead.len(), 2, "a reaper that died in between lost nothing");
    assert_eq!(rig.claim(living, 8).await?, []);
    assert_eq!(rig.nack(&lost[0], Requeue::SameRank).await?, 0, "the dead hand nothing back past the count");
    assert_eq!(rig.complete(&lost[1]).await?, 1, "what Postgres has is done, whoever says so");
    let judged: Vec<_> = named.into_iter().map(|lease| (lease, Fate::Back)).collect();
    for _ in 0..2 {
        assert_eq!(rig.window.reap(&judged, 10).await?.dead, []);
    }
    assert_eq!(numbers(&rig.claim(living, 8).await?), [100]);
    assert_eq!(
        rig.window.reap(&judged, 10).await?.dead,
        [],
        "a judgement that comes twice ends no other lease"
    );
    assert_eq!(rig.window.stats().await?.leased, 1);
    Ok(())
}

#[tokio::test]
async fn what_a_dead_worker_held_past_its_deadline_is_still_its_death() -> Done {
    let rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.feed(1, 10, &[(100, 5)]).await?;
    let hasty = LeaseTerms { hard_deadline: Duration::ZERO, ..TERMS };
    rig.window.claim(worker, 1, 1, hasty).await?;
    rig.kill(worker).await?;
    assert_eq!(reap(&rig).await?, Swept { returned: vec![], dead: vec![100] });
    Ok(())
}

//! Tasks that two workers died with: each is claimed alone, and the others go on.

use std::time::Duration;

use rad_core::ids::{Incarnation, TaskId, TenantId};
use rad_schema::window::{Batch, Claimed, Fate, LaneFeed, Requeue};

use crate::Done;
use crate::rig::{Rig, Swept, TERMS, lane_feed, numbers, terms};

/// A lane of `tasks`, of which some are suspects, on a host that takes eight at once.
fn lane_of(tasks: &[(i64, i64)], suspects: &[i64]) -> LaneFeed {
    let suspects = suspects.iter().map(|task| TaskId(*task)).collect();
    LaneFeed { terms: Some(terms(0, 8)), suspects, ..lane_feed(1, 10, tasks) }
}

/// A rig whose first worker holds task 100, and for which suspect 101 is kept; 102 waits behind it.
async fn kept() -> anyhow::Result<(Rig, Incarnation, Claimed)> {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.window.feed(&lane_of(&[(100, 1), (101, 2), (102, 3)], &[101])).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!((numbers(&batch.tasks), batch.alone), (vec![100], true));
    Ok((rig, worker, batch.tasks[0]))
}

fn nothing_alone(batch: &Batch) -> bool {
    batch.tasks.is_empty() && batch.alone
}

#[tokio::test]
async fn a_suspect_goes_alone_into_an_empty_hand_and_nothing_beside_it() -> Done {
    let mut rig = Rig::open().await?;
    let (worker, other) = (rig.worker(1).await?, rig.worker(2).await?);
    rig.window.feed(&lane_of(&[(100, 1), (101, 2), (102, 3)], &[100])).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!((numbers(&batch.tasks), batch.alone), (vec![100], true));
    assert!(nothing_alone(&rig.claim_batch(worker, 8).await?));
    let beside = rig.claim_batch(other, 8).await?;
    assert_eq!((numbers(&beside.tasks), beside.alone), (vec![101, 102], false));
    rig.complete(&batch.tasks[0]).await?;
    rig.push(1, 10, &[(103, 4)]).await?;
    let next = rig.claim_batch(worker, 8).await?;
    assert_eq!((numbers(&next.tasks), next.alone), (vec![103], false));
    assert_eq!(rig.ask::<i64>("EXISTS $/su $/kp $/kd").await?, 0, "nothing is left of it");
    Ok(())
}

#[tokio::test]
async fn a_suspect_met_with_tasks_in_hand_is_kept_until_they_have_ended() -> Done {
    let (mut rig, worker, held) = kept().await?;
    let other = rig.worker(2).await?;
    assert!(nothing_alone(&rig.claim_batch(worker, 8).await?), "its hand is not empty");
    assert_eq!(numbers(&rig.claim(other, 8).await?), [102], "the lane goes on without the suspect");
    rig.complete(&held).await?;
    assert_eq!(rig.claim(other, 8).await?, [], "it is kept for the first");
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!((numbers(&batch.tasks), batch.alone), (vec![101], true));
    assert_eq!(batch.tasks[0].rank, 2);
    assert_eq!(rig.complete(&batch.tasks[0]).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_suspect_met_by_an_idle_claim_of_a_busy_worker_is_kept_too() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.window.feed(&lane_of(&[(100, 1)], &[])).await?;
    let held = rig.claim_one(worker).await?;
    rig.window.feed(&lane_of(&[(100, 1), (101, 2)], &[101])).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert!(nothing_alone(&batch) && batch.next_due == Some(Duration::ZERO), "{batch:?}");
    rig.complete(&held).await?;
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [101]);
    Ok(())
}

#[tokio::test]
async fn the_same_request_says_again_that_the_task_is_alone() -> Done {
    let rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.window.feed(&lane_of(&[(100, 1)], &[100])).await?;
    for _ in 0..2 {
        let batch = rig.window.claim(worker, 7, 8, TERMS).await?;
        assert_eq!((numbers(&batch.tasks), batch.alone), (vec![100], true));
    }
    Ok(())
}

#[tokio::test]
async fn a_suspect_that_is_kept_is_fed_by_nobody() -> Done {
    let (mut rig, worker, held) = kept().await?;
    let fed = rig.window.feed(&lane_of(&[(100, 1), (101, 2), (102, 3)], &[101])).await?;
    assert_eq!(fed.added, 0);
    rig.push(1, 10, &[(101, 2)]).await?;
    let other = rig.worker(2).await?;
    assert_eq!(numbers(&rig.claim(other, 8).await?), [102]);
    rig.complete(&held).await?;
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [101]);
    Ok(())
}

#[tokio::test]
async fn what_was_kept_for_a_worker_that_dies_or_leaves_goes_to_others() -> Done {
    for dies in [true, false] {
        let (mut rig, worker, _held) = kept().await?;
        let other = rig.worker(2).await?;
        if dies {
            rig.kill(worker).await?;
        } else {
            rig.window.leave(worker).await?;
        }
        let swept = rig.reap(10, |_| Fate::Back).await?;
        let expected = if dies { (vec![], vec![100]) } else { (vec![100], vec![]) };
        assert_eq!((swept.returned, swept.dead), expected);
        let first = rig.claim_batch(other, 8).await?;
        assert_eq!((numbers(&first.tasks), first.alone), (vec![100], true));
        rig.complete(&first.tasks[0]).await?;
        let suspect = rig.claim_batch(other, 8).await?;
        assert_eq!((numbers(&suspect.tasks), suspect.alone), (vec![101], true));
    }
    Ok(())
}

#[tokio::test]
async fn a_hand_that_does_not_get_empty_loses_the_suspect_and_its_lane_goes_first() -> Done {
    let (mut rig, worker, held) = kept().await?;
    let other = rig.worker(2).await?;
    let _: i64 = rig.ask(&format!("ZADD $/kd XX 1 {worker}")).await?;
    assert_eq!(rig.reap(10, |_| Fate::Back).await?, Swept::default());
    assert_eq!(numbers(&rig.claim(other, 8).await?), [102]);
    rig.complete(&held).await?;
    let later: Vec<(String, f64)> = rig.ask("ZRANGE $/f:1:10 0 -1 WITHSCORES").await?;
    assert_eq!(later.len(), 1);
    let wait = later[0].1 - f64::from(u32::try_from(rig.now_us().await? / 1_000_000)?) * 1e6;
    assert!((20e6..=31e6).contains(&wait), "due in {wait} microseconds");
    assert!(!rig.claim_batch(worker, 8).await?.alone, "the worker goes on with other tasks");
    Ok(())
}

#[tokio::test]
async fn a_host_of_one_request_at_a_time_waits_for_its_suspect_and_then_goes_on() -> Done {
    let mut rig = Rig::open().await?;
    let (worker, other) = (rig.worker(1).await?, rig.worker(2).await?);
    rig.feed(1, 11, &[(110, 0)]).await?;
    let held = rig.claim_one(worker).await?;
    let suspected = LaneFeed { suspects: vec![TaskId(100)], ..lane_feed(1, 10, &[(100, 1), (101, 2)]) };
    rig.window.feed(&suspected).await?;
    rig.feed(1, 12, &[(120, 3)]).await?;
    assert!(nothing_alone(&rig.claim_batch(worker, 8).await?));
    assert_eq!(numbers(&rig.claim(other, 8).await?), [120], "other hosts go on");
    rig.complete(&held).await?;
    let suspect = rig.claim_one(worker).await?;
    assert_eq!(suspect.task.0, 100);
    rig.complete(&suspect).await?;
    assert_eq!(numbers(&rig.claim(other, 8).await?), [101]);
    Ok(())
}

#[tokio::test]
async fn on_a_host_that_is_busy_with_others_the_next_request_is_the_suspects() -> Done {
    let mut rig = Rig::open().await?;
    let (worker, other) = (rig.worker(1).await?, rig.worker(2).await?);
    let tasks: Vec<_> = (100..140).map(|task| (task, task)).collect();
    let paced =
        |tasks: &[(i64, i64)], suspects| LaneFeed { terms: Some(terms(40, 8)), ..lane_of(tasks, suspects) };
    rig.window.feed(&paced(&tasks[..1], &[])).await?;
    let held = rig.claim_one(worker).await?;
    rig.window.feed(&paced(&tasks, &[101])).await?;
    while !rig.claim_batch(worker, 8).await?.alone {}
    rig.claim_when_due(other).await?;
    rig.complete(&held).await?;
    let (mut waits, mut between) = (0, 0);
    let suspect = loop {
        let batch = rig.claim_batch(worker, 8).await?;
        assert!(batch.alone);
        if let Some(task) = batch.tasks.first() {
            break *task;
        }
        waits += 1;
        between += rig.claim(other, 8).await?.len();
        let pause = batch.next_due.expect("it says when to ask again");
        assert!(pause <= Duration::from_millis(80), "{pause:?}");
        tokio::time::sleep(pause).await;
        between += rig.claim(other, 8).await?.len();
    };
    assert_eq!((suspect.task.0, between), (101, 0), "after {waits} waits");
    assert!(rig.claim_batch(other, 8).await?.next_due.is_some(), "its start paces the host");
    Ok(())
}

#[tokio::test]
async fn a_host_that_is_pushed_back_for_long_does_not_keep_the_worker_idle() -> Done {
    let (mut rig, worker, held) = kept().await?;
    rig.feed(1, 11, &[(110, 9)]).await?;
    let busy =
        rad_schema::window::Completion { pause: Duration::from_mins(5), ..crate::rig::completion(&held) };
    rig.window.complete(&[busy], &[], &[]).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!((numbers(&batch.tasks), batch.alone), (vec![110], false));
    let lane: Vec<String> = rig.ask("ZRANGE $/f:1:10 0 -1").await?;
    assert_eq!(lane, ["101", "102"]);
    assert_eq!(rig.ask::<Vec<String>>("HKEYS $/su").await?, ["101"], "it is a suspect still");
    Ok(())
}

#[tokio::test]
async fn a_suspect_of_a_tenant_that_was_parked_meanwhile_leaves_the_window() -> Done {
    let (mut rig, worker, held) = kept().await?;
    rig.window.park(TenantId(1)).await?;
    rig.complete(&held).await?;
    let batch = rig.claim_batch(worker, 8).await?;
    assert_eq!((batch.tasks.len(), batch.alone), (0, false));
    assert_eq!(rig.ask::<i64>("EXISTS $/su $/kp $/f:1:10").await?, 0);
    rig.window.feed(&lane_of(&[(101, 2), (102, 3)], &[101])).await?;
    assert_eq!(numbers(&rig.claim(worker, 8).await?), [101], "the ledger brings it back");
    Ok(())
}

#[tokio::test]
async fn a_suspect_stays_one_when_it_is_handed_back_or_runs_too_long() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    rig.window.feed(&lane_of(&[(100, 1), (101, 2)], &[100])).await?;
    let held = rig.claim_one(worker).await?;
    rig.nack(&held, Requeue::SameRank).await?;
    let hasty = rad_schema::window::LeaseTerms { hard_deadline: Duration::ZERO, ..TERMS };
    assert!(rig.window.claim(worker, 1000, 8, hasty).await?.alone);
    assert_eq!(rig.reap(10, |_| Fate::Back).await?, Swept { returned: vec![100], dead: vec![] });
    let again = rig.claim_batch(worker, 8).await?;
    assert_eq!((numbers(&again.tasks), again.alone), (vec![100], true));
    rig.nack(&again.tasks[0], Requeue::Ledger).await?;
    assert_eq!(rig.ask::<i64>("EXISTS $/su").await?, 0, "out of the window, only the ledger knows");
    Ok(())
}

#[tokio::test]
async fn the_dead_judge_who_is_suspected_and_who_has_ended() -> Done {
    let mut rig = Rig::open().await?;
    let (first, living) = (rig.worker(1).await?, rig.worker(2).await?);
    rig.window.feed(&lane_of(&[(100, 1), (101, 2), (102, 3)], &[])).await?;
    rig.claim(first, 8).await?;
    rig.kill(first).await?;
    let fates = [Fate::Gone, Fate::Back, Fate::Alone];
    let swept = rig.reap(10, |lease| fates[usize::try_from(lease.task.0 - 100).expect("small")]).await?;
    assert_eq!(swept.dead, [100, 101, 102]);
    let batch = rig.claim_batch(living, 8).await?;
    assert_eq!((numbers(&batch.tasks), batch.alone), (vec![101], true));
    rig.complete(&batch.tasks[0]).await?;
    assert_eq!(numbers(&rig.claim(living, 8).await?), [102]);
    Ok(())
}

#[tokio::test]
async fn one_worker_gets_through_suspects_of_many_hosts_among_other_tasks() -> Done {
    let mut rig = Rig::open().await?;
    let worker = rig.worker(1).await?;
    let mut open = 0;
    for (tenant, host) in [(1, 10), (1, 11), (2, 10), (2, 12), (3, 13)] {
        let first = tenant * 1000 + host * 10;
        let tasks: Vec<_> = (first..first + 6).map(|task| (task, task % 7)).collect();
        let suspects = (first..first + 6).filter(|task| task % 2 == 0).map(TaskId).collect();
        rig.window.feed(&LaneFeed { suspects, cap: 3, ..lane_feed(tenant, host, &tasks) }).await?;
        open += tasks.len();
    }
    for _ in 0..200 {
        let batch = rig.claim_batch(worker, 4).await?;
        let suspects = batch.tasks.iter().filter(|task| task.task.0 % 2 == 0).count();
        assert!(suspects == 0 || (batch.tasks.len() == 1 && batch.alone), "{batch:?}");
        for task in &batch.tasks {
            rig.complete(task).await?;
            open -= 1;
        }
    }
    assert_eq!(open, 0, "something is never claimed");
    assert_eq!(rig.ask::<i64>("EXISTS $/su $/kp $/kd").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_stops_claiming_passes_its_signal_on() -> Done {
    let (mut rig, worker, _held) = kept().await?;
    let mut waiter = rig.dispatch.waiter().await?;
    while waiter.for_work(Duration::from_millis(1)).await? {}
    assert!(nothing_alone(&rig.claim_batch(worker, 8).await?));
    assert!(waiter.for_work(Duration::from_secs(20)).await?, "task 102 waits and nobody is told");
    Ok(())
}

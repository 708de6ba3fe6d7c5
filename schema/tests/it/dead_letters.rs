//! Deaths of workers in the ledger: counted once, the third ends the task, and a command opens it again.

use rad_core::ids::{Fence, Incarnation, JobId, TaskId, TenantId};
use rad_core::verdict::{State, Verdict};
use rad_schema::commit::{Applied, End, Outcome};
use rad_schema::crawls::CrawlError;
use rad_schema::dead_letters::{MAX_DEATHS, Retried, SUSPECT_DEATHS};
use rad_schema::window::{DeadLease, Fate};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, Task, answers, outcome, own_page};
use crate::snapshot::everything;

/// A life of the worker called `name`.
async fn life(crawl: &Crawl, name: &str) -> anyhow::Result<Incarnation> {
    Ok(crawl.db().register_worker(name, 8, "default", None).await?)
}

fn lease(crawl: &Crawl, task: TaskId, worker: Incarnation) -> DeadLease {
    DeadLease { task, tenant: crawl.tenant, worker, fence: Fence { generation: 1, counter: 1 } }
}

/// One more death of each of `tasks`, in the hands of `name`: where they go, and how many it ended.
async fn die(crawl: &Crawl, tasks: &[TaskId], name: &str) -> anyhow::Result<(Vec<Fate>, u64)> {
    let worker = life(crawl, name).await?;
    let leases: Vec<_> = tasks.iter().map(|task| lease(crawl, *task, worker)).collect();
    let judgement = crawl.db().count_deaths(&leases).await?;
    assert!(judgement.fates.iter().map(|(lease, _)| *lease).eq(leases));
    Ok((judgement.fates.into_iter().map(|(_, fate)| fate).collect(), judgement.poisoned))
}

async fn errors(crawl: &Crawl) -> anyhow::Result<Vec<CrawlError>> {
    Ok(crawl.db().crawl_errors(crawl.tenant, crawl.job, TaskId(i64::MIN), 100).await?)
}

/// Kills `task` with three workers.
async fn poison(crawl: &Crawl, task: TaskId) -> Done {
    for name in ["crawler-1", "crawler-2", "crawler-3"] {
        die(crawl, &[task], name).await?;
    }
    Ok(())
}

fn failed(task: &Task, verdict: Verdict) -> Outcome {
    outcome(task, End::Failed { verdict, evidence: "by the test".to_owned() })
}

#[tokio::test]
async fn the_second_death_makes_a_suspect_and_the_third_ends_the_task() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let task = crawl.task(crawl.job, "/0").await?;
    assert_eq!(die(&crawl, &[task], "crawler-1").await?, (vec![Fate::Back], 0));
    assert_eq!(crawl.db().lane_heads(&[crawl.lane()], 1).await?[0].suspects, []);
    assert_eq!(die(&crawl, &[task], "crawler-2").await?, (vec![Fate::Alone], 0));
    assert_eq!(crawl.db().lane_heads(&[crawl.lane()], 1).await?[0].suspects, [task]);
    assert_eq!(die(&crawl, &[task], "crawler-1").await?, (vec![Fate::Gone], 1));
    assert_eq!(die(&crawl, &[task], "crawler-4").await?, (vec![Fate::Gone], 0), "it has ended");
    assert_eq!(crawl.row("/0").await?, (State::Failed.code(), Some("poison".to_owned())));
    let status = crawl.status().await?;
    assert_eq!((status.failed, status.open()), (1, 1));
    let error = errors(&crawl).await?.pop().expect("the task has failed");
    assert_eq!(
        error.evidence.as_deref(),
        Some("workers died with it in hand: crawler-1, crawler-2, crawler-1")
    );
    let names: Vec<_> =
        error.deaths.iter().map(|death| (death.worker_id.as_str(), death.incarnation)).collect();
    assert_eq!(names, [("crawler-1", 1), ("crawler-2", 2), ("crawler-1", 3)]);
    assert!(error.deaths[0].at.ends_with('Z') && error.deaths[0].at.len() == 20);
    assert_eq!((SUSPECT_DEATHS, MAX_DEATHS), (2, 3));
    crawl.finish().await
}

#[tokio::test]
async fn a_death_that_is_told_twice_counts_once() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = [crawl.task(crawl.job, "/0").await?, crawl.task(crawl.job, "/1").await?];
    let worker = life(&crawl, "crawler-1").await?;
    let leases = tasks.map(|task| lease(&crawl, task, worker));
    let (one, other) = (crawl.db().clone(), crawl.db().clone());
    let (first, second) = tokio::join!(one.count_deaths(&leases), other.count_deaths(&leases));
    assert_eq!((first?.poisoned, second?.poisoned), (0, 0));
    for _ in 0..3 {
        let fates = crawl.db().count_deaths(&leases).await?.fates;
        assert!(fates.iter().all(|(_, fate)| *fate == Fate::Back), "{fates:?}");
    }
    assert_eq!(crawl.db().deaths(crawl.tenant, crawl.job).await?, 2);
    assert_eq!(crawl.count("SELECT count(*) FROM crawl_url_deaths").await?, 2);
    crawl.finish().await
}

#[tokio::test]
async fn a_neighbour_that_ends_well_keeps_its_result_whatever_it_was_suspected_of() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let ids: Vec<_> = tasks.iter().map(|task| task.hydrated.task).collect();
    for (name, fate) in [("crawler-1", Fate::Back), ("crawler-2", Fate::Alone)] {
        assert_eq!(die(&crawl, &ids, name).await?, (vec![fate; 2], 0));
    }
    assert_eq!(answers(&crawl.commit(vec![own_page(&tasks[0])]).await?, &tasks[..1]), [STORED]);
    assert_eq!(die(&crawl, &ids, "crawler-3").await?, (vec![Fate::Gone; 2], 1));
    assert_eq!(crawl.row("/0").await?.0, State::Stored.code());
    assert_eq!(crawl.count("SELECT deaths::bigint FROM crawl_urls WHERE state = 1").await?, 2);
    let status = crawl.status().await?;
    assert_eq!((status.stored, status.failed, status.open()), (1, 1, 0));
    crawl.finish().await
}

#[tokio::test]
async fn a_task_that_was_given_up_takes_no_late_commit() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    poison(&crawl, tasks[0].hydrated.task).await?;
    let late = crawl.commit(vec![own_page(&tasks[0])]).await?;
    assert_eq!(answers(&late, &tasks), [Applied::NotOurs]);
    let again = crawl.claims(&[tasks[0].hydrated.task]);
    assert!(crawl.db().hydrate(&again, 1).await?.is_empty());
    crawl.finish().await
}

#[tokio::test]
async fn deaths_change_nothing_of_an_ended_crawl_and_nothing_that_is_unknown() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let task = crawl.task(crawl.job, "/0").await?;
    let worker = life(&crawl, "crawler-1").await?;
    crawl.db().cancel_job(crawl.tenant, crawl.job).await?;
    let before = everything(&mut crawl.owner).await?;
    let unknown = DeadLease { tenant: TenantId(999), ..lease(&crawl, task, worker) };
    let judgement = crawl.db().count_deaths(&[lease(&crawl, task, worker), unknown]).await?;
    let fates: Vec<_> = judgement.fates.iter().map(|(_, fate)| *fate).collect();
    assert_eq!(fates, [Fate::Back, Fate::Gone], "hydrating drops the first");
    assert_eq!(everything(&mut crawl.owner).await?, before);
    crawl.finish().await
}

#[tokio::test]
async fn a_retry_gives_a_dead_task_a_new_life_and_lets_its_crawl_run_on() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    poison(&crawl, tasks[0].hydrated.task).await?;
    assert_eq!(crawl.db().finish_jobs().await?, [(crawl.tenant, crawl.job)]);
    let retried = crawl.db().retry_failed(crawl.tenant, crawl.job, Some("poison")).await?;
    assert_eq!(retried, Retried::Reopened { urls: 1, lanes: vec![crawl.lane()] });
    let status = crawl.status().await?;
    assert_eq!((status.state.as_str(), status.failed, status.open()), ("running", 0, 1));
    assert_eq!((status.end_reason, status.ended_at), (None, None));
    assert_eq!(crawl.db().job_reasons(crawl.tenant, crawl.job).await?.len(), 1, "the start's alone");
    let head = crawl.db().lane_heads(&[crawl.lane()], 1).await?.remove(0);
    assert_eq!((head.tasks.len(), head.suspects.len()), (1, 0));
    let late = crawl.commit(vec![own_page(&tasks[0])]).await?;
    assert_eq!(answers(&late, &tasks), [Applied::NotOurs], "the hand of before has nothing to say");
    assert_eq!(die(&crawl, &[tasks[0].hydrated.task], "crawler-4").await?, (vec![Fate::Back], 0));
    let again = crawl.take(&["/0"]).await?;
    assert_eq!(again[0].hydrated.attempts, 0);
    assert_eq!(answers(&crawl.commit(vec![own_page(&again[0])]).await?, &again), [STORED]);
    assert_eq!(crawl.db().finish_jobs().await?, [(crawl.tenant, crawl.job)]);
    crawl.finish().await
}

#[tokio::test]
async fn a_second_time_the_evidence_names_the_last_three_and_the_history_all() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let task = crawl.task(crawl.job, "/0").await?;
    poison(&crawl, task).await?;
    crawl.db().retry_failed(crawl.tenant, crawl.job, None).await?;
    for name in ["crawler-7", "crawler-8", "crawler-9"] {
        die(&crawl, &[task], name).await?;
    }
    let error =
        errors(&crawl).await?.into_iter().find(|error| error.verdict == "poison").expect("it has failed");
    assert_eq!(
        error.evidence.as_deref(),
        Some("workers died with it in hand: crawler-7, crawler-8, crawler-9")
    );
    assert_eq!(error.deaths.len(), 6);
    crawl.finish().await
}

#[tokio::test]
async fn a_retry_of_one_verdict_leaves_the_others_and_the_skipped_as_they_are() -> Done {
    let mut crawl = Crawl::with_pages(4).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3"]).await?;
    let verdicts = [Verdict::Http5xx, Verdict::Http5xx, Verdict::Timeout];
    crawl.commit(tasks.iter().zip(verdicts).map(|(task, verdict)| failed(task, verdict)).collect()).await?;
    let (db, tenant, job) = (crawl.db().clone(), crawl.tenant, crawl.job);
    let retry = async |verdict: Option<&'static str>| db.retry_failed(tenant, job, verdict).await;
    let before = everything(&mut crawl.owner).await?;
    assert_eq!(retry(Some("dns")).await?, Retried::Reopened { urls: 0, lanes: vec![] });
    assert_eq!(
        retry(Some("noindex")).await?,
        Retried::Reopened { urls: 0, lanes: vec![] },
        "that is skipped"
    );
    assert_eq!(everything(&mut crawl.owner).await?, before);
    assert_eq!(retry(Some("http_5xx")).await?, Retried::Reopened { urls: 2, lanes: vec![crawl.lane()] });
    assert_eq!((crawl.status().await?.failed, crawl.status().await?.open()), (1, 3));
    assert_eq!(crawl.row("/2").await?.1.as_deref(), Some("timeout"));
    assert_eq!(retry(None).await?, Retried::Reopened { urls: 1, lanes: vec![crawl.lane()] });
    let status = crawl.status().await?;
    assert_eq!((status.failed, status.skipped, status.open()), (0, 1, 4));
    crawl.finish().await
}

#[tokio::test]
async fn a_cancelled_crawl_and_another_tenants_are_not_retried() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    crawl.commit(vec![failed(&tasks[0], Verdict::Timeout)]).await?;
    crawl.db().cancel_job(crawl.tenant, crawl.job).await?;
    let before = everything(&mut crawl.owner).await?;
    assert_eq!(crawl.db().retry_failed(crawl.tenant, crawl.job, None).await?, Retried::Cancelled);
    for (tenant, job) in [(TenantId(999), crawl.job), (crawl.tenant, JobId(999))] {
        assert_eq!(crawl.db().retry_failed(tenant, job, None).await?, Retried::Unknown);
    }
    assert_eq!(everything(&mut crawl.owner).await?, before);
    crawl.finish().await
}

#[tokio::test]
async fn a_retry_waits_for_the_commit_in_flight_and_then_counts_right() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    crawl.commit(vec![failed(&tasks[0], Verdict::Timeout)]).await?;
    let mut holder = crawl.store.owner().await?;
    let mut hold = sqlx::Connection::begin(&mut holder).await?;
    sqlx::query("SELECT 1 FROM job_progress FOR UPDATE").execute(&mut *hold).await?;
    let commit = crawl.commit_soon(vec![failed(&tasks[1], Verdict::Timeout)]);
    crawl.wait_for_waiters(1).await?;
    let (db, tenant, job) = (crawl.db().clone(), crawl.tenant, crawl.job);
    let retry = tokio::spawn(async move { db.retry_failed(tenant, job, None).await });
    crawl.wait_for_waiters(2).await?;
    hold.rollback().await?;
    assert_eq!(answers(&commit.await??, &tasks[1..]), [Applied::Ended(State::Failed)]);
    assert!(matches!(retry.await??, Retried::Reopened { urls: 2, .. }));
    assert_eq!(crawl.status().await?.failed, 0);
    crawl.finish().await
}

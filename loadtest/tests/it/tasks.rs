//! Tasks that are pushed and worked on from outside, through the API of a fleet of real processes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rad_loadtest::fleet::{Fleet, FleetOptions};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::plain_http::{Answer, PlainHttp};
use crate::proof::WITHIN;

const TASKS: usize = 1_000;
const WORKERS: usize = 8;

/// A caller with a key.
#[derive(Clone)]
pub(crate) struct Bearer {
    http: Arc<PlainHttp>,
    key: String,
}

impl Bearer {
    pub(crate) fn new(fleet: &Fleet, key: &str) -> Result<Self> {
        Ok(Self { http: Arc::new(PlainHttp::new(fleet)?), key: key.to_owned() })
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.http.post(&self.key, &format!("/api/v1{path}"), &[], body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.http.get(&self.key, &format!("/api/v1{path}")).await
    }

    /// The first answer that does not ask to try again: while Redis is filled again, the API says so.
    pub(crate) async fn persist(&self, path: &str, body: &Value) -> Result<Answer> {
        let asked = tokio::time::Instant::now();
        loop {
            let answer = self.post(path, body).await?;
            if answer.status != 503 {
                return Ok(answer);
            }
            ensure!(asked.elapsed() < WITHIN, "{path}: {}", answer.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

pub(crate) async fn fleet() -> Result<(tempfile::TempDir, Fleet)> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions { workers: 0, ..FleetOptions::for_test(folder.path()) }).await?;
    Ok((folder, fleet))
}

/// What all workers together know.
#[derive(Default)]
struct Tally {
    accepted: AtomicUsize,
    refused: AtomicUsize,
    half: Notify,
}

/// Pushes the tasks, some of them twice, from several callers at once.
async fn push_all(bearer: &Bearer) -> Result<()> {
    let mut pushers = JoinSet::new();
    for pusher in 0..10 {
        let bearer = bearer.clone();
        pushers.spawn(async move {
            for n in (pusher..TASKS).step_by(10) {
                let body = json!({ "task_type": format!("kind-{}", n % 3), "priority": n % 10 + 1,
                    "resource": format!("https://example.com/{n}"), "params": { "n": n },
                    "max_attempts": 50, "idempotency_key": format!("key-{n}") });
                let pushed = bearer.persist("/tasks", &body).await?.expect(201)?;
                if n % 50 == 0 {
                    let again = bearer.persist("/tasks", &body).await?.expect(200)?;
                    ensure!(again["task_id"] == pushed["task_id"], "{again} {pushed}");
                }
            }
            Ok(())
        });
    }
    while let Some(pushed) = pushers.join_next().await {
        pushed??;
    }
    Ok(())
}

/// Claims and completes until everything is done. Now and then it sleeps over its lease, and is refused.
async fn work(bearer: Bearer, number: usize, tally: Arc<Tally>) -> Result<BTreeMap<i64, usize>> {
    let worker = format!("worker-{number}");
    let mut completed = BTreeMap::new();
    for round in 1_usize.. {
        if tally.accepted.load(Ordering::SeqCst) >= TASKS {
            break;
        }
        let sleeps = round % 40 == 0;
        let wanted = json!({ "worker_id": worker, "wait_seconds": 2, "request_id": format!("{worker}/{round}"),
            "lease_seconds": if sleeps { 1 } else { 60 } });
        let answer = bearer.persist("/tasks/claim", &wanted).await?;
        if answer.status == 204 {
            continue;
        }
        let claim = answer.expect(200)?;
        let id = claim["task_id"].as_i64().context("a claim names its task")?;
        if sleeps {
            until_lost(&bearer, &claim).await?;
        }
        let done = json!({ "lease_token": claim["lease_token"], "result": { "n": claim["params"]["n"] } });
        let ended = bearer.persist(&format!("/tasks/{id}/complete"), &done).await?;
        match ended.status.as_u16() {
            200 => {
                *completed.entry(id).or_default() += 1;
                if tally.accepted.fetch_add(1, Ordering::SeqCst) + 1 == TASKS / 3 {
                    tally.half.notify_one();
                }
            }
            409 if sleeps => drop(tally.refused.fetch_add(1, Ordering::SeqCst)),
            _ => bail!("completing task {id}: {} {}", ended.status, ended.text),
        }
    }
    Ok(completed)
}

/// Waits until the task has left this claim behind: it is queued again, or somebody else's.
async fn until_lost(bearer: &Bearer, claim: &Value) -> Result<()> {
    let asked = tokio::time::Instant::now();
    loop {
        let task = bearer.get(&format!("/tasks/{}", claim["task_id"])).await?.expect(200)?;
        if task["state"] != "claimed" || task["attempts"] != claim["attempt"] {
            return Ok(());
        }
        ensure!(asked.elapsed() < WITHIN, "the lease of {task} never ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tasks_are_completed_exactly_once_over_lost_leases_and_a_wipe() -> Result<()> {
    let (_folder, fleet) = fleet().await?;
    let bearer = Bearer::new(&fleet, fleet.key())?;
    let tally = Arc::new(Tally::default());
    let mut workers = JoinSet::new();
    for number in 0..WORKERS {
        workers.spawn(work(bearer.clone(), number, Arc::clone(&tally)));
    }
    push_all(&bearer).await?;
    tokio::time::timeout(WITHIN, tally.half.notified()).await.context("a third was never done")?;
    rad_schema::window::Dispatch::connect(&fleet.redis_url()).await?.wipe().await?;
    let mut completed: BTreeMap<i64, usize> = BTreeMap::new();
    while let Some(done) =
        tokio::time::timeout(WITHIN, workers.join_next()).await.context("work never ended")?
    {
        for (task, times) in done?? {
            *completed.entry(task).or_default() += times;
        }
    }
    let twice: Vec<_> = completed.iter().filter(|(_, times)| **times != 1).collect();
    ensure!(
        completed.len() == TASKS && twice.is_empty(),
        "{} tasks, more than once: {twice:?}",
        completed.len()
    );
    ensure!(tally.refused.load(Ordering::SeqCst) > 0, "no lease was lost: the test shows less than it says");
    let stats = bearer.get("/queue/stats").await?.expect(200)?;
    ensure!(
        [&stats["queued"], &stats["claimed"], &stats["completed"], &stats["failed"]] == [0, 0, TASKS, 0],
        "{stats}"
    );
    for id in completed.keys().step_by(97) {
        let task = bearer.get(&format!("/tasks/{id}")).await?.expect(200)?;
        ensure!(task["result"]["n"] == task["params"]["n"], "the result of another task: {task}");
    }
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_woken_by_a_push_and_by_a_retry_that_is_due() -> Result<()> {
    let (_folder, fleet) = fleet().await?;
    let bearer = Bearer::new(&fleet, fleet.key())?;
    let wait = json!({ "worker_id": "w", "task_types": ["index"], "wait_seconds": 20 });
    let waiting = tokio::spawn({
        let (bearer, wait) = (bearer.clone(), wait.clone());
        async move { bearer.persist("/tasks/claim", &wait).await }
    });
    bearer.persist("/tasks", &json!({ "task_type": "other" })).await?.expect(201)?;
    let pushed = bearer.persist("/tasks", &json!({ "task_type": "index" })).await?.expect(201)?;
    let claim = waiting.await??.expect(200)?;
    ensure!(claim["task_id"] == pushed["task_id"] && claim["attempt"] == 1, "{claim}");
    let id = &claim["task_id"];
    let fail = json!({ "error": "busy", "retry_in_seconds": 1, "worker_id": "w" });
    let failed = bearer.post(&format!("/tasks/{id}/fail"), &fail).await?.expect(200)?;
    ensure!(failed["state"] == "queued" && failed["error"] == "busy", "{failed}");
    let again = bearer.persist("/tasks/claim", &wait).await?.expect(200)?;
    ensure!(again["task_id"] == *id && again["attempt"] == 2, "{again}");
    // As it was published: nothing but the task and its result.
    let done = bearer.post(&format!("/tasks/{id}/complete"), &json!({ "result": { "pages": 42 } })).await?;
    ensure!(done.expect(200)?["result"]["pages"] == 42, "{}", done.text);
    fleet.stop().await?;
    Ok(())
}

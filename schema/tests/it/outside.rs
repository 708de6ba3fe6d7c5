//! Tasks from outside on both stores: a ledger with tenants, its window, and workers without heartbeats.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rad_core::ids::{Fence, Hash128, HostId, TaskId, TenantId};
use rad_schema::db::Db;
use rad_schema::queue::Queue;
use rad_schema::tasks::{Held, Holder, NewErrand, Outcome, Pushed, Taken, TaskRow};
use rad_schema::tenants;
use rad_schema::window::{
    Claimed, Completion, Dispatch, Errand, HostTerms, LaneFeed, Nack, Requeue, Sent, Window, outside_worker,
};
use serde_json::json;
use sqlx::PgConnection;

use crate::Done;
use crate::own_redis::TestRedis;
use crate::stores::TestDb;

/// Long enough for any test.
pub(crate) const LEASE: Duration = Duration::from_mins(5);
const LANE: HostTerms = HostTerms { delay: Duration::ZERO, max_concurrency: 1_000 };

/// A tenant's queue.
pub(crate) struct Outside {
    pub(crate) store: TestDb,
    pub(crate) owner: PgConnection,
    pub(crate) redis: TestRedis,
    pub(crate) dispatch: Dispatch,
    pub(crate) window: Window,
    pub(crate) tenant: TenantId,
}

/// A task in hand.
pub(crate) struct InHand {
    pub(crate) task: TaskId,
    pub(crate) fence: Fence,
    pub(crate) row: TaskRow,
}

pub(crate) fn new_task(kind: &str, priority: i16) -> NewErrand {
    NewErrand {
        task_type: kind.to_owned(),
        resource: Some("https://example.com/".to_owned()),
        priority,
        params: json!({ "max_depth": 3 }),
        max_attempts: 3,
        idempotency_key: None,
    }
}

/// What a worker called `name` asks for.
pub(crate) fn errand(tenant: TenantId, name: &str) -> Errand<'static> {
    let worker = outside_worker(tenant, name);
    Errand { tenant, worker, request: None, lease: LEASE, most: 100, hosts: &[] }
}

impl Outside {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let store = TestDb::create().await?;
        let owner = store.owner().await?;
        let redis = TestRedis::start().await?;
        let (tenant, _) = tenants::create(&store.owner_url, "acme", None).await?;
        let dispatch = Dispatch::connect(&redis.url()).await?.of(Queue::Tasks);
        let window = open(&store.db, &dispatch).await?;
        Ok(Self { store, owner, redis, dispatch, window, tenant })
    }

    pub(crate) fn db(&self) -> &Db {
        &self.store.db
    }

    pub(crate) async fn other_tenant(&self) -> anyhow::Result<TenantId> {
        Ok(tenants::create(&self.store.owner_url, "other", None).await?.0)
    }

    /// Pushes into the ledger and the window.
    pub(crate) async fn push_for(&self, tenant: TenantId, new: &NewErrand) -> anyhow::Result<Pushed> {
        let pushed = self.db().push_task(tenant, new).await?;
        if let Some(waits) = pushed.new {
            self.window.complete(&[], &[(waits.host, LANE)], &[waits]).await?;
        }
        Ok(pushed)
    }

    pub(crate) async fn push(&self, kind: &str, priority: i16) -> anyhow::Result<TaskId> {
        Ok(self.push_for(self.tenant, &new_task(kind, priority)).await?.task)
    }

    /// What the window gives `name`, not yet taken into hand.
    pub(crate) async fn sent(&self, name: &str) -> anyhow::Result<Sent> {
        Ok(self.window.claim_for(errand(self.tenant, name)).await?)
    }

    /// Claims as the service does: what can't be taken goes back where it belongs.
    pub(crate) async fn claim_with(&self, errand: Errand<'_>, name: &str) -> anyhow::Result<Option<InHand>> {
        for _ in 0..100 {
            let Some(claimed) = self.window.claim_for(errand).await?.task else { return Ok(None) };
            if let Some(row) = self.take(&claimed, name, errand.lease).await? {
                return Ok(Some(InHand { task: claimed.task, fence: claimed.fence, row }));
            }
        }
        bail!("the window goes on giving what can't be taken")
    }

    pub(crate) async fn claim(&self, name: &str) -> anyhow::Result<Option<InHand>> {
        self.claim_with(errand(self.tenant, name), name).await
    }

    pub(crate) async fn claim_one(&self, name: &str) -> anyhow::Result<InHand> {
        self.claim(name).await?.context("nothing could be claimed")
    }

    /// Claims until something can be claimed, for what is due in some milliseconds.
    pub(crate) async fn claim_when_due(&self, name: &str) -> anyhow::Result<InHand> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Some(task) = self.claim(name).await? {
                return Ok(task);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("nothing became due")
    }

    async fn take(&self, claimed: &Claimed, name: &str, lease: Duration) -> anyhow::Result<Option<TaskRow>> {
        let taken = self.db().take_task(claimed.tenant, claimed.task, claimed.fence, name, lease).await?;
        let requeue = match taken {
            Taken::Task(row) => return Ok(Some(*row)),
            Taken::Held(until) => Requeue::At(until),
            Taken::Gone => Requeue::Ledger,
        };
        let nack = Nack { task: claimed.task, fence: claimed.fence, requeue, pause: Duration::ZERO };
        self.window.nack(&[nack]).await?;
        Ok(None)
    }

    /// Does what a holder wants, in both stores.
    pub(crate) async fn hold(&self, task: &InHand, outcome: &Outcome) -> anyhow::Result<Held> {
        let holder = Holder { fence: Some(task.fence), worker: None };
        let held = self.db().hold_task(self.tenant, task.task, holder, outcome).await?;
        if let Held::Done { fence, .. } = &held
            && !matches!(outcome, Outcome::Renew(_))
            && fence.generation == self.window.generation()
        {
            let done = Completion { task: task.task, fence: *fence, pause: Duration::ZERO };
            self.window.complete(&[done], &[], &[]).await?;
        }
        Ok(held)
    }

    pub(crate) async fn complete(&self, task: &InHand) -> anyhow::Result<Held> {
        self.hold(task, &Outcome::Complete(json!({ "pages": 42 }))).await
    }

    /// One round of what the leader does about leases.
    pub(crate) async fn lapse(&self) -> anyhow::Result<(usize, u64)> {
        while self.window.reap(&[], 100).await?.more {}
        let lapsed = self.db().lapse_tasks(100).await?;
        self.window.complete(&[], &[], &lapsed.back).await?;
        Ok((lapsed.back.len(), lapsed.dead))
    }

    /// Rounds until some lease has run out.
    pub(crate) async fn lapse_some(&self) -> anyhow::Result<(usize, u64)> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let lapsed = self.lapse().await?;
            if lapsed != (0, 0) {
                return Ok(lapsed);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("no lease ran out")
    }

    /// Empties Redis, opens the next generation and fills it from the ledger, as the leader does.
    pub(crate) async fn wipe(&mut self) -> Done {
        self.dispatch.wipe().await?;
        self.window = open(&self.store.db, &self.dispatch).await?;
        self.feed().await
    }

    /// Loads all lanes.
    pub(crate) async fn feed(&self) -> Done {
        let lanes = self.db().task_lanes((TenantId(0), HostId(0)), 1_000).await?;
        let left_out = self.window.left_out(&lanes).await?;
        for (head, left_out) in self.db().task_heads(&lanes).await?.into_iter().zip(left_out) {
            let feed = LaneFeed {
                lane: head.lane,
                weight: 1,
                cap: 100,
                parked: false,
                terms: Some(LANE),
                pause: Duration::ZERO,
                left_out,
                complete: head.complete,
                tasks: head.tasks,
                suspects: Vec::new(),
            };
            self.window.feed(&feed).await?;
        }
        Ok(())
    }

    /// Queued, claimed, completed and failed, as the counters say; the rows must say the same.
    pub(crate) async fn counts(&mut self) -> anyhow::Result<[i64; 4]> {
        let wrong: Vec<String> = sqlx::query_scalar(
            "SELECT to_jsonb(y)::text FROM task_types y
             WHERE ARRAY[queued, claimed, completed, failed] <> ARRAY(
                 SELECT (SELECT count(*) FROM tasks t WHERE t.tenant_id = y.tenant_id AND t.type_id = y.type_id
                                                        AND t.state = s) FROM generate_series(0, 3) AS s ORDER BY s)",
        )
        .fetch_all(&mut self.owner)
        .await?;
        anyhow::ensure!(wrong.is_empty(), "counters and rows differ: {wrong:?}");
        let (types, _) = self.db().task_counts(self.tenant).await?;
        let mut sums = [0; 4];
        for of in types {
            for (sum, n) in sums.iter_mut().zip([of.queued, of.claimed, of.completed, of.failed]) {
                *sum += n;
            }
        }
        Ok(sums)
    }

    pub(crate) async fn finish(mut self) -> Done {
        self.counts().await?;
        drop(self.owner);
        self.store.remove().await
    }
}

/// The name of a request.
pub(crate) fn request(name: &str) -> Hash128 {
    Hash128::of(name.as_bytes())
}

async fn open(db: &Db, dispatch: &Dispatch) -> anyhow::Result<Window> {
    let old = db.shard_of(Queue::Tasks).await?.map_or(0, |shard| shard.generation);
    let run_id = dispatch.run_id().await?;
    let generation =
        db.raise_generation_of(Queue::Tasks, old, &run_id).await?.context("nobody else raises it")?;
    anyhow::ensure!(dispatch.open(generation, &run_id).await?, "the generation is new");
    Ok(dispatch.window(generation))
}

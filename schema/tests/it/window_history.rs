//! A random history of feeds, claims, ends, deaths and push-backs, and what must come back from each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::{HostId, Incarnation, TaskId, TenantId};
use rad_schema::dead_letters::{MAX_DEATHS, SUSPECT_DEATHS};
use rad_schema::window::{Claimed, Completion, DeadLease, Fate, LaneFeed, Nack, NewTask, Requeue};

use crate::Done;
use crate::dice::Dice;
use crate::rig::{Rig, lane, lane_feed, terms};
use crate::window_state::State;

const TENANTS: usize = 3;
const HOSTS: usize = 4;

/// What the test knows beside Redis.
pub(crate) struct History {
    pub(crate) rig: Rig,
    dice: Dice,
    /// Open tasks with their ranks, by lane.
    ledger: BTreeMap<(i64, i64), BTreeMap<i64, i64>>,
    parked: Vec<bool>,
    workers: Vec<(Incarnation, Vec<Claimed>)>,
    /// Incarnations that died with a task.
    deaths: BTreeMap<i64, BTreeSet<Incarnation>>,
    /// Leases of the dead: their late words must change nothing.
    lost: Vec<Claimed>,
    /// Steps after which a suspect was kept for somebody.
    pub(crate) kept: u64,
    /// Tasks that their third death has ended.
    pub(crate) poisoned: u64,
    next_task: i64,
    next_worker: i64,
    last_fence: i64,
}

impl History {
    pub(crate) async fn begin(rig: Rig, seed: u64) -> anyhow::Result<Self> {
        let _: () = rig.ask("FLUSHALL").await?;
        ensure!(rig.dispatch.open(1, &rig.dispatch.run_id().await?).await?);
        let mut this = Self {
            rig,
            dice: Dice(seed),
            ledger: BTreeMap::new(),
            parked: vec![false; TENANTS],
            workers: Vec::new(),
            deaths: BTreeMap::new(),
            lost: Vec::new(),
            kept: 0,
            poisoned: 0,
            next_task: 1,
            next_worker: 1,
            last_fence: 0,
        };
        for _ in 0..3 {
            this.hire().await?;
        }
        Ok(this)
    }

    async fn hire(&mut self) -> Done {
        let worker = self.rig.worker(self.next_worker).await?;
        self.next_worker += 1;
        self.workers.push((worker, Vec::new()));
        Ok(())
    }

    pub(crate) async fn step(&mut self) -> Done {
        match self.dice.roll(16) {
            0..3 => self.push().await,
            3..5 => self.feed_any().await,
            5..9 => self.claim().await,
            9..12 => self.complete().await,
            12 => self.nack().await,
            13 => self.die().await,
            14 => self.late_words().await,
            _ => self.park_or_audit().await,
        }
    }

    fn any_lane(&mut self) -> (i64, i64) {
        (self.dice.number(TENANTS as u64), self.dice.number(HOSTS as u64))
    }

    /// New rows of the ledger; the push may get lost.
    async fn push(&mut self) -> Done {
        let (tenant, host) = self.any_lane();
        let now = self.rig.now_us().await?;
        let mut new = Vec::new();
        // Sometimes more than a window.
        let count = if self.dice.roll(10) == 0 { 100 } else { 1 + self.dice.number(5) };
        for _ in 0..count {
            let rank = now - 1_000_000 + self.dice.number(1_002_000);
            self.ledger.entry((tenant, host)).or_default().insert(self.next_task, rank);
            let (tenant, host) = (TenantId(tenant), HostId(host));
            new.push(NewTask { tenant, host, task: TaskId(self.next_task), rank });
            self.next_task += 1;
        }
        if self.dice.roll(4) > 0 {
            self.rig.window.complete(&[], &[], &new).await?;
        }
        Ok(())
    }

    async fn feed_any(&mut self) -> Done {
        let (tenant, host) = self.any_lane();
        let left_out = self.rig.window.left_out(&[lane(tenant, host)]).await?[0];
        let feed = self.feed_of(tenant, host, left_out);
        if self.dice.roll(4) == 0 {
            // A commit between the reading of the ledger and the feed.
            self.push().await?;
        }
        self.rig.window.feed(&feed).await?;
        Ok(())
    }

    fn feed_of(&mut self, tenant: i64, host: i64, left_out: Option<i64>) -> LaneFeed {
        let mut rows: Vec<_> =
            self.ledger.entry((tenant, host)).or_default().iter().map(|(id, rank)| (*rank, *id)).collect();
        rows.sort_unstable();
        let complete = rows.len() < 256;
        let tasks: Vec<_> = rows.into_iter().take(256).map(|(rank, id)| (id, rank)).collect();
        // Half of the hosts take three at once.
        let known = (host % 2 == 0).then(|| terms(u64::try_from(host).expect("small"), 3));
        LaneFeed {
            cap: 4,
            parked: self.parked[usize::try_from(tenant).expect("small")],
            terms: known,
            pause: Duration::from_millis(if self.dice.roll(8) == 0 { 2 } else { 0 }),
            left_out,
            complete,
            suspects: tasks.iter().map(|(id, _)| TaskId(*id)).filter(|task| self.is_suspect(*task)).collect(),
            ..lane_feed(tenant, host, &tasks)
        }
    }

    fn is_suspect(&self, task: TaskId) -> bool {
        self.deaths
            .get(&task.0)
            .is_some_and(|deaths| deaths.len() >= usize::from(SUSPECT_DEATHS.unsigned_abs()))
    }

    async fn claim(&mut self) -> Done {
        let at = self.dice.one_of(self.workers.len());
        let most = 1 + self.dice.one_of(6);
        let worker = self.workers[at].0;
        let batch = self.rig.claim_batch(worker, most).await?;
        let tasks = batch.tasks;
        ensure!(tasks.len() <= most);
        let held = &self.workers[at].1;
        if held.iter().chain(&tasks).any(|task| self.is_suspect(task.task)) {
            ensure!(batch.alone && held.len() + tasks.len() == 1, "{tasks:?} beside {held:?}");
        }
        for task in &tasks {
            ensure!(task.fence.counter > self.last_fence, "fence {} after {}", task.fence, self.last_fence);
            self.last_fence = task.fence.counter;
        }
        self.workers[at].1.extend(tasks);
        Ok(())
    }

    fn any_lease(&mut self) -> Option<Claimed> {
        let at = self.dice.one_of(self.workers.len());
        let held = &mut self.workers[at].1;
        if held.is_empty() { None } else { Some(held.swap_remove(self.dice.one_of(held.len()))) }
    }

    async fn complete(&mut self) -> Done {
        let Some(task) = self.any_lease() else { return Ok(()) };
        let pause = Duration::from_millis(self.dice.roll(4));
        let done = Completion { task: task.task, fence: task.fence, pause };
        self.ledger.entry((task.tenant.0, task.host.0)).or_default().remove(&task.task.0);
        ensure!(self.rig.window.complete(&[done], &[], &[]).await? == 1, "{task:?} was ours");
        Ok(())
    }

    async fn nack(&mut self) -> Done {
        let Some(task) = self.any_lease() else { return Ok(()) };
        let requeue = match self.dice.roll(3) {
            0 => Requeue::SameRank,
            1 => {
                let rank = task.rank + 500;
                self.ledger.entry((task.tenant.0, task.host.0)).or_default().insert(task.task.0, rank);
                Requeue::At(rank)
            }
            _ => Requeue::Ledger,
        };
        let pause = Duration::from_millis(self.dice.roll(3));
        let item = Nack { task: task.task, fence: task.fence, requeue, pause };
        ensure!(self.rig.window.nack(&[item]).await? == 1, "{task:?} was ours");
        Ok(())
    }

    async fn die(&mut self) -> Done {
        let at = self.dice.one_of(self.workers.len());
        let (worker, held) = self.workers.swap_remove(at);
        let goodbye = self.dice.roll(2) == 0;
        if goodbye {
            self.rig.window.leave(worker).await?;
        } else {
            self.rig.kill(worker).await?;
        }
        let (mut back, mut judged) = (BTreeSet::new(), Vec::new());
        loop {
            let step = self.rig.window.reap(&judged, 1 + self.dice.one_of(3)).await?;
            ensure!(if goodbye { step.dead.is_empty() } else { step.returned.is_empty() }, "{step:?}");
            back.extend(step.returned.iter().map(|task| task.task));
            back.extend(step.dead.iter().map(|lease| lease.task));
            judged = self.judge(&step.dead).await?;
            if judged.is_empty() && !step.more {
                break;
            }
            if self.dice.roll(4) == 0 {
                // The reaper dies after the count; the next one is told of the same deaths.
                judged.clear();
            }
        }
        let expected: BTreeSet<_> = held.iter().map(|task| task.task).collect();
        ensure!(back == expected, "reaped {back:?}, held {expected:?}");
        self.lost.extend(held);
        self.hire().await
    }

    /// Counts deaths as the ledger does: each once, and the last one ends the task.
    async fn judge(&mut self, dead: &[DeadLease]) -> anyhow::Result<Vec<(DeadLease, Fate)>> {
        let mut judged = Vec::new();
        for lease in dead {
            let deaths = self.deaths.entry(lease.task.0).or_default();
            deaths.insert(lease.worker);
            let ended = deaths.len() >= usize::from(MAX_DEATHS.unsigned_abs());
            let lanes = self.ledger.values_mut();
            let open = lanes.map(|rows| (rows.contains_key(&lease.task.0), rows)).find(|(open, _)| *open);
            if let (true, Some((_, rows))) = (ended, open) {
                rows.remove(&lease.task.0);
                self.poisoned += 1;
            }
            let fate = match (ended, self.is_suspect(lease.task)) {
                (true, _) => Fate::Gone,
                (false, true) => Fate::Alone,
                (false, false) => Fate::Back,
            };
            judged.push((*lease, fate));
            if self.dice.roll(4) == 0 {
                let nack = Nack {
                    task: lease.task,
                    fence: lease.fence,
                    requeue: Requeue::SameRank,
                    pause: Duration::ZERO,
                };
                ensure!(self.rig.window.nack(&[nack]).await? == 0, "the dead handed {lease:?} back");
            }
        }
        Ok(judged)
    }

    /// What the window takes for suspects are those that the deaths say.
    pub(crate) fn check(&mut self, state: &State) -> Done {
        self.kept += u64::from(!state.kept.is_empty());
        let places = state.lanes.values().flatten().chain(state.leases.keys()).chain(state.kept.keys());
        let suspects: BTreeSet<_> = places.filter(|task| self.is_suspect(TaskId(**task))).copied().collect();
        ensure!(state.suspects() == suspects, "marked {:?}, suspects {suspects:?}", state.suspects());
        Ok(())
    }

    async fn late_words(&mut self) -> Done {
        let Some(task) = self.lost.pop() else { return Ok(()) };
        ensure!(self.rig.complete(&task).await? == 0, "a late completion of {task:?} counted");
        ensure!(self.rig.nack(&task, Requeue::SameRank).await? == 0);
        Ok(())
    }

    async fn park_or_audit(&mut self) -> Done {
        let tenant = self.dice.one_of(self.parked.len());
        let number = i64::try_from(tenant)?;
        if self.dice.roll(2) == 0 {
            let lanes: Vec<_> =
                (0..HOSTS).map(|host| lane(number, i64::try_from(host).expect("small"))).collect();
            let audit = self.rig.window.audit(&lanes, false).await?;
            ensure!(audit.mended == 0, "a host had lost its place");
        } else if self.parked[tenant] {
            self.parked[tenant] = false;
        } else if self.dice.roll(3) == 0 {
            self.parked[tenant] = true;
            self.rig.window.park(TenantId(number)).await?;
        }
        Ok(())
    }

    /// Nobody dies any more, and the feeder feeds what asks and what is empty: everything gets done.
    pub(crate) async fn drain(&mut self) -> Done {
        self.parked.fill(false);
        let deadline = Instant::now() + Duration::from_secs(30);
        let all: Vec<_> = self.ledger.keys().copied().collect();
        for (tenant, host) in &all {
            let left_out = self.rig.window.left_out(&[lane(*tenant, *host)]).await?[0];
            let feed = self.feed_of(*tenant, *host, left_out);
            self.rig.window.feed(&feed).await?;
        }
        while self.ledger.values().any(|rows| !rows.is_empty()) {
            ensure!(Instant::now() < deadline, "left: {:?}", self.ledger);
            for _ in 0..4 {
                self.claim().await?;
                while let Some(task) = self.workers.iter_mut().find_map(|(_, held)| held.pop()) {
                    self.ledger.entry((task.tenant.0, task.host.0)).or_default().remove(&task.task.0);
                    self.rig.complete(&task).await?;
                }
            }
            let open: Vec<_> =
                all.iter().filter(|at| !self.ledger[at].is_empty()).map(|at| lane(at.0, at.1)).collect();
            let mut hungry = self.rig.window.refills(100).await?;
            hungry.extend(self.rig.window.audit(&open, false).await?.empty);
            for lane in hungry {
                let left_out = self.rig.window.left_out(&[lane]).await?[0];
                let feed = self.feed_of(lane.tenant.0, lane.host.0, left_out);
                self.rig.window.feed(&feed).await?;
            }
        }
        Ok(())
    }
}

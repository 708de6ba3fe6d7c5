//! A random history of feeds, claims, ends, deaths and push-backs, and what must come back from each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::{HostId, Incarnation, TaskId, TenantId};
use rad_schema::window::{Claimed, Completion, LaneFeed, Nack, NewTask, Requeue};

use crate::Done;
use crate::dice::Dice;
use crate::rig::{Rig, lane, lane_feed, terms};

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
    /// Leases of the dead: their late words must change nothing.
    lost: Vec<Claimed>,
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
            lost: Vec::new(),
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
            ..lane_feed(tenant, host, &tasks)
        }
    }

    async fn claim(&mut self) -> Done {
        let at = self.dice.one_of(self.workers.len());
        let most = 1 + self.dice.one_of(6);
        let worker = self.workers[at].0;
        let tasks = self.rig.claim(worker, most).await?;
        ensure!(tasks.len() <= most);
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
        self.rig.window.leave(worker).await?;
        let mut back = Vec::new();
        loop {
            let step = self.rig.window.reap(1 + self.dice.one_of(3)).await?;
            back.extend(step.tasks.iter().map(|task| task.task));
            if !step.more {
                break;
            }
        }
        back.sort_unstable();
        let mut expected: Vec<_> = held.iter().map(|task| task.task).collect();
        expected.sort_unstable();
        ensure!(back == expected, "reaped {back:?}, held {expected:?}");
        self.lost.extend(held);
        self.hire().await
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

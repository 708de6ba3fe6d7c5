//! The leading scheduler: raises and opens generations, feeds, reconciles, reaps; and what befalls Redis.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rad_core::ids::TenantId;
use rad_schema::ledger::LaneHead;
use rad_schema::window::{Attached, DeadLease, Fate, Lane, LaneFeed, Window, WindowError};

use super::glass::{Glass, Life};
use super::sabotage::Sabotage;
use super::world::{History, Mood};
use crate::Done;

/// What the leader has in its memory: gone when it dies.
#[derive(Default)]
pub(crate) struct Leader {
    pub(super) window: Option<Window>,
    /// Raised in Postgres, not open in Redis.
    raised: Option<(i64, String)>,
    /// Read from the ledger, not fed: the window may be another by then.
    read: Option<(Window, Vec<LaneFeed>)>,
    /// Named by the reaper, not counted.
    named: Vec<DeadLease>,
    /// Counted, and to be told to the window.
    judged: Vec<(DeadLease, Fate)>,
}

/// Whether a call was answered; an old generation must not be, the present one must.
pub(super) fn answered<T>(result: Result<T, WindowError>, current: bool) -> anyhow::Result<Option<T>> {
    match result {
        Ok(answer) => {
            ensure!(current, "a generation that is over was answered");
            Ok(Some(answer))
        }
        Err(WindowError::Stale) => {
            ensure!(!current, "the present generation is called stale");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

impl History {
    pub(super) async fn lead(&mut self) -> Done {
        if self.leader.window.is_none() && self.dice.roll(3) > 0 {
            return self.look().await;
        }
        match self.dice.roll(24) {
            0 if self.chance(2) => {
                self.tally.add("leader dies");
                self.leader = Leader::default();
                Ok(())
            }
            1..4 => self.look().await,
            4 | 5 => self.read_lanes().await,
            6 | 7 => self.load().await,
            8..15 => self.reconcile(true).await,
            15 => self.reap().await,
            16 => self.count_deaths().await,
            17..23 => self.reap_all().await,
            _ if self.mood == Mood::Forgetful || self.chance(3) => self.lose_window().await,
            _ => Ok(()),
        }
    }

    /// Redis is wiped, or somebody raises the generation while it stands.
    async fn lose_window(&mut self) -> Done {
        if self.chance(2) {
            self.tally.add("wipes");
            self.stores.dispatch.wipe().await?;
            self.glass = Glass::default();
        } else if let Some(old) = self.glass.generation.filter(|old| *old == self.ledger.generation) {
            self.tally.add("raises beside a window");
            let run_id = self.stores.dispatch.run_id().await?;
            let raised = self.stores.store.db.raise_generation(old, &run_id).await?;
            ensure!(raised == Some(old + 1), "{raised:?} after {old}");
            self.ledger.generation = old + 1;
        }
        Ok(())
    }

    /// One step of keeping the window open.
    async fn look(&mut self) -> Done {
        let dispatch = self.stores.dispatch.clone();
        if let Some((generation, run_id)) = self.leader.raised.take() {
            let higher = self.glass.generation.is_none_or(|opened| generation > opened);
            ensure!(dispatch.open(generation, &run_id).await? == higher, "opening {generation}");
            if self.loses(6) {
                self.tally.add("answers lost: open");
                ensure!(!dispatch.open(generation, &run_id).await?, "{generation} opened twice");
            }
            if higher {
                self.tally.add("generations");
                self.glass = Glass::open(generation);
                self.leader.window = Some(dispatch.window(generation));
            }
            return Ok(());
        }
        let shard = self.stores.store.db.shard().await?;
        ensure!(shard.as_ref().map_or(0, |shard| shard.generation) == self.ledger.generation);
        if let Some(shard) = &shard
            && let Attached::Open(window) = dispatch.attach(shard).await?
        {
            ensure!(self.glass.is(window.generation()), "attached to {}", window.generation());
            self.leader.window = Some(window);
            return Ok(());
        }
        self.leader.window = None;
        let (old, run_id) = (self.ledger.generation, dispatch.run_id().await?);
        let raised = self.stores.store.db.raise_generation(old, &run_id).await?;
        ensure!(raised == Some(old + 1), "{raised:?} after {old}");
        self.ledger.generation = old + 1;
        if self.loses(6) {
            self.tally.add("answers lost: raise");
        } else {
            self.leader.raised = Some((old + 1, run_id));
        }
        Ok(())
    }

    /// Until the window is open: raise, open, attach.
    pub(super) async fn rebuild(&mut self) -> Done {
        self.leader.window = None;
        while self.leader.window.is_none() {
            self.look().await?;
        }
        Ok(())
    }

    async fn read_lanes(&mut self) -> Done {
        let Some(window) = self.leader.window.clone() else { return Ok(()) };
        let mut lanes: Vec<_> = self.ledger.lanes().into_iter().collect();
        if let Some(asked) = answered(window.refills(100).await, true)?
            && !asked.is_empty()
        {
            lanes = asked;
        }
        let feeds = self.read(&window, &lanes).await?;
        self.leader.read = Some((window, feeds));
        Ok(())
    }

    /// What a feed would tell the window of these lanes.
    pub(super) async fn read(&mut self, window: &Window, lanes: &[Lane]) -> anyhow::Result<Vec<LaneFeed>> {
        let db = self.stores.store.db.clone();
        let lanes: Vec<_> = lanes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let lanes = lanes.as_slice();
        let left_out = window.left_out(lanes).await?;
        let terms = db.lane_terms(lanes).await?;
        let heads = db.lane_heads(lanes, window.generation()).await?;
        let dropped = self.ledger.lanes().first().copied();
        let mut feeds = Vec::new();
        for ((head, terms), left_out) in heads.into_iter().zip(terms).zip(left_out) {
            let mut terms = terms.expect("tenants and hosts stay");
            if self.loses(2) {
                // The hint was read before the limit was reached: the commit decides.
                terms.room = None;
            }
            if self.is_sabotaged(Sabotage::DroppedFeed) && Some(head.lane) == dropped {
                continue;
            }
            let parked = terms.room.is_some_and(|room| room <= 0);
            let head = if parked { LaneHead::empty(head.lane) } else { head };
            let room = terms.room.map_or(i32::MAX, |room| i32::try_from(room).unwrap_or(i32::MAX));
            feeds.push(LaneFeed {
                lane: head.lane,
                weight: terms.weight,
                cap: terms.max_crawlers.min(room.max(1)),
                parked,
                terms: terms.host,
                pause: terms.pause,
                left_out,
                complete: head.complete,
                tasks: head.tasks,
                suspects: head.suspects,
            });
        }
        Ok(feeds)
    }

    async fn load(&mut self) -> Done {
        let Some((window, feeds)) = self.leader.read.take() else { return Ok(()) };
        self.feed(&window, &feeds).await
    }

    pub(super) async fn feed(&mut self, window: &Window, feeds: &[LaneFeed]) -> Done {
        for feed in feeds {
            let current = self.glass.is(window.generation());
            if answered(window.feed(feed).await, current)?.is_none() {
                self.tally.add("stale calls: feed");
                return Ok(());
            }
            self.tally.add("feeds");
            self.fed(feed);
            if self.loses(12) {
                self.tally.add("answers lost: feed");
                let again = window.feed(feed).await?;
                ensure!(again.added == 0, "fed twice: {again:?}");
            }
        }
        Ok(())
    }

    fn fed(&mut self, feed: &LaneFeed) {
        self.glass.caps.insert(feed.lane.tenant, feed.cap);
        if let Some(terms) = feed.terms {
            self.glass.terms.insert(feed.lane.host, terms);
        }
        // Read before a death was counted, it brings no mark.
        for (task, _) in feed.tasks.iter().filter(|(task, _)| !feed.suspects.contains(task)) {
            if !self.glass.leases.contains_key(task) {
                self.glass.marked.remove(task);
            }
        }
    }

    /// Compares one tenant's crawls, or all that run, with the window.
    pub(super) async fn reconcile(&mut self, deep: bool) -> Done {
        let Some(window) = self.leader.window.clone() else { return Ok(()) };
        let lanes: Vec<_> = self.ledger.lanes().into_iter().collect();
        let current = self.glass.is(window.generation());
        let Some(audit) = answered(window.audit(&lanes, deep).await, current)? else {
            self.tally.add("stale calls: audit");
            return Ok(());
        };
        ensure!(audit.mended == 0, "a host had lost its place");
        let mut wanted = audit.empty;
        wanted.extend(window.refills(100).await?);
        // A parked tenant is told of its room by any of its lanes.
        let mut told: Vec<TenantId> = wanted.iter().map(|lane| lane.tenant).collect();
        for lane in lanes {
            if !told.contains(&lane.tenant) {
                told.push(lane.tenant);
                wanted.push(lane);
            }
        }
        let feeds = self.read(&window, &wanted).await?;
        self.feed(&window, &feeds).await
    }

    async fn reap(&mut self) -> Done {
        let Some(window) = self.leader.window.clone() else { return Ok(()) };
        let judged = std::mem::take(&mut self.leader.judged);
        self.leader.named = self.reap_with(&window, &judged).await?;
        Ok(())
    }

    /// Ends judged leases; those named now.
    pub(super) async fn reap_with(
        &mut self,
        window: &Window,
        judged: &[(DeadLease, Fate)],
    ) -> anyhow::Result<Vec<DeadLease>> {
        let (asked, most) = (Instant::now(), 1 + self.dice.one_of(4));
        let current = self.glass.is(window.generation());
        let Some(step) = answered(window.reap(judged, most).await, current)? else {
            self.tally.add("stale calls: reap");
            return Ok(Vec::new());
        };
        for (lease, fate) in judged {
            let ended = self.glass.release(lease.task, lease.fence, Some((asked, Duration::ZERO)));
            if ended && *fate == Fate::Alone {
                self.glass.marked.insert(lease.task);
                self.tally.add("suspects");
            }
        }
        for task in &step.returned {
            let lease = self.glass.leases.get(&task.task).cloned();
            let Some(lease) = lease else { anyhow::bail!("{task:?} was returned and not leased") };
            let left = self.glass.lives.get(&lease.worker) == Some(&Life::Left);
            ensure!(left || (lease.over && self.glass.lives(lease.worker)), "{lease:?} was returned");
            self.tally.add(if left { "leases left at a goodbye" } else { "hard deadlines" });
            self.glass.release(task.task, lease.fence, Some((asked, Duration::ZERO)));
        }
        for lease in &step.dead {
            ensure!(self.glass.holds(lease.task, lease.fence), "{lease:?} died and is not leased");
            ensure!(self.glass.leases[&lease.task].worker == lease.worker, "{lease:?} has another worker");
            ensure!(self.glass.lives.get(&lease.worker) == Some(&Life::Missed), "{lease:?} lives");
        }
        Ok(step.dead)
    }

    /// What a reaper does that lives long enough.
    pub(super) async fn reap_all(&mut self) -> Done {
        self.reap().await?;
        self.count_deaths().await?;
        self.reap().await
    }

    async fn count_deaths(&mut self) -> Done {
        let named = std::mem::take(&mut self.leader.named);
        self.leader.judged = self.judge(&named).await?;
        Ok(())
    }

    pub(super) async fn judge(&mut self, named: &[DeadLease]) -> anyhow::Result<Vec<(DeadLease, Fate)>> {
        if named.is_empty() {
            return Ok(Vec::new());
        }
        self.dirty = true;
        if self.is_sabotaged(Sabotage::UncountedDeath) {
            return Ok(named.iter().map(|lease| (*lease, self.ledger.count_death(lease).0)).collect());
        }
        let judgement = self.stores.store.db.count_deaths(named).await?;
        let mut poisoned = 0;
        for lease in named {
            poisoned += u64::from(self.ledger.count_death(lease).1);
        }
        // All are counted before any is judged: a crawl may hold several of them.
        let expected: Vec<_> = named.iter().map(|lease| (*lease, self.ledger.count_death(lease).0)).collect();
        ensure!(judgement.fates == expected, "{:?}, not {expected:?}", judgement.fates);
        ensure!(judgement.poisoned == poisoned, "{} poisoned, not {poisoned}", judgement.poisoned);
        self.tally.add_many("deaths", named.len());
        self.tally.add_many("poisoned", usize::try_from(poisoned)?);
        if self.loses(4) {
            self.tally.add("answers lost: count of deaths");
            let again = self.stores.store.db.count_deaths(named).await?;
            ensure!(again.fates == expected && again.poisoned == 0, "counted twice: {again:?}");
        }
        Ok(judgement.fates)
    }
}

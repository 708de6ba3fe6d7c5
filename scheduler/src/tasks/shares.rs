//! Divides every tenant's tasks at once among the shards, and keeps the sum over all of them below its cap.
//!
//! The leader alone sets shares, and lowers before it raises: what may be in work anywhere is the larger of a share and
//! of what runs, and the sum of that never passes the cap. Shards that don't answer count with what they had. After a
//! rebuild room is left for what the ledger shows to have been in work before it, until its leases have passed.

mod plan;
mod tenant;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rad_core::errors::chain;
use rad_core::ids::TenantId;
use rad_core::metrics::CRAWL_QUEUE;
use rad_schema::db::{Db, DbError};
use rad_schema::window::{ShareUse, Told};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::tenant::{Decision, Seen, Tenant, raises};
use super::{Current, timed};
use crate::caps::Caps;
use crate::feed::OpenWindow;

/// A tenant that falls short in one shard while another leaves room waits so long.
const PERIOD: Duration = Duration::from_millis(100);
/// A shard that takes longer keeps the others from getting their shares.
const PATIENCE: Duration = Duration::from_millis(500);
/// After a failure of Postgres.
const PAUSE: Duration = Duration::from_secs(1);

type Uses = BTreeMap<TenantId, ShareUse>;

pub(super) async fn run(db: Db, shards: Vec<Current>, caps: Caps, stop: CancellationToken) {
    let mut keeper = Keeper::new(shards.len());
    while !stop.is_cancelled() {
        let open: Vec<_> = shards.iter().map(|current| current.borrow().clone()).collect();
        let pause = match timed("shares", CRAWL_QUEUE, keeper.round(&db, &open, &caps)).await {
            Ok(()) => PERIOD,
            Err(error) => {
                tracing::warn!(error = chain(&error), "tenants' shares not set");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = caps.changed() => {}
        }
    }
}

/// What the leader knows of shares.
struct Keeper {
    /// None until Postgres has given it.
    leadership: Option<i64>,
    tenants: BTreeMap<TenantId, Tenant>,
    /// To be looked at in the next round, whether they fall short or not.
    due: BTreeSet<TenantId>,
    /// When each shard was last seen.
    seen: Vec<Instant>,
}

impl Keeper {
    fn new(shards: usize) -> Self {
        Self {
            leadership: None,
            tenants: BTreeMap::new(),
            due: BTreeSet::new(),
            seen: vec![Instant::now(); shards],
        }
    }

    async fn round(&mut self, db: &Db, open: &[Option<OpenWindow>], caps: &Caps) -> Result<(), DbError> {
        let leadership = match self.leadership {
            Some(leadership) => leadership,
            None => *self.leadership.insert(db.next_leadership().await?),
        };
        self.due.extend(caps.take_changed());
        let asked: Vec<_> = self.due.iter().copied().collect();
        let nothing: Vec<_> = open.iter().map(|_| Vec::new()).collect();
        let mut uses = self.ask(leadership, open, &nothing, &asked).await;
        let short: BTreeSet<_> = uses.iter().flatten().flat_map(Uses::keys).copied().collect();
        let new: Vec<_> = short.difference(&self.due).copied().collect();
        if !new.is_empty() {
            merge(&mut uses, self.ask(leadership, open, &nothing, &new).await);
        }
        self.due.extend(short);
        if self.leadership.is_none() || self.due.is_empty() {
            return Ok(());
        }
        let tenants: Vec<_> = self.due.iter().copied().collect();
        let at_once = db.caps(&tenants).await?;
        let decisions = self.decide(open, &uses, &at_once, Instant::now());
        self.apply(leadership, open, uses, &decisions).await;
        Ok(())
    }

    /// Sets shares and asks, in all shards at once. What is told by a shard that is not open is nothing.
    async fn ask(
        &mut self,
        leadership: i64,
        open: &[Option<OpenWindow>],
        set: &[Vec<(TenantId, i64)>],
        asked: &[TenantId],
    ) -> Vec<Option<Uses>> {
        let mut calls = JoinSet::new();
        for (shard, (open, set)) in open.iter().zip(set).enumerate() {
            let Some(window) = open.as_ref().map(|open| open.window.clone()) else { continue };
            let (set, asked) = (set.clone(), asked.to_vec());
            calls.spawn(
                async move { (shard, timeout(PATIENCE, window.shares(leadership, &set, &asked)).await) },
            );
        }
        let mut uses = vec![None; open.len()];
        while let Some(called) = calls.join_next().await {
            match called {
                Ok((shard, Ok(Ok(Told::Uses(told))))) => {
                    self.seen[shard] = Instant::now();
                    uses[shard] = Some(told.into_iter().collect());
                }
                // Another leads, or did for a moment: what is remembered may have changed meanwhile.
                Ok((_, Ok(Ok(Told::Superseded)))) => *self = Self::new(self.seen.len()),
                Ok((shard, Ok(Err(error)))) => {
                    tracing::debug!(shard, error = chain(&error), "shares not told");
                }
                Ok((_, Err(_))) | Err(_) => {}
            }
        }
        uses
    }

    fn decide(
        &mut self,
        open: &[Option<OpenWindow>],
        uses: &[Option<Uses>],
        caps: &HashMap<TenantId, i64>,
        now: Instant,
    ) -> BTreeMap<TenantId, Decision> {
        let shards = open.len();
        self.due
            .iter()
            .map(|of| {
                let seen: Vec<_> = (0..shards)
                    .map(|shard| see(open[shard].as_ref(), uses[shard].as_ref(), *of, self.seen[shard], now))
                    .collect();
                let tenant = self.tenants.entry(*of).or_insert_with(|| Tenant::new(shards));
                // One that is gone has nothing to run.
                (*of, tenant.decide(caps.get(of).copied().unwrap_or(0), &seen, now))
            })
            .collect()
    }

    /// Lowers, then raises as far as there is room. Whoever did not get all, or falls short, is due again.
    async fn apply(
        &mut self,
        leadership: i64,
        open: &[Option<OpenWindow>],
        mut uses: Vec<Option<Uses>>,
        decisions: &BTreeMap<TenantId, Decision>,
    ) {
        let lowered = per_shard(open.len(), decisions, |tenant, decision, shard| {
            // What is not counted yet has the target 0, and must not be told so: it may have a share.
            let share = counted(open, &uses, shard, *tenant)?.share?;
            (decision.targets[shard] < share).then_some(decision.targets[shard])
        });
        if lowered.iter().any(|set| !set.is_empty()) {
            merge(&mut uses, self.ask(leadership, open, &lowered, &[]).await);
        }
        let mut raised: Vec<Vec<(TenantId, i64)>> = vec![Vec::new(); open.len()];
        self.due.clear();
        for (tenant, decision) in decisions {
            let seen: Vec<_> = (0..open.len()).map(|shard| counted(open, &uses, shard, *tenant)).collect();
            let (now, all) = raises(decision, &seen);
            for (shard, share) in now {
                raised[shard].push((*tenant, share));
                let running = seen[shard].map_or(0, |uses| uses.running);
                if let Some(remembered) = self.tenants.get_mut(tenant) {
                    remembered.may_hold(shard, share.max(running));
                }
            }
            let dark = seen.iter().any(Option::is_none);
            if !all || dark || seen.iter().flatten().any(plan::is_short) {
                self.due.insert(*tenant);
            }
        }
        if raised.iter().any(|set| !set.is_empty()) {
            self.ask(leadership, open, &raised, &[]).await;
        }
    }
}

fn see(
    open: Option<&OpenWindow>,
    uses: Option<&Uses>,
    tenant: TenantId,
    last_seen: Instant,
    now: Instant,
) -> Seen {
    match (open, uses.and_then(|uses| uses.get(&tenant))) {
        (Some(open), Some(uses)) if is_counted(Some(open), tenant) => {
            let old = if now < open.quiet_until { open.old_work.of(tenant) } else { 0 };
            Seen::Open { uses: *uses, old }
        }
        (Some(open), None) => Seen::Dark { forgotten: now.duration_since(last_seen) > open.terms.ttl },
        _ => Seen::Dark { forgotten: false },
    }
}

/// Whether it is known what of the tenant was in work before this window was opened.
fn is_counted(open: Option<&OpenWindow>, tenant: TenantId) -> bool {
    open.is_some_and(|open| Instant::now() >= open.quiet_until || open.old_work.is_counted(tenant))
}

fn counted(
    open: &[Option<OpenWindow>],
    uses: &[Option<Uses>],
    shard: usize,
    tenant: TenantId,
) -> Option<ShareUse> {
    let seen = uses[shard].as_ref()?.get(&tenant).copied();
    seen.filter(|_| is_counted(open[shard].as_ref(), tenant))
}

/// Later answers replace earlier ones; a shard that fell silent keeps its last.
fn merge(uses: &mut [Option<Uses>], later: Vec<Option<Uses>>) {
    for (uses, later) in uses.iter_mut().zip(later) {
        match (uses.as_mut(), later) {
            (Some(uses), Some(later)) => uses.extend(later),
            (None, Some(later)) => *uses = Some(later),
            (_, None) => {}
        }
    }
}

fn per_shard(
    shards: usize,
    decisions: &BTreeMap<TenantId, Decision>,
    share: impl Fn(&TenantId, &Decision, usize) -> Option<i64>,
) -> Vec<Vec<(TenantId, i64)>> {
    (0..shards)
        .map(|shard| {
            let of = decisions.iter();
            of.filter_map(|(tenant, decision)| Some((*tenant, share(tenant, decision, shard)?))).collect()
        })
        .collect()
}

//! The whole window as Redis has it, and what must hold of it after every call.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use rad_schema::window::WINDOW;

use crate::Done;
use crate::rig::Rig;

/// Every key of generation 1 with its members, pairs in a row, in one moment.
const READ: &str = r"
local out = {}
for _, key in ipairs(redis.call('KEYS', '{q0}:g1:*')) do
    local kind, flat = redis.call('TYPE', key).ok, nil
    if kind == 'zset' then flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    elseif kind == 'hash' then flat = redis.call('HGETALL', key)
    elseif kind == 'set' then flat = redis.call('SMEMBERS', key)
    else flat = { redis.call('GET', key) } end
    out[#out + 1] = { string.sub(key, 9), unpack(flat) }
end
return out";

/// A lease: fence, incarnation, tenant, host.
type Lease = (i64, i64, i64, i64);

/// The window of generation 1.
#[derive(Debug, Default)]
pub(crate) struct State {
    keys: BTreeMap<String, Vec<String>>,
    pub(crate) lanes: BTreeMap<(i64, i64), BTreeSet<i64>>,
    pub(crate) leases: BTreeMap<i64, Lease>,
    /// Suspects that are kept for an incarnation: it, tenant and host.
    pub(crate) kept: BTreeMap<i64, (i64, i64, i64)>,
}

impl State {
    pub(crate) async fn read(rig: &Rig) -> anyhow::Result<Self> {
        let rows: Vec<Vec<String>> =
            redis::cmd("EVAL").arg(READ).arg(0).query_async(&mut rig.raw.clone()).await?;
        let keys = rows.into_iter().map(|mut row| (row.remove(0), row)).collect();
        let mut state = Self { keys, ..Self::default() };
        for (key, members) in &state.keys {
            if let Some((tenant, host)) = key.strip_prefix("f:").and_then(|name| name.split_once(':')) {
                let ids =
                    members.iter().step_by(2).map(|id| Ok(id.parse()?)).collect::<anyhow::Result<_>>()?;
                state.lanes.insert((tenant.parse()?, host.parse()?), ids);
            }
        }
        let mut leases = BTreeMap::new();
        for (id, lease) in state.pairs("L") {
            let words: Vec<i64> = lease.split(' ').take(4).map(str::parse).collect::<Result<_, _>>()?;
            let [fence, worker, tenant, host] = words[..] else { anyhow::bail!("a lease is {lease:?}") };
            leases.insert(id.parse()?, (fence, worker, tenant, host));
        }
        let mut kept = BTreeMap::new();
        for (worker, suspect) in state.pairs("kp") {
            let words: Vec<i64> = suspect.split(' ').map(str::parse).collect::<Result<_, _>>()?;
            let [id, tenant, host, _, _] = words[..] else { anyhow::bail!("kept is {suspect:?}") };
            kept.insert(id, (worker.parse()?, tenant, host));
        }
        Ok(Self { leases, kept, ..state })
    }

    fn pairs(&self, key: &str) -> BTreeMap<&str, &str> {
        let members = self.keys.get(key).map_or(&[][..], Vec::as_slice);
        members.chunks(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect()
    }

    /// Tasks that are claimed alone.
    pub(crate) fn suspects(&self) -> BTreeSet<i64> {
        self.pairs("su").keys().filter_map(|id| id.parse().ok()).collect()
    }

    fn number(&self, key: &str, member: &str) -> i64 {
        self.pairs(key).get(member).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// One until the feeder has told it.
    fn cap(&self, tenant: &str) -> i64 {
        self.number(&format!("t:{tenant}"), "cap").max(1)
    }

    fn most(&self, host: &str) -> i64 {
        let terms = self.pairs("hd").get(host).copied().unwrap_or("0 1");
        terms.split_once(' ').and_then(|(_, most)| most.parse().ok()).unwrap_or(1)
    }

    fn parked(&self, tenant: &str) -> bool {
        self.number(&format!("t:{tenant}"), "parked") == 1
    }

    /// Fails with the first thing that does not hold.
    pub(crate) fn check(&self) -> Done {
        self.check_tasks().context("tasks")?;
        self.check_suspects().context("suspects")?;
        self.check_counts().context("counts")?;
        self.check_hosts().context("hosts")?;
        self.check_ring().context("ring")
    }

    fn check_tasks(&self) -> Done {
        let mut seen = BTreeSet::new();
        for (lane, ids) in &self.lanes {
            ensure!(ids.len() <= WINDOW, "lane {lane:?} holds {}", ids.len());
            for id in ids {
                ensure!(seen.insert(*id), "task {id} is in two lanes");
                ensure!(!self.leases.contains_key(id), "task {id} is in a lane and leased");
                ensure!(!self.kept.contains_key(id), "task {id} is in a lane and kept");
            }
        }
        Ok(())
    }

    /// A suspect has its worker for itself, or waits; what is kept is kept for one worker that lives.
    fn check_suspects(&self) -> Done {
        let marks = self.pairs("su");
        for id in self.suspects() {
            let of = self.kept.get(&id).map_or(0, |(worker, ..)| *worker);
            let mark = marks[id.to_string().as_str()];
            ensure!(mark == of.to_string(), "suspect {id} is kept for {of} and marked {mark}");
            if let Some((_, worker, ..)) = self.leases.get(&id) {
                let beside = self.leases.values().filter(|(_, holder, ..)| holder == worker).count();
                ensure!(beside == 1, "worker {worker} holds {beside} tasks and among them suspect {id}");
            }
        }
        let due: BTreeSet<_> = self.pairs("kd").into_keys().collect();
        let workers: BTreeSet<_> = self.pairs("kp").into_keys().collect();
        ensure!(due == workers, "kept for {workers:?}, with a deadline for {due:?}");
        let alive = self.pairs("wk");
        for (id, (worker, ..)) in &self.kept {
            ensure!(marks.contains_key(id.to_string().as_str()), "task {id} is kept and no suspect");
            ensure!(!self.leases.contains_key(id), "task {id} is kept and leased");
            ensure!(alive.contains_key(worker.to_string().as_str()), "task {id} is kept for nobody");
        }
        Ok(())
    }

    fn check_counts(&self) -> Done {
        let mut hosts = BTreeMap::<String, i64>::new();
        let mut tenants = BTreeMap::<String, i64>::new();
        let mut held = BTreeMap::<String, BTreeSet<String>>::new();
        for (id, (_, worker, tenant, host)) in &self.leases {
            *hosts.entry(host.to_string()).or_default() += 1;
            *tenants.entry(tenant.to_string()).or_default() += 1;
            held.entry(format!("W:{worker}")).or_default().insert(id.to_string());
        }
        for (_, tenant, host) in self.kept.values() {
            *hosts.entry(host.to_string()).or_default() += 1;
            *tenants.entry(tenant.to_string()).or_default() += 1;
        }
        let counted: BTreeMap<_, _> = self
            .pairs("hf")
            .iter()
            .map(|(host, n)| Ok(((*host).to_owned(), n.parse()?)))
            .collect::<anyhow::Result<_>>()?;
        ensure!(counted == hosts, "in flight by host: {counted:?}, leases: {hosts:?}");
        for (host, flying) in &hosts {
            ensure!(*flying <= self.most(host), "host {host} has {flying} requests in flight");
        }
        for (key, _) in self.keys.range("t:".to_owned().."t;".to_owned()) {
            let leases = tenants.get(&key[2..]).copied().unwrap_or(0);
            let (running, cap) = (self.number(key, "running"), self.cap(&key[2..]));
            ensure!(running == leases && running <= cap, "{key}: {running} of {cap}, {leases} leases");
        }
        let sets: BTreeMap<_, BTreeSet<_>> = self
            .keys
            .iter()
            .filter(|(key, _)| key.starts_with("W:"))
            .map(|(key, ids)| (key.clone(), ids.iter().cloned().collect()))
            .collect();
        ensure!(sets == held, "held by workers: {sets:?}, leases: {held:?}");
        let deadlines: Vec<i64> = self.pairs("dl").keys().filter_map(|id| id.parse().ok()).collect();
        ensure!(deadlines.len() == self.leases.len(), "{} deadlines", deadlines.len());
        Ok(())
    }

    /// Each host with work is in exactly one place.
    fn check_hosts(&self) -> Done {
        let offers = self.pairs("ho");
        let cooling = self.pairs("cool");
        let mut working = BTreeSet::new();
        for (tenant, host) in self.lanes.keys().map(|(tenant, host)| (tenant.to_string(), host.to_string())) {
            if !self.parked(&tenant) {
                let waits = self.pairs(&format!("hw:{host}")).contains_key(tenant.as_str());
                ensure!(waits, "tenant {tenant} has a lane on host {host} but does not wait for it");
                working.insert(host);
            }
        }
        let all =
            working.iter().map(String::as_str).chain(offers.keys().copied()).chain(cooling.keys().copied());
        for host in all.collect::<BTreeSet<_>>() {
            let places = [
                offers.contains_key(host),
                cooling.contains_key(host),
                self.number("hf", host) >= self.most(host),
            ];
            let count = places.iter().filter(|place| **place).count();
            ensure!(count == 1, "host {host} is offered, cooling, full: {places:?}");
        }
        for (host, tenant) in &offers {
            let offered = self.pairs(&format!("rd:{tenant}")).contains_key(host);
            ensure!(offered, "host {host} is offered to {tenant}, who does not know");
        }
        let known: usize =
            self.keys.iter().filter(|(key, _)| key.starts_with("rd:")).map(|(_, m)| m.len() / 2).sum();
        ensure!(known == offers.len(), "{known} offers known to tenants, {} made", offers.len());
        Ok(())
    }

    /// A tenant is in the ring exactly when it can be served.
    fn check_ring(&self) -> Done {
        let ring = self.pairs("ring");
        for (key, _) in self.keys.range("t:".to_owned().."t;".to_owned()) {
            let tenant = &key[2..];
            let can = self.keys.contains_key(&format!("rd:{tenant}"))
                && self.number(key, "running") < self.cap(tenant)
                && !self.parked(tenant);
            ensure!(ring.contains_key(tenant) == can, "tenant {tenant} can be served: {can}");
        }
        Ok(())
    }
}

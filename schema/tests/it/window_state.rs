//! The whole window as Redis has it, and what must hold of it after every call.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use rad_schema::window::WINDOW;

use crate::Done;
use crate::rig::Rig;

/// Every key of generation 1 with its members, pairs in a row, in one moment; records as words.
const READ: &str = r"
local function words(values, last)
    for i = 1, last do
        if type(values[i]) == 'number' then values[i] = string.format('%.0f', values[i]) end
    end
    return table.concat(values, ' ', 1, last)
end
local read = {
    hs = function(v)
        local of = string.sub(v, 16)
        return words({ struct.unpack('<I4HHBI6', v) }, 5) .. ' ' .. (of == '' and '-' or of)
    end,
    ts = function(v) return words({ struct.unpack('<dI4I4I4I4B', v) }, 6) end,
    L = function(v)
        local fence, hard, _, w, T, H = struct.unpack('<I6I6sssss', v)
        return words({ fence, w, T, H, hard }, 5)
    end,
}
local out = {}
for _, key in ipairs(redis.call('KEYS', '{q0}:g1:*')) do
    local kind, flat = redis.call('TYPE', key).ok, nil
    if kind == 'zset' then flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    elseif kind == 'hash' then flat = redis.call('HGETALL', key)
    elseif kind == 'set' then flat = redis.call('SMEMBERS', key)
    else flat = { redis.call('GET', key) } end
    local name, row = string.sub(key, 9), {}
    row[1] = name
    for i = 1, #flat, kind == 'hash' and 2 or 1 do
        -- What keeps a hash from being a list.
        if kind ~= 'hash' then
            row[#row + 1] = flat[i]
        elseif flat[i] ~= '-' then
            row[#row + 1] = flat[i]
            row[#row + 1] = read[name] and read[name](flat[i + 1]) or flat[i + 1]
        end
    end
    out[#out + 1] = row
end
return out";

/// A lease: fence, incarnation, tenant, host.
type Lease = (i64, i64, i64, i64);

/// A host's record, and what stands behind it.
struct Host {
    most: i64,
    flying: i64,
    cooling: bool,
    offered: bool,
    /// Who has the only lane on it; none where nobody or several have one.
    sole: Option<String>,
    shared: bool,
    /// To whom it is offered.
    holder: Option<String>,
}

/// A tenant's record.
#[derive(Default)]
struct Tenant {
    running: i64,
    cap: i64,
    offers: usize,
    parked: bool,
}

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

    fn host(&self, host: &str) -> Host {
        let hosts = self.pairs("hs");
        let words: Vec<_> = hosts.get(host).copied().unwrap_or("0 0 0 0 0 -").split(' ').collect();
        let [_, most, flying, place, _, of] = words[..] else { panic!("host {host} is {words:?}") };
        let holder = of.strip_prefix('*');
        let sole = (holder.is_none() && of != "-").then(|| of.to_owned());
        let offered = place == "2";
        Host {
            most: most.parse::<i64>().expect("a number").max(1),
            flying: flying.parse().expect("a number"),
            cooling: place == "1",
            offered,
            shared: holder.is_some(),
            holder: if offered { holder.map(str::to_owned).or_else(|| sole.clone()) } else { None },
            sole,
        }
    }

    /// A cap of one until another is told.
    fn tenant(&self, tenant: &str) -> Tenant {
        let tenants = self.pairs("ts");
        let Some(record) = tenants.get(tenant) else { return Tenant { cap: 1, ..Tenant::default() } };
        let words: Vec<i64> = record.split(' ').map(|word| word.parse().expect("a number")).collect();
        let [_, running, cap, _, offers, parked] = words[..] else { panic!("tenant {tenant} is {record}") };
        Tenant {
            running,
            cap,
            offers: usize::try_from(offers).expect("no offers less than none"),
            parked: parked % 2 == 1,
        }
    }

    /// Tenants with a record, a lane, an offer or a place in the ring.
    fn tenants(&self) -> BTreeSet<String> {
        let offered = self.keys.keys().filter_map(|key| key.strip_prefix("rd:")).map(str::to_owned);
        let recorded = self.pairs("ts").into_keys().chain(self.pairs("ring").into_keys()).map(str::to_owned);
        offered.chain(recorded).chain(self.lanes.keys().map(|(tenant, _)| tenant.to_string())).collect()
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
        for host in self.pairs("hs").into_keys() {
            let leases = hosts.remove(host).unwrap_or(0);
            let Host { flying, most, .. } = self.host(host);
            ensure!(flying == leases && flying <= most, "host {host}: {flying} of {most}, {leases} leases");
        }
        ensure!(hosts.is_empty(), "in flight on hosts without a record: {hosts:?}");
        for tenant in self.tenants() {
            let leases = tenants.get(&tenant).copied().unwrap_or(0);
            let Tenant { running, cap, .. } = self.tenant(&tenant);
            ensure!(
                running == leases && running <= cap,
                "tenant {tenant}: {running} of {cap}, {leases} leases"
            );
        }
        let sets: BTreeMap<_, BTreeSet<_>> = self
            .keys
            .iter()
            .filter(|(key, _)| key.starts_with("W:"))
            .map(|(key, ids)| (key.clone(), ids.iter().cloned().collect()))
            .collect();
        ensure!(sets == held, "held by workers: {sets:?}, leases: {held:?}");
        self.check_deadlines()
    }

    /// No lease of an incarnation ends before the reaper looks at its hand.
    fn check_deadlines(&self) -> Done {
        let looks = self.pairs("dl");
        for (id, lease) in self.pairs("L") {
            let words: Vec<_> = lease.split(' ').collect();
            let look = looks.get(words[1]).with_context(|| format!("nobody looks at task {id}"))?;
            ensure!(look.parse::<f64>()? <= words[4].parse()?, "task {id}: {lease}, looked at {look}");
        }
        Ok(())
    }

    /// Each host with work is in exactly one place.
    fn check_hosts(&self) -> Done {
        let cooling = self.pairs("cool");
        let mut working = BTreeSet::new();
        for (tenant, host) in self.lanes.keys().map(|(tenant, host)| (tenant.to_string(), host.to_string())) {
            if !self.tenant(&tenant).parked {
                let known = self.host(&host);
                let waits = known.sole.as_ref() == Some(&tenant)
                    || self.pairs(&format!("hw:{host}")).contains_key(tenant.as_str());
                ensure!(waits, "tenant {tenant} has a lane on host {host} but does not wait for it");
                working.insert(host);
            }
        }
        let recorded = self.pairs("hs");
        let all =
            working.iter().map(String::as_str).chain(recorded.keys().copied()).chain(cooling.keys().copied());
        let mut offers = 0;
        for host in all.collect::<BTreeSet<_>>() {
            let known = self.host(host);
            ensure!(known.cooling == cooling.contains_key(host), "host {host} cools: {}", known.cooling);
            let shared = self.keys.contains_key(&format!("hw:{host}"));
            ensure!(known.shared == shared, "host {host} is shared: {shared}");
            let places = [known.offered, known.cooling, known.flying >= known.most];
            let count = places.iter().filter(|place| **place).count();
            let least = usize::from(working.contains(host));
            ensure!((least..=1).contains(&count), "host {host} is offered, cooling, full: {places:?}");
            if let Some(tenant) = known.holder {
                offers += 1;
                let told = self.pairs(&format!("rd:{tenant}")).contains_key(host);
                ensure!(told, "host {host} is offered to {tenant}, who does not know");
            }
        }
        let told: usize =
            self.keys.iter().filter(|(key, _)| key.starts_with("rd:")).map(|(_, m)| m.len() / 2).sum();
        ensure!(told == offers, "{told} offers known to tenants, {offers} made");
        Ok(())
    }

    /// A tenant is in the ring exactly when it can be served.
    fn check_ring(&self) -> Done {
        let ring = self.pairs("ring");
        for tenant in self.tenants() {
            let told = self.keys.get(&format!("rd:{tenant}")).map_or(0, |offers| offers.len() / 2);
            let Tenant { running, cap, offers, parked } = self.tenant(&tenant);
            ensure!(offers == told, "tenant {tenant} counts {offers} offers of {told}");
            let can = told > 0 && running < cap && !parked;
            ensure!(ring.contains_key(tenant.as_str()) == can, "tenant {tenant} can be served: {can}");
        }
        Ok(())
    }
}

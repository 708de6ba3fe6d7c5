//! The stores of a history, its web, and everything that takes part in it.

use std::collections::BTreeMap;

use anyhow::Context;
use rad_core::ids::{HostId, Incarnation, TenantId};
use rad_core::url::CanonicalUrl;
use rad_schema::window::{Dispatch, Window};
use sqlx::PgConnection;

use super::glass::Glass;
use super::leader::Leader;
use super::ledger::{Ledger, Tenant};
use super::sabotage::Sabotage;
use super::tally::Tally;
use super::worker::Worker;
use crate::Done;
use crate::crawl::intern;
use crate::dice::Dice;
use crate::own_redis::TestRedis;
use crate::stores::TestDb;

const HOSTS: u64 = 3;
/// Pages of a host.
const PATHS: u64 = 4;

/// A database and a Redis that histories use one after the other.
pub(crate) struct Stores {
    pub(crate) store: TestDb,
    pub(crate) owner: PgConnection,
    redis: TestRedis,
    pub(crate) dispatch: Dispatch,
}

impl Stores {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let redis = TestRedis::start().await?;
        let dispatch = Dispatch::connect(&redis.url()).await?;
        let store = TestDb::create().await?;
        let owner = store.owner().await?;
        Ok(Self { store, owner, redis, dispatch })
    }

    /// The same Redis with an empty database: checks read whole tables.
    pub(crate) async fn renewed(self) -> anyhow::Result<Self> {
        let Self { store, owner, redis, dispatch } = self;
        drop(owner);
        store.remove().await?;
        dispatch.wipe().await?;
        let store = TestDb::create().await?;
        let owner = store.owner().await?;
        Ok(Self { store, owner, redis, dispatch })
    }

    /// All of Redis, for people.
    pub(crate) async fn dump(&self) -> anyhow::Result<String> {
        Ok(redis::cmd("EVAL").arg(DUMP).arg(0).query_async(&mut self.redis.connect().await?).await?)
    }

    pub(crate) async fn remove(self) -> Done {
        drop(self.owner);
        drop(self.redis);
        self.store.remove().await
    }
}

/// Every key with what it holds, whatever its name is.
const DUMP: &str = r"
local out = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind, held = redis.call('TYPE', key).ok, nil
    if kind == 'zset' then held = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    elseif kind == 'hash' then held = redis.call('HGETALL', key)
    elseif kind == 'set' then held = redis.call('SMEMBERS', key)
    elseif kind == 'list' then held = redis.call('LRANGE', key, 0, -1)
    else held = { redis.call('GET', key) } end
    out[#out + 1] = key .. ' = ' .. table.concat(held, ' ')
end
return table.concat(out, '\n')";

/// What happens more often in a history than in others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Plain,
    /// Whoever has something in hand may die of it.
    Deadly,
    /// Workers fall asleep over their pages, and wake up when these are somebody else's.
    Sleepy,
    /// Redis loses everything.
    Forgetful,
}

impl Mood {
    fn of(dice: &mut Dice) -> Self {
        [Self::Plain, Self::Plain, Self::Deadly, Self::Sleepy, Self::Forgetful][dice.one_of(5)]
    }
}

/// One random history.
pub(crate) struct History {
    pub(super) stores: Stores,
    pub(super) dice: Dice,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) tally: Tally,
    /// Tells the hosts and tenants of this history from those of others in the same stores.
    serial: u64,
    /// Something was written into Postgres since it was compared with the model.
    pub(super) dirty: bool,
    /// Faults have stopped.
    pub(super) calm: bool,
    pub(super) mood: Mood,
    pub(super) hosts: Vec<HostId>,
    pub(super) ledger: Ledger,
    pub(super) glass: Glass,
    pub(super) workers: Vec<Worker>,
    /// Processes that died without their heartbeat having run out.
    pub(super) ghosts: Vec<(Incarnation, Window)>,
    pub(super) leader: Leader,
}

impl History {
    pub(crate) async fn begin(
        mut stores: Stores,
        seed: u64,
        serial: u64,
        sabotage: Option<Sabotage>,
    ) -> anyhow::Result<Self> {
        stores.dispatch.wipe().await?;
        let mut dice = Dice(seed);
        let mood = Mood::of(&mut dice);
        let mut hosts = Vec::new();
        for host in 0..HOSTS {
            hosts.push(intern(&stores.store.db, address(serial, host, 0).as_str()).await?);
        }
        let mut tenants = BTreeMap::new();
        for number in 0..2 + dice.roll(3) / 2 {
            let (id, tenant) = create_tenant(&mut stores.owner, serial, number, &mut dice).await?;
            tenants.insert(id, tenant);
        }
        let generation = stores.store.db.shard().await?.map_or(0, |shard| shard.generation);
        let mut this = Self {
            stores,
            dice,
            sabotage,
            tally: Tally::default(),
            serial,
            dirty: true,
            calm: false,
            mood,
            hosts,
            ledger: Ledger { generation, tenants, ..Ledger::default() },
            glass: Glass::default(),
            workers: Vec::new(),
            ghosts: Vec::new(),
            leader: Leader::default(),
        };
        this.rebuild().await?;
        for _ in 0..2 {
            this.hire().await?;
        }
        this.start_crawl().await?;
        Ok(this)
    }

    /// Gives the stores back to the next history.
    pub(crate) fn end(self) -> (Stores, Tally) {
        (self.stores, self.tally)
    }

    /// A page of this history's web, and its host.
    pub(super) fn any_url(&mut self) -> (CanonicalUrl, HostId) {
        let (host, path) = (self.dice.roll(HOSTS), self.dice.roll(PATHS));
        (address(self.serial, host, path), self.hosts[usize::try_from(host).expect("few")])
    }

    /// Another page of the same host.
    pub(super) fn neighbour(&mut self, of: HostId) -> CanonicalUrl {
        let host = self.hosts.iter().position(|host| *host == of).expect("a host of the history");
        address(self.serial, host as u64, self.dice.roll(PATHS))
    }

    pub(super) fn any_tenant(&mut self) -> TenantId {
        let at = self.dice.one_of(self.ledger.tenants.len());
        *self.ledger.tenants.keys().nth(at).expect("a number below their count")
    }

    /// True once in `sides`, until faults stop.
    pub(super) fn loses(&mut self, sides: u64) -> bool {
        !self.calm && self.chance(sides)
    }

    /// True once in `sides`.
    pub(super) fn chance(&mut self, sides: u64) -> bool {
        self.dice.roll(sides) == 0
    }

    pub(super) fn is_sabotaged(&self, by: Sabotage) -> bool {
        self.sabotage == Some(by)
    }

    pub(super) async fn sql(&mut self, sql: &'static str, first: i64, second: Option<i64>) -> Done {
        self.dirty = true;
        let done = sqlx::query(sql).bind(first).bind(second).execute(&mut self.stores.owner).await;
        done.context(sql).map(drop)
    }
}

fn address(serial: u64, host: u64, path: u64) -> CanonicalUrl {
    CanonicalUrl::parse(&format!("http://h{host}-{serial}.test/{path}")).expect("a plain URL")
}

/// Half of the tenants have limits that a history reaches.
async fn create_tenant(
    owner: &mut PgConnection,
    serial: u64,
    number: u64,
    dice: &mut Dice,
) -> anyhow::Result<(TenantId, Tenant)> {
    let tenant = Tenant {
        name: format!("t{number}-{serial}"),
        monthly: (dice.roll(2) == 0).then(|| 1 + dice.number(3)),
        storage: (dice.roll(3) == 0).then(|| 400 + dice.number(1_200)),
        cap: 1 + i32::try_from(dice.roll(4))?,
        ..Tenant::default()
    };
    let id = sqlx::query_scalar::<_, i64>(
        "INSERT INTO tenants (name, weight, max_crawlers, monthly_pages, storage_bytes)
         VALUES ($1, $2, $3, $4, $5) RETURNING tenant_id",
    )
    .bind(&tenant.name)
    .bind(1 + i32::try_from(dice.roll(3))?)
    .bind(tenant.cap)
    .bind(tenant.monthly)
    .bind(tenant.storage)
    .fetch_one(owner)
    .await?;
    Ok((TenantId(id), tenant))
}

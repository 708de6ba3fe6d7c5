//! Checks of Redis.

mod judge;

use rad_schema::probe::{Clock, RedisFault, RedisProbe};

use self::judge::{CLUSTER, EVICTION, MEMORY, PERSISTENCE, SCRIPTS, VERSION, WRITES};
use super::row::{Check, Row, skipped};
use super::{REMOTE, patience};

const URL: Check =
    Check { name: "redis_url", why: "Redis decides who works on what; no process starts without it" };
const REACH: Check =
    Check { name: "redis_reach", why: "while Redis is away nothing is claimed, so crawls stand still" };

const BEHIND: [Check; 7] = [CLUSTER, VERSION, EVICTION, MEMORY, WRITES, SCRIPTS, PERSISTENCE];

const SET: &str = "REDIS_URL=redis://default:PASSWORD@HOST:6379 (rediss:// for TLS; of a cluster one or more such \
                   URLs with commas between them)";

/// What is known of Redis afterwards.
pub(super) struct Examined {
    pub(super) rows: Vec<Row>,
    pub(super) clock: Option<Clock>,
}

/// Without a URL nothing is asked; that is no failure for whoever is `remote`.
pub(super) async fn examine(url: Option<&str>, remote: bool) -> Examined {
    if remote {
        let rows = [skipped(&[URL, REACH], REMOTE), skipped(&BEHIND, REMOTE)].concat();
        return Examined { rows, clock: None };
    }
    let (mut rows, probe) = enter(url).await;
    let Some(mut probe) = probe else {
        rows.extend(skipped(&BEHIND, "Redis was not reached"));
        return Examined { rows, clock: None };
    };
    let Some(report) = patience::answer(probe.report()).await else {
        rows.push(CLUSTER.skip("Redis stopped answering"));
        rows.push(VERSION.fail(patience::silence(), "look for what keeps it busy: redis-cli SLOWLOG GET 10"));
        rows.extend(skipped(&BEHIND[2..], "Redis stopped answering"));
        return Examined { rows, clock: None };
    };
    rows.extend([
        judge::cluster(&report),
        judge::version(&report),
        judge::eviction(&report),
        judge::memory(&report),
        judge::writes(&report),
        judge::scripts(&report),
        judge::persistence(&report),
    ]);
    Examined { rows, clock: report.clock.ok() }
}

/// Rows of URL and login, and a connection if there is one.
async fn enter(url: Option<&str>) -> (Vec<Row>, Option<RedisProbe>) {
    let Some(url) = url else {
        let missing = URL.fail("REDIS_URL is not set", SET);
        return (vec![missing, REACH.skip("REDIS_URL is not set")], None);
    };
    let address = match RedisProbe::address(url) {
        Ok(address) => address,
        Err(fault) => {
            let unread = URL.fail(failed(&fault), SET);
            return (vec![unread, REACH.skip("REDIS_URL can't be read")], None);
        }
    };
    let (reached, probe) = match patience::answer(RedisProbe::connect(url)).await {
        Some(Ok(probe)) => (REACH.ok("the login is accepted"), Some(probe)),
        Some(Err(fault)) => (REACH.fail(failed(&fault), remedy(&fault)), None),
        None => (REACH.fail(patience::silence(), UNREACHABLE), None),
    };
    (vec![URL.ok(address), reached], probe)
}

const UNREACHABLE: &str = "check the host in REDIS_URL (rediss:// where the server wants TLS), that the server runs, \
                           and firewalls between: redis-cli -u \"$REDIS_URL\" PING";

const CLUSTER_DOWN: &str =
    "start the masters that are gone, or their replicas: redis-cli -u \"$REDIS_URL\" CLUSTER NODES";

fn remedy(fault: &RedisFault) -> &'static str {
    match fault {
        RedisFault::NotAUrl(_) => SET,
        RedisFault::Unreachable(_) => UNREACHABLE,
        RedisFault::Login(_) => "set user and password in REDIS_URL to those of the server",
        RedisFault::Loading(_) => "wait until the server has read its data",
        RedisFault::ClusterDown(_) => CLUSTER_DOWN,
        RedisFault::NoCluster(_) => "name one server, or servers of one cluster",
        RedisFault::Forbidden(_) => "give the user all commands and keys: ACL SETUSER NAME on ~* +@all",
        _ => "the server's log says more",
    }
}

/// A fault with its cause.
fn failed(fault: &RedisFault) -> String {
    format!("{fault}: {}", fault.said())
}

//! The window on a Redis Cluster of six servers, through every kind of failover.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rad_core::errors::chain;
use rad_core::ids::{Hash128, Incarnation, TaskId, TenantId};
use rad_schema::fleet::Shard;
use rad_schema::probe::{RedisCluster, RedisProbe};
use rad_schema::window::{
    Attached, Claimed, Dispatch, LockOutcome, Nack, Requeue, Stats, Window, WindowError,
};

use crate::Done;
use crate::own_cluster::{KEY, PATIENCE, TestCluster, until};
use crate::own_redis::TestRedis;
use crate::rig::{TERMS, completion, lane, lane_feed, numbers};

const WORKER: Incarnation = Incarnation(1);

/// What the leader does: opens the next generation on whichever server serves the shard.
async fn reopen(dispatch: &Dispatch, generation: i64) -> Result<Window> {
    let open = async || Ok(dispatch.open(generation, &dispatch.run_id().await?).await?);
    until("the window is open", open).await?;
    Ok(dispatch.window(generation))
}

/// What the feeder does with a ledger of these tasks, each on a host of its own.
async fn refill(window: &Window, tasks: &[i64]) -> Done {
    for task in tasks {
        window.feed(&lane_feed(1, *task, &[(*task, *task)])).await?;
    }
    Ok(())
}

/// All that can be claimed.
async fn drained(window: &Window, request: u64) -> Result<Vec<Claimed>> {
    window.join(WORKER, TERMS).await?;
    let mut all = window.claim(WORKER, request, 32, TERMS).await?.tasks;
    all.sort_by_key(|claimed| claimed.task);
    Ok(all)
}

/// The old window's handle is refused by whoever serves the shard now.
async fn is_stale(window: &Window) -> Done {
    let mut calls = Vec::new();
    let refused = async || {
        let call = window.renew(WORKER, TERMS).await;
        let stale = matches!(call, Err(WindowError::Stale));
        calls.push(format!("{call:?}"));
        Ok(stale)
    };
    until("the old window is stale", refused).await.with_context(|| calls.join("\n"))
}

/// After a failover: noticed by the name of the server, closed to who attaches, and as good as new once rebuilt.
async fn rebuilt(dispatch: &Dispatch, old: (&Window, &str), ledger: &[i64]) -> Result<Window> {
    let (window, run_id) = old;
    let other = async || Ok(dispatch.run_id().await? != run_id);
    until("another server answers", other).await?;
    is_stale(window).await?;
    let shard = Shard { generation: window.generation(), run_id: run_id.to_owned(), raised_us: 0 };
    ensure!(matches!(dispatch.attach(&shard).await?, Attached::Closed), "the window of the dead is open");
    let next = reopen(dispatch, window.generation() + 1).await?;
    refill(&next, ledger).await?;
    ensure!(numbers(&drained(&next, 1).await?) == ledger, "something was lost, or came twice");
    is_stale(window).await?;
    Ok(next)
}

#[tokio::test]
async fn every_call_works_on_a_cluster_and_on_the_server_that_takes_a_shard_over() -> Done {
    let Some(cluster) = TestCluster::start().await? else { return Ok(()) };
    let dispatch = Dispatch::connect(&cluster.url()).await?;
    let window = reopen(&dispatch, 1).await?;
    every_call(&dispatch, &window).await?;
    trespassing(&cluster).await?;
    let paired = async || Ok(examined(&cluster.url()).await?.alone.is_empty());
    until("each master has a replica", paired).await?;

    let (run_id, ledger) = (dispatch.run_id().await?, [7, 8, 9]);
    refill(&window, &ledger).await?;
    let mut waiter = dispatch.waiter().await?;
    while waiter.for_work(Duration::from_millis(1)).await? {}
    let blocked = tokio::spawn(async move { waiter.for_work(Duration::from_secs(20)).await });
    let (master, _) = cluster.shard().await?;
    let is_blocked = async || Ok(cluster.ask(master, "INFO clients").await?.contains("blocked_clients:1"));
    until("the waiter is blocked", is_blocked).await?;
    cluster.fail_over().await?;
    ensure!(blocked.await?.is_err(), "who waits on a server that serves no longer must be told");
    let next = rebuilt(&dispatch, (&window, &run_id), &ledger).await?;

    let mut waiter = dispatch.waiter().await?;
    while waiter.for_work(Duration::from_millis(1)).await? {}
    next.feed(&lane_feed(1, 50, &[(50, 1)])).await?;
    ensure!(waiter.for_work(Duration::from_secs(5)).await?, "the wake-up did not follow");
    Ok(())
}

/// Each call once, and what it must have done.
async fn every_call(dispatch: &Dispatch, window: &Window) -> Done {
    refill(window, &[1, 2, 3, 4]).await?;
    let tasks = drained(window, 1).await?;
    ensure!(numbers(&tasks) == [1, 2, 3, 4]);
    let again = window.claim(WORKER, 1, 32, TERMS).await?.tasks;
    ensure!(again.len() == 4, "the same request gives the same batch");
    let locks: Vec<_> = tasks.iter().map(|task| (task.task, task.fence, Hash128::of(b"one"))).collect();
    ensure!(window.lock(&locks[..2], TERMS).await? == [LockOutcome::Taken, LockOutcome::Held]);
    window.renew(WORKER, TERMS).await?;
    ensure!(window.complete(&[completion(&tasks[0])], &[], &[]).await? == 1);
    let (task, fence) = (tasks[1].task, tasks[1].fence);
    let nack = Nack { task, fence, requeue: Requeue::SameRank, pause: Duration::ZERO };
    ensure!(window.nack(&[nack]).await? == 1);
    let stats = window.stats().await?;
    ensure!(stats == Stats { leased: 2, offered: 1, tenants: 1, workers: 1, ..stats }, "{stats:?}");
    ensure!(window.audit(&[lane(1, 1), lane(1, 2)], false).await?.empty == [lane(1, 1)]);
    ensure!(window.left_out(&[lane(1, 1)]).await? == [None] && window.leases_of(WORKER).await? == 2);
    window.park(TenantId(1)).await?;
    ensure!(window.stats().await?.offered == 0);
    window.leave(WORKER).await?;
    ensure!(window.reap(&[], 100).await?.returned.iter().all(|back| back.task != TaskId(1)));
    ensure!(dispatch.sweep(1, 0).await.is_ok() && window.refills(8).await?.is_empty());
    Ok(())
}

/// The cluster itself catches a script that reaches into a slot of another server.
async fn trespassing(cluster: &TestCluster) -> Done {
    let (master, _) = cluster.shard().await?;
    let script = format!("EVAL #!lua\nredis.call('SET','elsewhere','1') 1 {KEY}");
    let refused = cluster.ask(master, &script).await?;
    ensure!(refused.contains("same slot") || refused.contains("non local key"), "{refused}");
    let allowed = cluster.ask(master, &script.replace("elsewhere", "{q0}:here")).await?;
    ensure!(allowed.is_empty(), "{allowed}");
    Ok(())
}

/// What a probe says, which must find the server that serves the shard fit.
async fn examined(urls: &str) -> Result<RedisCluster> {
    let report = RedisProbe::connect(urls).await?.report().await;
    ensure!(report.server?.is_replica == Some(false) && report.scripts.is_ok());
    let cluster = report.cluster.context("it is a cluster")?;
    ensure!(cluster.state == "ok" && cluster.masters == 3, "{cluster:?}");
    Ok(cluster)
}

#[tokio::test]
async fn several_servers_must_be_a_cluster() -> Done {
    let (one, other) = (TestRedis::start().await?, TestRedis::start().await?);
    let refused = Dispatch::connect(&format!("{},{}", one.url(), other.url())).await;
    ensure!(refused.is_err_and(|error| chain(&error).contains("not part of a cluster")));
    Ok(())
}

#[tokio::test]
async fn a_killed_master_and_one_that_hangs_are_replaced() -> Done {
    let Some(mut cluster) = TestCluster::start().await? else { return Ok(()) };
    let dispatch = Dispatch::connect(&cluster.url()).await?;
    let window = reopen(&dispatch, 1).await?;
    let (run_id, ledger) = (dispatch.run_id().await?, [7, 8, 9]);
    refill(&window, &ledger).await?;
    drained(&window, 1).await?;
    let killed = cluster.kill_master().await?;
    let second = rebuilt(&dispatch, (&window, &run_id), &ledger).await?;
    let gone = format!("redis://127.0.0.1:{}", cluster.nodes[killed].port);
    let both = format!("{gone},{}", cluster.url());
    let lonely = async || Ok(examined(&both).await?.alone.len() == 1);
    until("the new master has no replica", lonely).await?;
    ensure!(Dispatch::connect(&gone).await.is_err(), "nobody is there");
    until("one of both answers", async || Ok(Dispatch::connect(&both).await.is_ok())).await?;
    cluster.start_again(killed).await?;

    let run_id = dispatch.run_id().await?;
    let (hung, _) = cluster.shard().await?;
    signal(&cluster, hung, Signal::SIGSTOP)?;
    let asked = Instant::now();
    // Its connections stay open, so that nothing but silence tells.
    ensure!(dispatch.run_id().await.ok() != Some(run_id.clone()), "a server that hangs can't have answered");
    ensure!(asked.elapsed() < PATIENCE, "a call must not hang with the server");
    cluster.until_other(hung).await?;
    let third = rebuilt(&dispatch, (&second, &run_id), &ledger).await?;
    signal(&cluster, hung, Signal::SIGCONT)?;
    third.renew(WORKER, TERMS).await?;
    Ok(())
}

#[tokio::test]
async fn a_failover_that_lost_writes_is_noticed_and_rebuilt() -> Done {
    let Some(mut cluster) = TestCluster::start().await? else { return Ok(()) };
    let dispatch = Dispatch::connect(&cluster.url()).await?;
    let window = reopen(&dispatch, 1).await?;
    let run_id = dispatch.run_id().await?;
    refill(&window, &[7, 8, 9]).await?;
    let (master, replica) = cluster.shard().await?;
    let copied = async || {
        Ok(cluster.ask(master, "WAIT 1 1000").await? == "1" && has(&cluster, replica, "f:1:9").await?)
    };
    until("the replica has it", copied).await?;

    signal(&cluster, replica, Signal::SIGSTOP)?;
    // Otherwise what is written from now on waits in the sockets, and the replica reads it when it goes on.
    ensure!(cluster.ask(master, "CLIENT KILL TYPE replica").await? == "1", "the replica is connected");
    let ended = drained(&window, 1).await?;
    for task in &ended {
        window.complete(&[completion(task)], &[], &[]).await?;
    }
    refill(&window, &[10, 11]).await?;
    cluster.nodes[master].server.kill().await?;
    signal(&cluster, replica, Signal::SIGCONT)?;
    let promoted = async || Ok(cluster.ask(replica, "CLUSTER FAILOVER TAKEOVER").await? == "OK");
    until("the replica takes over", promoted).await?;
    cluster.until_other(master).await?;

    // The server that serves the shard has gone back in time: what was done waits there, what was added does not.
    ensure!(has(&cluster, replica, "f:1:9").await? && !has(&cluster, replica, "f:1:10").await?);
    rebuilt(&dispatch, (&window, &run_id), &[10, 11]).await?;
    Ok(())
}

async fn has(cluster: &TestCluster, node: usize, key: &str) -> Result<bool> {
    // A replica answers for its keys only who says that old ones will do; KEYS asks for none.
    Ok(cluster.ask(node, &format!("KEYS {{q0}}:g1:{key}")).await?.contains(key))
}

fn signal(cluster: &TestCluster, node: usize, signal: Signal) -> Done {
    let pid = cluster.nodes[node].server.id().context("the server has ended")?;
    kill(Pid::from_raw(pid.try_into()?), signal)?;
    Ok(())
}

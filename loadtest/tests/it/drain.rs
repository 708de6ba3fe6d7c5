//! A process that is asked to end does so in its time, leaves no lease behind and loses nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rad_core::ids::JobId;
use rad_loadtest::client::CrawlStatus;
use rad_loadtest::fleet::{Fleet, FleetOptions};
use rad_loadtest::web::{HoldGuard, Server, Site};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::child::{Child, until};
use crate::held::{busiest, incarnation, tell, window};
use crate::proof::{WITHIN, crawl, proved, reader, spec};

/// The time to drain of these fleets is a second; this is what a busy machine may make of it.
const BOUND: Duration = Duration::from_secs(40);

struct Rig {
    _folder: tempfile::TempDir,
    web: Server,
    fleet: Fleet,
    crawl: CrawlStatus,
}

/// A fleet in the middle of a crawl, whose fetches all hang at the gate.
async fn held(seed: u64, workers: usize) -> Result<(Rig, HoldGuard)> {
    eprintln!("seed {seed}");
    let web = Server::start(Site::new(spec(seed, 250)), "127.0.0.1:0".parse()?).await?;
    let folder = tempfile::tempdir()?;
    let drain = Duration::from_secs(1);
    let fleet =
        Fleet::start(FleetOptions { workers, drain, ..FleetOptions::for_test(folder.path()) }).await?;
    let gate = web.hold_after(40, "/");
    let crawl = crawl(&fleet, &web).await?;
    gate.wait_held(8).await;
    Ok((Rig { _folder: folder, web, fleet, crawl }, gate))
}

impl Rig {
    /// The rest completes, nothing is lost or doubled, and no drain counts as a death.
    async fn completes(self) -> Result<()> {
        let ended = self.fleet.wait_crawl(self.crawl.id, WITHIN, |_| ()).await?;
        proved(&self.fleet, &self.web, &ended).await?;
        self.no_deaths().await?;
        self.fleet.stop().await?;
        Ok(())
    }

    async fn no_deaths(&self) -> Result<()> {
        let deaths = reader(&self.fleet).await?.deaths(self.fleet.tenant(), JobId(self.crawl.id)).await?;
        ensure!(deaths == 0, "{deaths} deaths are counted, nobody died");
        Ok(())
    }

    async fn drained(&mut self, worker: usize) -> Result<()> {
        let status = self.fleet.wait_worker(worker, BOUND).await;
        ensure!(status.is_some_and(|status| status.success()), "worker {worker} ended with {status:?}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_end_while_its_fetches_hang_hands_them_back() -> Result<()> {
    let (mut rig, gate) = held(61, 3).await?;
    let (worker, life) = busiest(&rig.fleet).await?;
    rig.fleet.terminate_worker(worker);
    rig.drained(worker).await?;
    let left = window(&rig.fleet).await?.leases_of(life).await?;
    ensure!(left == 0, "{left} leases are left behind");
    rig.no_deaths().await?;
    gate.release();
    rig.completes().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_end_finishes_its_pages_so_that_none_is_fetched_again() -> Result<()> {
    let web = Server::start(Site::new(spec(20, 200)), "127.0.0.1:0".parse()?).await?;
    let folder = tempfile::tempdir()?;
    // With the short leases of other tests a machine that stands still for a moment would lose them.
    let lease_ttl = Duration::from_secs(30);
    let options = FleetOptions { workers: 2, lease_ttl, ..FleetOptions::for_test(folder.path()) };
    let mut fleet = Fleet::start(options).await?;
    let gate = web.hold_after(30, "/");
    let started = crawl(&fleet, &web).await?;
    gate.wait_held(4).await;
    fleet.terminate_worker(0);
    gate.release();
    let status = fleet.wait_worker(0, BOUND).await;
    ensure!(status.is_some_and(|status| status.success()), "the drain ended with {status:?}");
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    let redirects = &web.site().expected().redirects;
    // A page is asked for once by its own URL and once by each redirect to it.
    let once = |path: &String| path != "/robots.txt" && !redirects.values().any(|target| target == path);
    let again: Vec<_> = web.hits().into_iter().filter(|(path, hits)| *hits > 1 && once(path)).collect();
    ensure!(again.is_empty(), "fetched again after a drain: {again:?}");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_workers_asked_to_end_at_once_leave_nothing_in_flight() -> Result<()> {
    let (mut rig, gate) = held(62, 3).await?;
    for worker in 0..3 {
        rig.fleet.terminate_worker(worker);
    }
    for worker in 0..3 {
        rig.drained(worker).await?;
    }
    let stats = window(&rig.fleet).await?.stats().await?;
    ensure!((stats.leased, stats.workers) == (0, 0), "{stats:?} when all are gone");
    gate.release();
    rig.fleet.start_worker("crawler-1", &[])?;
    rig.completes().await
}

/// Sends `signals` one after another to a worker that holds fetches.
async fn ends_by(seed: u64, signals: &[Signal]) -> Result<()> {
    let (mut rig, gate) = held(seed, 1).await?;
    // The fleet's own worker leaves, so that the other one gets work for certain.
    let mut worker = Child::worker(&rig.fleet, "beside", &[])?;
    worker.says("joined the fleet", BOUND).await?;
    let life = incarnation(&rig.fleet, "beside").await?;
    rig.fleet.terminate_worker(0);
    rig.drained(0).await?;
    let dispatch = window(&rig.fleet).await?;
    until("it takes work over", BOUND, async || Ok(dispatch.leases_of(life).await? > 0)).await?;
    for signal in signals {
        worker.signal(*signal)?;
    }
    let status = worker.ends(BOUND).await?;
    ensure!(status.success(), "ended with {status} after {signals:?}");
    ensure!(dispatch.leases_of(life).await? == 0, "leases are left behind");
    gate.release();
    rig.fleet.start_worker("crawler-2", &[])?;
    rig.completes().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_gets_sigterm_twice_drains_once() -> Result<()> {
    ends_by(63, &[Signal::SIGTERM, Signal::SIGTERM]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_gets_sigint_drains() -> Result<()> {
    ends_by(64, &[Signal::SIGINT]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_asked_to_end_under_load_gives_its_lead_to_another() -> Result<()> {
    let (mut rig, gate) = held(65, 2).await?;
    let mut leader = Child::scheduler(&rig.fleet, "beside", &[])?;
    rig.fleet.kill_scheduler(0).await;
    leader.says("\"leading\"", BOUND).await?;
    gate.release();
    rig.web.wait_arrivals(80).await;
    leader.signal(Signal::SIGTERM)?;
    let status = leader.ends(BOUND).await?;
    ensure!(status.success(), "ended with {status}:\n{}", leader.log());
    rig.fleet.restart_scheduler(0).await?;
    rig.completes().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_ends_although_a_client_keeps_a_request_open() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions { workers: 0, ..FleetOptions::for_test(folder.path()) }).await?;
    let mut scheduler = Child::scheduler(&fleet, "beside", &[])?;
    scheduler.says("listening", BOUND).await?;
    let log = scheduler.log();
    let address = log.lines().find_map(|line| line.strip_prefix("http://")).context("it says where")?;
    let mut client = TcpStream::connect(address).await?;
    let head = format!(
        "POST /api/v1/crawls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: \
         application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        fleet.key()
    );
    client.write_all(head.as_bytes()).await?;
    // The answer says that the request is being handled, and that its body is waited for.
    let mut answer = [0; 12];
    tokio::time::timeout(BOUND, client.read_exact(&mut answer)).await??;
    ensure!(&answer == b"HTTP/1.1 100", "{:?}", String::from_utf8_lossy(&answer));
    scheduler.signal(Signal::SIGTERM)?;
    let status = scheduler.ends(BOUND).await?;
    ensure!(status.success(), "ended with {status}");
    ensure!(scheduler.log().contains("open requests are cut"), "{}", scheduler.log());
    drop(client);
    fleet.stop().await?;
    Ok(())
}

/// A process whose `setting` names a server that takes connections and never answers.
async fn ends_before_its_stores(start: impl FnOnce(&Fleet, &str) -> Result<Child>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions { workers: 0, ..FleetOptions::for_test(folder.path()) }).await?;
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let mut child = start(&fleet, &silent.local_addr()?.to_string())?;
    let _connection = tokio::time::timeout(BOUND, silent.accept()).await??;
    child.signal(Signal::SIGTERM)?;
    let status = child.ends(BOUND).await?;
    ensure!(status.success(), "ended with {status}:\n{}", child.log());
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_ends_while_postgres_does_not_answer_its_first_connection() -> Result<()> {
    ends_before_its_stores(|fleet, silent| {
        Child::worker(fleet, "beside", &[("DATABASE_URL", &format!("postgres://rad_app@{silent}/rad"))])
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_ends_while_redis_does_not_answer_its_first_connection() -> Result<()> {
    ends_before_its_stores(|fleet, silent| {
        Child::worker(fleet, "beside", &[("REDIS_URL", &format!("redis://{silent}/"))])
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_ends_while_postgres_does_not_answer_its_first_connection() -> Result<()> {
    ends_before_its_stores(|fleet, silent| {
        Child::scheduler(fleet, "beside", &[("DATABASE_URL", &format!("postgres://rad_app@{silent}/rad"))])
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_for_a_window_ends_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut fleet =
        Fleet::start(FleetOptions { workers: 0, ..FleetOptions::for_test(folder.path()) }).await?;
    fleet.kill_scheduler(0).await;
    tell(&fleet, "FLUSHALL").await?;
    let mut worker = Child::worker(&fleet, "beside", &[])?;
    worker.says("waiting for a scheduler", BOUND).await?;
    worker.signal(Signal::SIGTERM)?;
    ensure!(worker.ends(BOUND).await?.success(), "{}", worker.log());
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_redis_hangs_ends_all_the_same() -> Result<()> {
    let (mut rig, gate) = held(66, 2).await?;
    let (worker, _) = busiest(&rig.fleet).await?;
    let info = tell(&rig.fleet, "INFO server").await?;
    let pid = info.lines().find_map(|line| line.strip_prefix("process_id:")).context("its number")?;
    let redis = Pid::from_raw(pid.trim().parse()?);
    kill(redis, Signal::SIGSTOP)?;
    rig.fleet.terminate_worker(worker);
    let status = rig.fleet.wait_worker(worker, BOUND).await;
    kill(redis, Signal::SIGCONT)?;
    // 1 says that leases could not be handed back in time; a signal would say that it had to be killed.
    let code = status.and_then(|status| status.code());
    ensure!(matches!(code, Some(0 | 1)), "ended with {status:?}");
    gate.release();
    let ended = rig.fleet.wait_crawl(rig.crawl.id, WITHIN, |_| ()).await?;
    proved(&rig.fleet, &rig.web, &ended).await?;
    rig.fleet.stop().await?;
    Ok(())
}

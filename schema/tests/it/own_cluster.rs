//! A Redis Cluster of each test: three masters with a replica each, all real processes.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A silent master is replaced after this.
const NODE_TIMEOUT: &str = "1000";
const MASTERS: usize = 3;
/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// A key of shard 0 of 1; the shard's slot is this key's.
pub(crate) const KEY: &str = "{q0}:meta";

/// Servers that end with the test, and their data with them.
pub(crate) struct TestCluster {
    folder: TempDir,
    pub(crate) nodes: Vec<Node>,
}

pub(crate) struct Node {
    pub(crate) port: u16,
    bus: u16,
    pub(crate) server: Child,
}

impl TestCluster {
    /// None, after a line that says so, where Redis is not installed.
    pub(crate) async fn start() -> Result<Option<Self>> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().await.is_err() {
            eprintln!("skipped: redis-server is not installed");
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("rad").tempdir_in("/tmp")?;
        let ports = free_ports(4 * MASTERS)?;
        let nodes = ports.chunks(2).map(|pair| {
            let (port, bus) = (pair[0], pair[1]);
            Ok(Node { port, bus, server: spawn(folder.path(), port, bus)? })
        });
        let this = Self { nodes: nodes.collect::<Result<_>>()?, folder };
        this.join().await?;
        Ok(Some(this))
    }

    /// The URL of the one server that a person may name: a replica of another part of the slots.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.nodes[2 * MASTERS - 1].port)
    }

    /// Makes a cluster of the servers.
    async fn join(&self) -> Result<()> {
        for node in 0..self.nodes.len() {
            until("a server answers", async || Ok(self.ask(node, "PING").await? == "PONG")).await?;
        }
        for (master, slots) in ["0 5460", "5461 10922", "10923 16383"].iter().enumerate() {
            self.ask(master, &format!("CLUSTER ADDSLOTSRANGE {slots}")).await?;
            self.ask(master, &format!("CLUSTER SET-CONFIG-EPOCH {}", master + 1)).await?;
        }
        for node in &self.nodes[1..] {
            self.ask(0, &format!("CLUSTER MEET 127.0.0.1 {} {}", node.port, node.bus)).await?;
        }
        let all = self.nodes.len();
        for node in 0..all {
            let met = async || {
                let known = self.ask(node, "CLUSTER NODES").await?;
                Ok(known.lines().filter(|line| !line.contains("handshake")).count() == all)
            };
            until("all servers have met", met).await?;
        }
        for replica in MASTERS..all {
            let master = self.ask(replica - MASTERS, "CLUSTER MYID").await?;
            self.ask(replica, &format!("CLUSTER REPLICATE {master}")).await?;
        }
        for node in 0..all {
            until("a server follows or is followed", async || self.is_well(node).await).await?;
        }
        Ok(())
    }

    /// The server believes the cluster to be well, knows all replicas, and is in step with its master.
    async fn is_well(&self, node: usize) -> Result<bool> {
        let state = self.ask(node, "CLUSTER INFO").await?;
        let replicas = self.ask(node, "CLUSTER NODES").await?.matches("slave").count();
        let replication = self.ask(node, "INFO replication").await?;
        let linked = ["role:master", "master_link_status:up"].iter().any(|word| replication.contains(word));
        Ok(state.contains("cluster_state:ok") && replicas == MASTERS && linked)
    }

    /// The answer of a server to a command, its words apart by blanks.
    pub(crate) async fn ask(&self, node: usize, command: &str) -> Result<String> {
        let port = self.nodes[node].port.to_string();
        let mut cli = Command::new("redis-cli");
        let answer = cli.args(["-p", &port]).args(command.split(' ')).kill_on_drop(true).output();
        // A server may be stopped.
        let output = timeout(Duration::from_secs(2), answer).await.context("no answer")?;
        let output = output.context("run redis-cli")?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The server that serves the shard, as `witness` sees it, and its replica.
    async fn seen_by(&self, witness: usize) -> Result<(usize, Option<usize>)> {
        let slot: u16 = self.ask(witness, &format!("CLUSTER KEYSLOT {KEY}")).await?.parse()?;
        let nodes = self.ask(witness, "CLUSTER NODES").await?;
        let lines: Vec<Vec<&str>> = nodes.lines().map(|line| line.split(' ').collect()).collect();
        let has_slot = |slots: &&str| {
            let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
            first.parse().is_ok_and(|first: u16| first <= slot)
                && last.parse().is_ok_and(|last: u16| slot <= last)
        };
        let master =
            lines.iter().find(|words| words[8..].iter().any(has_slot)).context("nobody serves it")?;
        let replica = lines.iter().find(|words| words[3] == master[0] && !words[2].contains("fail"));
        let number = |words: &Vec<&str>| {
            let port = words[1].split([':', '@']).nth(1).context("no port")?.parse::<u16>()?;
            self.nodes.iter().position(|node| node.port == port).context("an unknown port")
        };
        Ok((number(master)?, replica.map(number).transpose()?))
    }

    /// The server that serves the shard, and its replica: after a failover the others hear of one by one.
    pub(crate) async fn shard(&self) -> Result<(usize, usize)> {
        let mut pair = None;
        let known = async || {
            let (master, replica) = self.seen_by(self.witness().await?).await?;
            pair = replica.map(|replica| (master, replica));
            Ok(pair.is_some())
        };
        until("the shard has a replica", known).await?;
        pair.context("it was found")
    }

    /// A server that answers and that has nothing to do with the shard.
    async fn witness(&self) -> Result<usize> {
        for node in 0..self.nodes.len() {
            if let Ok((master, replica)) = self.seen_by(node).await
                && node != master
                && replica != Some(node)
            {
                return Ok(node);
            }
        }
        bail!("no server answers")
    }

    /// Waits until another server than `old` serves the shard, and all believe the cluster to be well again.
    pub(crate) async fn until_other(&self, old: usize) -> Result<usize> {
        let witness = self.witness().await?;
        until("another server takes over", async || Ok(self.seen_by(witness).await?.0 != old)).await?;
        let (new, _) = self.seen_by(witness).await?;
        let well = async || {
            let state = self.ask(new, "CLUSTER INFO").await?;
            Ok(state.contains("cluster_state:ok") && self.ask(new, "ROLE").await?.starts_with("master"))
        };
        until("it knows of it", well).await?;
        Ok(new)
    }

    /// Hands the shard to its replica, without losing anything.
    pub(crate) async fn fail_over(&self) -> Result<()> {
        let (master, replica) = self.shard().await?;
        ensure!(self.ask(replica, "CLUSTER FAILOVER").await? == "OK", "the replica refuses");
        self.until_other(master).await?;
        Ok(())
    }

    /// Kills the server that serves the shard, and waits for its replica to take over.
    pub(crate) async fn kill_master(&mut self) -> Result<usize> {
        let (master, _) = self.shard().await?;
        self.nodes[master].server.kill().await?;
        self.until_other(master).await?;
        Ok(master)
    }

    /// Starts a killed server again; it follows whoever took its place.
    pub(crate) async fn start_again(&mut self, node: usize) -> Result<()> {
        let Node { port, bus, .. } = self.nodes[node];
        self.nodes[node].server = spawn(self.folder.path(), port, bus)?;
        until("the server follows", async || self.is_well(node).await).await
    }
}

/// Ports that stay free while a server is down: the system hands out no port below these for connections, and test
/// processes begin to look in places of their own.
fn free_ports(many: usize) -> Result<Vec<u16>> {
    let first = 16_000 + u16::try_from(std::process::id() % 800)? * 20;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let free: Vec<_> = (first..32_768).chain(16_000..first).filter(is_free).take(many).collect();
    ensure!(free.len() == many, "no {many} ports are free");
    Ok(free)
}

fn spawn(folder: &Path, port: u16, bus: u16) -> Result<Child> {
    let (port, bus) = (port.to_string(), bus.to_string());
    let own = folder.join(&port);
    std::fs::create_dir_all(&own)?;
    Command::new("redis-server")
        .args(["--port", &port, "--cluster-port", &bus, "--bind", "127.0.0.1"])
        .args(["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT])
        // However long the machine stood still, a replica may take over.
        .args(["--cluster-replica-validity-factor", "0"])
        .args(["--cluster-allow-replica-migration", "no", "--repl-diskless-sync-delay", "0"])
        // A replica counts as one once it has heard something, and an idle master only pings.
        .args(["--repl-ping-replica-period", "1"])
        .args(["--save", "", "--appendonly", "no"])
        .current_dir(own)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("start redis-server")
}

/// Looks until it holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let held = holds().await;
        if matches!(held, Ok(true)) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "not in time: {what} ({held:?})");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

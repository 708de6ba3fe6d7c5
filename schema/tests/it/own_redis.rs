//! A Redis of each test.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A server whose data ends with its process.
pub(crate) struct TestRedis {
    folder: TempDir,
    server: Child,
}

impl TestRedis {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// A cluster of one node, which has all slots.
    pub(crate) async fn start_cluster() -> anyhow::Result<Self> {
        let bus = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let options = ["--cluster-enabled", "yes", "--bind", "127.0.0.1", "--cluster-port", &bus];
        let this = Self::start_with(&options).await?;
        let mut connection = this.connect().await?;
        redis::cmd("CLUSTER").arg(&["ADDSLOTSRANGE", "0", "16383"]).exec_async(&mut connection).await?;
        loop {
            let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await?;
            if info.contains("cluster_state:ok") {
                return Ok(this);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn start_with(options: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("rad").tempdir_in("/tmp")?;
        let server = Self::spawn(folder.path(), options)?;
        let this = Self { folder, server };
        this.wait().await?;
        Ok(this)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("r.sock").display())
    }

    /// A connection of the test's own.
    pub(crate) async fn connect(&self) -> anyhow::Result<redis::aio::MultiplexedConnection> {
        Ok(redis::Client::open(self.url())?.get_multiplexed_async_connection().await?)
    }

    /// Kills the server as a crash would, and starts another life of it, which is empty.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        self.server.kill().await?;
        std::fs::remove_file(self.folder.path().join("r.sock"))?;
        self.server = Self::spawn(self.folder.path(), &[])?;
        self.wait().await
    }

    fn spawn(folder: &Path, options: &[&str]) -> anyhow::Result<Child> {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(folder.join("r.sock"))
            .args(options)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("start redis-server")
    }

    async fn wait(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Ok(mut connection) = self.connect().await
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("redis-server does not answer")
    }
}

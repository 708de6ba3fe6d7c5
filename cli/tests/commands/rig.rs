//! A fleet with a small site, and `rad` as a process before it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rad_loadtest::fleet::{Fleet, FleetOptions};
use rad_loadtest::web::{Server, Site, SiteSpec};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

/// URLs of the site; some of its links are broken.
pub(crate) const PAGES: u32 = 60;

pub(crate) struct Rig {
    pub(crate) fleet: Fleet,
    pub(crate) web: Server,
    key_file: PathBuf,
    _dir: tempfile::TempDir,
}

/// What `rad` said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output, which is one JSON object.
    pub(crate) fn object(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output, which is a JSON object a line.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let parsed: Result<_, _> = self.out.lines().map(serde_json::from_str).collect();
        parsed.unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("rad writes UTF-8");
        let code = output.status.code().expect("rad is not killed");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let site = Site::new(SiteSpec { pages: PAGES, broken_percent: 10, ..SiteSpec::default() });
        let web = Server::start(site, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let options = FleetOptions { workers: 1, ..FleetOptions::for_test(dir.path().join("fleet")) };
        let fleet = Fleet::start(options).await.unwrap();
        let key_file = dir.path().join("key");
        std::fs::write(&key_file, format!("{}\n", fleet.key())).unwrap();
        Self { fleet, web, key_file, _dir: dir }
    }

    pub(crate) async fn stop(self) {
        self.fleet.stop().await.unwrap();
        self.web.stop().await;
    }

    /// As the fleet's tenant.
    pub(crate) async fn rad(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).env("RAD_API_KEY_FILE", &self.key_file).output().await;
        output.expect("the binary was built for this test").into()
    }

    /// As nobody.
    pub(crate) async fn without_key(&self, arguments: &[&str]) -> Said {
        self.command(arguments).output().await.expect("the binary was built for this test").into()
    }

    /// Sends Ctrl-C as soon as the command follows a crawl that is held up.
    pub(crate) async fn interrupted(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        command.env("RAD_API_KEY_FILE", &self.key_file).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("the binary was built for this test");
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut err = String::new();
        // The first line of progress comes after 5 s, where there is no terminal.
        while !err.contains("waiting") {
            assert!(lines.read_line(&mut err).await.unwrap() > 0, "ended by itself: {err}");
        }
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGINT).unwrap();
        lines.read_to_string(&mut err).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        Said { err, ..Said::from(output) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rad"));
        command.args(arguments).env("RAD_API_URL", self.fleet.api().origin()).stdin(Stdio::null());
        for variable in ["RAD_API_KEY", "RAD_API_KEY_FILE", "RAD_MIGRATE_URL", "DATABASE_URL", "REDIS_URL"] {
            command.env_remove(variable);
        }
        command
    }
}

/// The number of a crawl.
pub(crate) fn id(crawl: &Value) -> i64 {
    crawl["id"].as_i64().unwrap_or_else(|| panic!("no crawl: {crawl}"))
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
    format!("http://{address}")
}

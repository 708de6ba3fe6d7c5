//! Running `rad doctor` in an environment of the test's own.

use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::Value;

/// Well-formed, as its checksum is right, and of no fleet.
pub(crate) const NOBODYS_KEY: &str = concat!(
    "rad_live_0a1b2c3d_",
    "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e",
    "b036f7f1"
);

/// An address at which nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("a bound socket has an address").to_string()
}

/// A set-up: nothing but these variables.
#[derive(Clone, Default)]
pub(crate) struct Setup(Vec<(String, String)>);

impl Setup {
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Runs `rad doctor --json`.
    pub(crate) fn diagnose(&self) -> Diagnosis {
        Diagnosis::of(&self.output(&["--json"]))
    }

    /// Runs it with a limit of open files.
    pub(crate) fn diagnose_with_files(&self, files: u32) -> Diagnosis {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("ulimit -n {files}; exec \"$0\" doctor --json")])
            .arg(env!("CARGO_BIN_EXE_rad"));
        Diagnosis::of(&self.run(shell))
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        let mut rad = Command::new(env!("CARGO_BIN_EXE_rad"));
        rad.arg("doctor").args(arguments);
        self.run(rad)
    }

    fn run(&self, mut command: Command) -> Output {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).envs(self.0.iter().map(|(name, value)| (name, value)));
        command.output().expect("the binary was built for this test")
    }
}

/// What it said.
pub(crate) struct Diagnosis {
    pub(crate) code: Option<i32>,
    json: Value,
}

impl Diagnosis {
    fn of(output: &Output) -> Self {
        let json =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        Self { code: output.status.code(), json }
    }

    pub(crate) fn rows(&self) -> &[Value] {
        self.json["checks"].as_array().expect("checks are a list")
    }

    pub(crate) fn row(&self, check: &str) -> &Value {
        let named = self.rows().iter().find(|row| row["check"] == check);
        named.unwrap_or_else(|| panic!("there is no check {check}: {:#}", self.json))
    }

    pub(crate) fn detail(&self, check: &str) -> &str {
        self.row(check)["detail"].as_str().expect("every row says what was found")
    }

    pub(crate) fn status(&self, check: &str) -> &str {
        self.row(check)["status"].as_str().expect("every row has a status")
    }

    /// Names of the checks that ended like this.
    pub(crate) fn named(&self, status: &str) -> Vec<&str> {
        let rows = self.rows().iter().filter(|row| row["status"] == status);
        rows.map(|row| row["check"].as_str().expect("checks have names")).collect()
    }

    /// It failed for this reason, among others perhaps.
    #[track_caller]
    pub(crate) fn assert_failed(&self, check: &str, says: &str) {
        assert_eq!(self.code, Some(1), "{:#}", self.json);
        assert_eq!(self.json["ok"], false);
        let row = self.row(check);
        assert_eq!(row["status"], "fail", "{row}");
        assert!(self.detail(check).contains(says), "{row}");
        assert!(row["fix"].as_str().is_some_and(|fix| fix.len() > 10), "{row} has no remedy");
    }

    /// It failed for this reason alone.
    #[track_caller]
    pub(crate) fn assert_only(&self, check: &str, says: &str) {
        self.assert_failed(check, says);
        assert_eq!(self.named("fail"), [check], "{:#}", self.json);
    }
}

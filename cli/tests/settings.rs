//! `.env.example` names every setting of the programs, and none that nothing reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the log reads, which no program's help can show.
const OF_THE_LOG: &str = "RAD_LOG";

fn file(name: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The environment variables in the help of a program or a command.
fn settings_of(program: &Path, command: &[&str]) -> BTreeSet<String> {
    let output = Command::new(program).args(command).arg("--help").output().unwrap_or_else(|error| {
        panic!("{}: {error}: build it with `cargo build --workspace --bins`", program.display())
    });
    assert!(output.status.success(), "{command:?}: {output:?}");
    let help = String::from_utf8(output.stdout).expect("help is text");
    let named = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    named.map(str::to_owned).collect()
}

/// The commands in the help of `rad`.
fn commands(rad: &Path) -> Vec<String> {
    let output = Command::new(rad).arg("--help").output().expect("the binary was built for this test");
    let help = String::from_utf8(output.stdout).expect("help is text");
    let (_, listed) = help.split_once("Commands:\n").expect("the help lists the commands");
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let names: Vec<_> = lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect();
    assert!(names.iter().any(|name| name == "crawl"), "{names:?}");
    names.into_iter().filter(|name| name != "help").collect()
}

/// The programs lie beside `rad`, where `rad up` looks for them.
fn programs() -> BTreeSet<String> {
    let rad = PathBuf::from(env!("CARGO_BIN_EXE_rad"));
    let mut all = BTreeSet::from([OF_THE_LOG.to_owned()]);
    for process in ["rad-scheduler", "rad-worker"] {
        let settings = settings_of(&rad.with_file_name(process), &[]);
        assert!(settings.contains("RAD_METRICS_LISTEN"), "{process} is not of this build: {settings:?}");
        all.extend(settings);
    }
    for command in commands(&rad) {
        all.extend(settings_of(&rad, &[&command]));
    }
    for command in [["keys", "create"], ["tenants", "create"]] {
        all.extend(settings_of(&rad, &command));
    }
    all
}

/// Names on lines of the form `NAME=` or `#NAME=`.
fn names(text: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let (name, _) = line.trim_start_matches('#').split_once('=')?;
        let known = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        (!name.is_empty() && name.bytes().all(known)).then(|| name.to_owned())
    };
    text.lines().filter_map(name).collect()
}

#[test]
fn the_example_names_every_setting_and_no_other() {
    let compose = file("compose.yaml");
    let example = names(&file(".env.example"));
    let programs = programs();
    let missing: Vec<_> = programs.difference(&example).collect();
    assert!(missing.is_empty(), ".env.example lacks {missing:?}");
    for name in example.difference(&programs) {
        assert!(compose.contains(&format!("${{{name}:?")), "nothing reads {name}");
    }
}

#[test]
fn what_compose_and_fly_set_is_a_setting() {
    let programs = programs();
    let fly = file("fly.toml");
    let (_, fly) = fly.split_once("[env]").expect("fly.toml sets the environment");
    let fly: String = fly.split("[[").next().unwrap_or_default().replace(" = ", "=");
    let compose = file("compose.yaml");
    let set = compose.lines().filter_map(|line| line.trim().split_once(':').map(|(name, _)| name));
    let set =
        set.filter(|name| name.starts_with("RAD_") && !matches!(*name, "RAD_APP_PASSWORD" | "RAD_COMMIT"));
    for name in names(&fly).iter().map(String::as_str).chain(set) {
        assert!(programs.contains(name), "nothing reads {name}");
    }
}

/// The number behind the first `mark` of a text.
fn number(text: &str, mark: &str) -> u64 {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("there is no {mark}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|error| panic!("{mark}: {error}"))
}

#[test]
fn whoever_stops_a_worker_gives_it_the_time_that_it_may_take() {
    let seconds =
        |path, constant| number(&file(path), &format!("const {constant}: Duration = Duration::from_secs("));
    let margin = seconds("worker/src/run.rs", "STOP_MARGIN")
        + seconds("schema/src/process/stop.rs", "CLOSES")
        + seconds("schema/src/process/runtime.rs", "LAST_THREADS");
    assert_eq!(margin, seconds("loadtest/src/fleet/stop.rs", "MARGIN"), "a fleet kills workers too early");
    for page in [".env.example", "docs/deploy.md", "fly.toml", "compose.yaml"] {
        let told = file(page).to_lowercase().replace("\n# ", " ").replace('\n', " ");
        assert!(told.contains(&format!("at least {margin} ")), "{page} does not say at least {margin} s");
    }
    let default = number(&file(".env.example"), "#RAD_DRAIN_SECONDS=");
    let (fly, unit) = (file("fly.toml"), file("deploy/systemd/rad-worker@.service"));
    let compose = file("compose.yaml");
    let (_, compose) = compose.split_once("\n  worker:\n").expect("compose.yaml has workers");
    for (patience, drain) in [
        (number(&fly, "kill_timeout = "), number(&fly, "RAD_DRAIN_SECONDS = \"")),
        (number(compose, "stop_grace_period: "), number(compose, "RAD_DRAIN_SECONDS:-")),
        (number(&unit, "TimeoutStopSec="), default),
    ] {
        assert!(patience >= drain + margin, "killed after {patience} s, and it may drain for {drain} s");
    }
}

//! `rad up` with everything real: interrupted in the middle of a crawl, and run again.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rad_loadtest::web::{Server, Site, SiteSpec};

const PAGES: u32 = 400;

fn rad_up(dir: &Path, url: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_rad"))
        .args(["up", url, "--json", "--workers", "2", "--dir"])
        .arg(dir.join(".rad"))
        .env_remove("DATABASE_URL")
        .env_remove("REDIS_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Sends Ctrl-C and returns when rad says that it drains.
fn interrupt(rad: &mut Child) {
    let stderr = rad.stderr.take().expect("standard error is a pipe");
    let pid = i32::try_from(rad.id()).expect("the kernel's ids are positive 32-bit numbers");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("rad runs until it is told to end");
    let mut lines = BufReader::new(stderr).lines();
    let drains = lines.any(|line| line.is_ok_and(|line| line.starts_with("Draining")));
    assert!(drains, "rad ended without draining");
    // What it says until its end must not block it.
    std::thread::spawn(move || lines.for_each(drop));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_crawl_is_continued_by_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new(SiteSpec { pages: PAGES, ..SiteSpec::default() });
    let server = Server::start(site, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();

    // From the 21st request on nothing is answered, so the crawl can't end before the signal arrives.
    let hold = server.hold_after(20, "/");
    let mut first = rad_up(dir.path(), &server.url());
    hold.wait_held(1).await;
    interrupt(&mut first);
    hold.release();
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(130), "{first:?}");
    assert_eq!(json(&first)["outcome"], "interrupted");

    let second = rad_up(dir.path(), &server.url()).wait_with_output().unwrap();
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains("Metrics of the scheduler: http://127.0.0.1:"), "{told}");
    let second = json(&second);
    assert_eq!((&second["continued"], &second["outcome"]), (&true.into(), &"completed".into()));
    assert_eq!(second["crawl"]["counts"]["stored"], PAGES);
    assert_eq!(second["documents"], PAGES);
    assert_eq!(second["crawl"]["id"], json(&first)["crawl"]["id"]);
    assert_eq!(second["samples"].as_array().unwrap().len(), 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_stores_nothing_ends_with_5() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new(SiteSpec { pages: 1, ..SiteSpec::default() });
    let server = Server::start(site, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let missing = format!("{}no-such-page", server.url());
    let output = rad_up(dir.path(), &missing).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert_eq!(json(&output)["crawl"]["counts"]["failed"], 1);
    server.stop().await;
}

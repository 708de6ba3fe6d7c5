//! docs/tour.md does what it says: its blocks are run in one shell, and its promises are looked for.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use rad_loadtest::fleet::{Fleet, FleetOptions};
use rad_loadtest::web::{Server, Site, SiteSpec};
use tokio::process::Command;
use tokio::time::timeout;

/// More than the limit of the tenant on the page.
const PAGES: u32 = 120;

/// The page ends within seconds; on a busy machine it may take some more.
const WITHIN: Duration = Duration::from_mins(5);

/// Before the output of each block, with its number.
const MARK: &str = "@@ block ";

/// A block of commands with what its output promises to contain.
#[derive(Debug, Default, PartialEq)]
struct Block {
    commands: String,
    promises: Vec<String>,
}

/// The blocks of a page that are to be run.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside: Option<&str> = None;
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            inside = if inside.is_none() { Some(language) } else { None };
            if inside == Some("sh") {
                blocks.push(Block::default());
            }
            continue;
        }
        match (inside, blocks.last_mut()) {
            (Some("sh"), Some(block)) => {
                writeln!(block.commands, "{line}").expect("a String takes all writes");
            }
            (Some("text"), Some(block)) => block.promises.push(line.to_owned()),
            _ => {}
        }
    }
    blocks
}

/// Whether the output has a line for each promise, in their order. How many blanks there are does not matter, and
/// `...` stands for anything.
fn keeps(output: &str, promises: &[String]) -> Result<(), String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = output.lines().map(words);
    for promise in promises {
        let fragments: Vec<_> = promise.split("...").map(words).collect();
        let fits = |line: String| {
            let mut rest = line.as_str();
            fragments.iter().all(|fragment| {
                rest.find(fragment.as_str()).is_some_and(|at| {
                    rest = &rest[at + fragment.len()..];
                    true
                })
            })
        };
        if !lines.any(fits) {
            return Err(format!("no line with {promise:?} (in this place)"));
        }
    }
    Ok(())
}

/// All blocks in one shell that ends at the first failure.
fn script(blocks: &[Block]) -> String {
    let mut script = "set -euo pipefail\nexec 2>&1\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        write!(script, "echo '{MARK}{number}'\n{}", block.commands).expect("a String takes all writes");
    }
    script
}

/// The programs lie beside `rad`.
fn path() -> OsString {
    let programs = Path::new(env!("CARGO_BIN_EXE_rad")).parent().expect("a file is in a folder");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = [programs.to_owned()].into_iter().chain(std::env::split_paths(&others));
    std::env::join_paths(all).expect("cargo's folders have no colons")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_does_what_it_says() {
    let blocks =
        blocks(&fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tour.md")).unwrap());
    assert!(blocks.len() >= 10, "only {} blocks were found", blocks.len());
    let dir = tempfile::tempdir().unwrap();
    // Some links are broken, so that there are errors to list.
    let site = Site::new(SiteSpec { pages: PAGES, broken_percent: 5, ..SiteSpec::default() });
    let web = Server::start(site, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let options = FleetOptions { workers: 2, ..FleetOptions::for_test(dir.path().join("fleet")) };
    let fleet = Fleet::start(options).await.unwrap();
    let shell = Command::new("bash")
        .arg("-c")
        .arg(script(&blocks))
        .current_dir(dir.path())
        .env("PATH", path())
        .env("RAD_API_URL", fleet.operator().origin())
        .env("RAD_MIGRATE_URL", fleet.owner_url())
        .env("SITE", web.url())
        .env_remove("RAD_API_KEY")
        .env_remove("RAD_API_KEY_FILE")
        .kill_on_drop(true)
        .output();
    let output = timeout(WITHIN, shell).await.expect("the tour ends").unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "the tour stopped:\n{said}");
    for (number, part) in said.split(MARK).skip(1).enumerate() {
        keeps(part, &blocks[number].promises)
            .unwrap_or_else(|fault| panic!("{fault} in the output of\n{}\n{part}", blocks[number].commands));
    }
    assert_eq!(said.matches(MARK).count(), blocks.len());
    fleet.stop().await.unwrap();
    web.stop().await;
}

#[test]
fn blocks_of_a_page_are_found_with_their_promises() {
    let page = "```sh no-test\na\n```\n\n```sh\nb\nc\n```\n\n```text\nd ... e\n```\n```promql\nf\n```\n";
    let block = Block { commands: "b\nc\n".to_owned(), promises: vec!["d ... e".to_owned()] };
    assert_eq!(blocks(page), [block]);
}

#[test]
fn promises_are_kept_in_their_order_whatever_the_blanks() {
    let promises = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let output = "one   two\n  three 4 five\n";
    assert_eq!(keeps(output, &promises(&["one two", "three ... five"])), Ok(()));
    assert!(keeps(output, &promises(&["three", "one"])).is_err(), "not in this order");
    assert!(keeps(output, &promises(&["two one"])).is_err());
    assert!(keeps(output, &promises(&["five ... three"])).is_err());
}

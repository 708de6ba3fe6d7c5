//! Lines of the log that pages quote: in backticks and double quotes, as `"leases taken back"`.

use std::fs;
use std::path::Path;

use super::path;

/// Programs that commands in backticks begin with; other plain words there are lines of a log.
const PROGRAMS: [&str; 7] = ["curl", "docker", "fly", "psql", "rad", "redis-cli", "systemctl"];

/// Crates that write what an operator reads.
const CRATES: [&str; 4] = ["core", "schema", "scheduler", "worker"];

/// The text of all sources, with the parts of a text over several lines put together.
pub(crate) fn sources() -> String {
    let mut all = String::new();
    for name in CRATES {
        read(&path(name).join("src"), &mut all);
    }
    all
}

fn read(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder is part of the repository") {
        let file = entry.expect("a folder can be listed to its end").path();
        if file.is_dir() {
            read(&file, all);
        } else if file.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&file).expect("sources are text");
            for part in text.split("\\\n") {
                all.push_str(part.trim_start());
            }
        }
    }
}

/// Lines that a page quotes, without the three dots of one that goes on.
pub(crate) fn quoted(page: &str) -> Vec<&str> {
    let lines = in_backticks(page).into_iter();
    lines
        .filter_map(|text| Some(text.strip_prefix('"')?.strip_suffix('"')?.trim_end_matches(" ...")))
        .collect()
}

/// Several plain words in backticks that are neither quoted nor a command: the mark was forgotten.
pub(crate) fn unmarked(page: &str) -> Vec<&str> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || " ,.:'_".contains(letter);
    let forgotten = |text: &&str| {
        let first = text.split(' ').next().unwrap_or_default();
        let says = first.bytes().any(|byte| byte.is_ascii_lowercase()) && !PROGRAMS.contains(&first);
        text.contains(' ') && text.chars().all(plain) && says && !text.ends_with("...")
    };
    in_backticks(page).into_iter().filter(forgotten).collect()
}

/// What stands in single backticks on one line, outside of blocks.
fn in_backticks(page: &str) -> Vec<&str> {
    let outside = page.split("```").step_by(2);
    outside.flat_map(str::lines).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn quoted_and_forgotten_lines_are_found() {
    let page = "`\"leases taken back\"` and `\"migration ...\"`, `rad status`\n```sh\n`\"no\"`\n```\n| `it broke`, `\"x\":1` |\n";
    assert_eq!(quoted(page), ["leases taken back", "migration"]);
    assert_eq!(unmarked(page), ["it broke"]);
}

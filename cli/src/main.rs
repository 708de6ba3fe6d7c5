//! `rad`: the command that people type.
//!
//! Data goes to standard output, and everything else to standard error. Exit codes: 0 ok, 1 failed, 2 usage,
//! 3 configuration (also a key that is not accepted), 4 a dependency is missing or can't be reached, 5 the crawl
//! ended with nothing stored, 6 the crawl is paused by a quota, 124 `--timeout` passed, 130 interrupted.

mod amount;
mod cancel;
mod clean;
mod command;
mod connection;
mod crawl;
mod docs;
mod doctor;
mod explain;
mod failure;
mod follow;
mod interrupt;
mod keys;
mod migrate;
mod operator;
mod output;
mod paint;
mod retry;
mod start_url;
mod status;
mod table;
mod tally;
mod tenants;
mod terminal;
mod up;
mod whoami;
mod workers;

use std::process::ExitCode;

use clap::Parser;

/// Turns websites into clean, chunked, searchable documents.
#[derive(Parser)]
#[command(name = "rad", version)]
struct Arguments {
    #[command(subcommand)]
    command: command::Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(Arguments::parse().command.run()).await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("rad: {}", clean::lines(&format!("{:#}", failure.error)));
            ExitCode::from(failure.code)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn the_definitions_of_all_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}

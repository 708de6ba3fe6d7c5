//! `rad`: the command that people type.
//!
//! Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 a dependency is missing or can't be reached, 5 the crawl
//! ended with nothing stored, 130 interrupted.

mod failure;
mod interrupt;
mod migrate;
mod paint;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;
use interrupt::Interrupt;

/// Turns websites into clean, chunked, searchable documents.
#[derive(Parser)]
#[command(name = "rad", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(Box<up::UpOptions>),
    Migrate(migrate::MigrateOptions),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("rad: {:#}", failure.error);
            ExitCode::from(failure.code)
        }
    }
}

async fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Up(options) => up::run(&options, &Interrupt::listen()?).await,
        Command::Migrate(options) => migrate::run(&options).await,
    }
}

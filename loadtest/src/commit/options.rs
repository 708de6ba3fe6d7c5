//! What a person may choose about a benchmark of the commit.

use std::path::PathBuf;

use clap::Args;

/// Measures the commit of pages against plain COPY of the same chunk rows, on private stores.
#[derive(Clone, Debug, Args)]
pub struct CommitOptions {
    /// Pages of each round
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub pages: u32,
    /// Rounds; told is the median
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Pages of each transaction
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub batch: u32,
    /// Transactions at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=32))]
    pub connections: u32,
    /// Approximate size of a page in bytes
    #[arg(long, default_value_t = 24 * 1024)]
    pub body_bytes: u32,
    /// Folder of the private stores [default: a temporary one]
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

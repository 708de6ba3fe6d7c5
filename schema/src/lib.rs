//! Everything that is stored, and the only crate that speaks to Postgres and Redis.
//!
//! Postgres is the truth (`ledger`, `commit`, `jobs`, `documents`); Redis is a bounded window of it for
//! dispatch (`window`). SQL stands in `queries/` and `migrations/`, Lua in `lua/`, one statement or script a file.

pub mod admin;
pub mod bench;
mod cluster;
pub mod commit;
pub mod crawls;
pub mod db;
pub mod dead_letters;
pub mod documents;
pub mod explain;
pub mod fleet;
pub mod gauges;
pub mod hosts;
pub mod jobs;
pub mod keys;
pub mod layout;
pub mod ledger;
pub mod local;
pub mod migrate;
pub mod probe;
pub mod process;
pub mod proof;
pub mod queue;
pub mod roles;
pub mod tasks;
pub mod tenants;
pub mod tombstones;
pub mod window;

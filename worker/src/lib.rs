//! The crawl worker: claim, hydrate, lock, fetch, extract, chunk, commit, complete.
//!
//! A worker keeps nothing on its disk. `session` is one life in the fleet, under one incarnation and one
//! generation of the dispatch window; `page` is the life of one page; `store` makes its effects durable.

pub mod config;
mod content;
mod crash;
mod dry;
mod engine;
pub mod extract;
pub mod fetch;
mod hand;
mod healths;
mod links;
mod listed;
mod listing;
mod page;
mod readers;
mod robots;
mod run;
mod scopes;
mod seen;
mod session;
mod store;
mod watchdog;

pub use run::{RunError, run};

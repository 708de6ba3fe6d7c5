//! The control plane: the API, and the background work that one leader does for the fleet.
//!
//! `api` is one face over `service`; `tasks` are activations that repeat for ever and may stop at any moment.

mod api;
mod caps;
pub mod config;
mod feed;
mod old_work;
mod run;
mod service;
mod tasks;

pub use run::{RunError, run};

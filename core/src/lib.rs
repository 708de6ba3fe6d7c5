//! Pure rules of the crawler fleet: no I/O, no clock, no randomness that was not passed in.
//!
//! Everything above (`rad-schema`, `rad-worker`, `rad-scheduler`) decides through these modules, so that
//! each rule stands once and can be tested and simulated alone.

pub mod address;
mod calendar;
pub mod chunk;
pub mod cookies;
pub mod errors;
pub mod health;
pub mod ids;
pub mod likeness;
pub mod metrics;
pub mod retry;
pub mod robots;
pub mod scope;
pub mod sitemap;
pub mod trap;
pub mod url;
pub mod verdict;

//! The fleet as real processes: what survives kills, wipes, limits, cancels and neighbours.

mod api_errors;
mod api_reads;
mod api_ready;
mod cancel;
mod child;
mod crash;
mod drain;
mod held;
mod limits;
mod metrics;
mod plain_http;
mod proof;
mod real_sites;
mod skew;
mod tenants;
mod watchdog;
mod wipe;

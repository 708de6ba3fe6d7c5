//! The fleet as real processes: what survives kills, wipes, limits, cancels and neighbours.

mod api_errors;
mod api_reads;
mod api_ready;
mod cancel;
mod child;
mod cluster;
mod commit_bench;
mod crash;
mod drain;
mod held;
mod limits;
mod metrics;
#[path = "../../../schema/tests/it/own_cluster.rs"]
mod own_cluster;
mod plain_http;
mod poison;
mod proof;
mod queue_bench;
mod real_sites;
mod scripted;
mod shards;
mod shards_caps;
mod shards_cluster;
mod skew;
mod strangers;
mod tasks;
mod tasks_api;
mod tenants;
mod watchdog;
mod wipe;

//! What is stored, against real stores: a shared Postgres with a database per test, and a Redis per test.

mod crawl;
mod dice;
mod outside;
mod own_cluster;
mod own_redis;
mod page;
mod rig;
mod snapshot;
mod stores;

mod admin;
mod cluster;
mod commit_attempts;
mod commit_changes;
mod commit_failures;
mod commit_fences;
mod commit_limits;
mod commit_links;
mod commit_pages;
mod commit_storage;
mod dead_letters;
mod fleet;
mod histories;
mod hydrate;
mod jobs;
mod ledger;
mod locks_shared;
mod locks_user;
mod prepare;
mod roles;
mod scripts;
mod tasks_claim;
mod tasks_ends;
mod tasks_lanes;
mod tasks_ledger;
mod tasks_wipe;
mod tenants;
mod window_claim;
mod window_fairness;
mod window_feed;
mod window_fuzz;
mod window_history;
mod window_hosts;
mod window_leases;
mod window_locks;
mod window_protocol;
mod window_reaper;
mod window_recovery;
mod window_refill;
mod window_shards;
mod window_state;
mod window_survey;
mod window_suspects;
mod window_wake;

/// What a test returns.
type Done = anyhow::Result<()>;

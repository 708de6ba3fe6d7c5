//! The fleet as real processes: what survives kills, wipes, limits, cancels and neighbours.

mod cancel;
mod crash;
mod limits;
mod proof;
mod real_sites;
mod tenants;
mod wipe;

//! `rad doctor` against broken set-ups: each must be named by the check that is about it, with a remedy.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test, wherever it is missed")]

#[path = "doctor/fleet.rs"]
mod fleet;
#[path = "doctor/rig.rs"]
mod rig;
#[path = "doctor/settings.rs"]
mod settings;
#[path = "doctor/silent.rs"]
mod silent;
#[path = "doctor/stores.rs"]
mod stores;

//! What benchmarks need beside the product's own calls.
//!
//! Only this crate speaks to the stores, so what the servers say of their own work, plain commands to compare with,
//! and ledgers of a wanted size come from here. Nothing of it is used by the processes of a fleet.

mod copy;
mod ledger;
mod meter;
mod reading;

pub use copy::{ChunkRow, PlainCopy, make_plain_table};
pub use ledger::{postgres_version, settle};
pub use meter::Meter;
pub use reading::{Calls, Reading};

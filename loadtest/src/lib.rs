//! Load tests of the crawler fleet: a synthetic web and an independent judge of crawls.
//!
//! - [`web`] serves a site that follows from a seed alone, so that what a crawl must find is known
//!   beforehand.
//! - [`oracle`] walks any loopback site with its own link scanner and says what a crawl must find there.
//! - [`client`] asks the API, for everything here and for `rad`.
//! - [`fleet`] starts schedulers and workers as real processes and can kill, drain and restart each.
//! - [`crawl`] measures one crawl by a fleet and checks what it left in the stores.
//! - [`extraction`] measures how well and how fast content is extracted and cut into chunks.
//! - [`commit`] measures the commit of pages against plain COPY.
//! - [`cost`] says what processor time all this took, by process.
//! - [`queue`] measures dispatch itself: throughput, latency, memory, fairness, feeding.

pub mod client;
pub mod commit;
pub mod cost;
pub mod crawl;
pub mod extraction;
pub mod fleet;
pub mod oracle;
pub mod queue;
pub mod web;

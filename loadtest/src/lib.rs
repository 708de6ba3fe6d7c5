//! Load tests of the crawler fleet: a synthetic web and an independent judge of crawls.
//!
//! - [`web`] serves a site that follows from a seed alone, so that what a crawl must find is known
//!   beforehand.
//! - [`oracle`] walks any loopback site with its own link scanner and says what a crawl must find there.

pub mod oracle;
pub mod web;

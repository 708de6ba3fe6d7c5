//! A synthetic web: a seeded graph of pages, served over HTTP on loopback.
//!
//! [`Site`] is pure: the same [`SiteSpec`] gives the same pages, links and bytes on every machine, and
//! [`Site::expected`] says what a correct crawl of it must find. [`Server`] puts it on a socket, counts and
//! logs every request, and can hold requests back so that a test decides what happens while they wait.

mod answer;
mod arrivals;
mod blocks;
mod expected;
mod gate;
mod graph;
mod page;
mod seeded;
mod server;
mod site;
mod spec;
mod vocabulary;

pub use arrivals::Hit;
pub use expected::Expected;
pub use gate::HoldGuard;
pub use graph::{Kind, PageNumber};
pub use server::Server;
pub use site::Site;
pub use spec::{RobotsKnob, RobotsRule, SiteSpec};

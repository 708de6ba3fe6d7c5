//! The registry of all metrics: what each is called, means, and who exports it.
//!
//! Pure data. A process describes and creates its metrics from [`METRICS`] before it does anything else, so that a
//! counter is there at zero before its first event: `increase()` of a series that begins at 1 is empty. Code names
//! a metric by its constant, never by a literal. Labels never carry a URL, a task number or an error's text.

mod buckets;
pub mod control;
pub mod fetch;
pub mod fleet;
pub mod tasks;
#[cfg(test)]
mod tests;

/// The queue of the tasks of crawls.
pub const CRAWL_QUEUE: &str = "crawl";

/// The queue of tasks of other kinds, which are pushed and worked on from outside.
pub const TASK_QUEUE: &str = "tasks";

/// The commit that this build was made of, as whoever built it said: every version has many.
pub const COMMIT: &str = match option_env!("RAD_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Events since the start of the process.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// A distribution, with the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// A kind of process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `rad-worker`.
    Worker,
    /// `rad-scheduler`.
    Scheduler,
}

/// Who exports a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// Every worker.
    Worker,
    /// Every scheduler.
    Scheduler,
    /// Every process.
    Every,
    /// The scheduler that leads, and no other: the value is of the whole fleet, and a second one would double sums.
    Leader,
}

/// A label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Values whose series are there from the start. Empty: they are known only to the running process.
    pub known: &'static [&'static str],
}

/// A metric of the fleet.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, with the prefix `rad_` and a base unit.
    pub name: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// One sentence for the HELP line.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [Label],
    /// Who exports it.
    pub exporter: Exporter,
}

impl Metric {
    /// Whether a process of this kind exports the metric from its start. What only the leader exports is not.
    pub fn is_exported_by(&self, role: Role) -> bool {
        match self.exporter {
            Exporter::Every => true,
            Exporter::Worker => role == Role::Worker,
            Exporter::Scheduler => role == Role::Scheduler,
            Exporter::Leader => false,
        }
    }

    /// The label values of every series that is there from the start; none when a label's values are not known.
    pub fn known_series(&self) -> Vec<Vec<&'static str>> {
        self.labels.iter().fold(vec![Vec::new()], |series, label| {
            series
                .iter()
                .flat_map(|values| label.known.iter().map(|value| [values.as_slice(), &[*value]].concat()))
                .collect()
        })
    }
}

/// The tables of all metrics.
pub const METRICS: [&[Metric]; 4] = [tasks::TABLE, fetch::TABLE, fleet::TABLE, control::TABLE];

/// All metrics.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    METRICS.into_iter().flatten()
}

/// Writes a table of metrics: a constant for each name, with its help as its documentation.
macro_rules! table {
    ($(
        $(#[doc = $help:literal])+
        $id:ident = $name:literal, $kind:expr, $exporter:ident, { $($label:ident: [$($value:expr),*]),* };
    )+) => {
        $($(#[doc = $help])+ pub const $id: &str = $name;)+

        pub(super) const TABLE: &[$crate::metrics::Metric] = &[$($crate::metrics::Metric {
            name: $name,
            kind: $kind,
            help: concat!($($help),+).trim_ascii(),
            labels: &[$($crate::metrics::Label { name: stringify!($label), known: &[$($value),*] }),*],
            exporter: $crate::metrics::Exporter::$exporter,
        }),+];
    };
}
use table;

//! The queues: each has a ledger in Postgres, and a dispatch window of its own that is a copy of its head.

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// URLs of crawls, worked on by the fleet. Its ledger is `crawl_urls`; locks stand here too.
    Crawl,
    /// Tasks of other kinds, worked on from outside. Its ledger is `tasks`; a lane's host is the kind of task.
    Tasks,
}

impl Queue {
    /// All queues.
    pub const ALL: [Self; 2] = [Self::Crawl, Self::Tasks];

    /// Its number in `dispatch_shards`.
    pub(crate) const fn number(self) -> i16 {
        match self {
            Self::Crawl => 0,
            Self::Tasks => 1,
        }
    }

    /// Its name, also as the value of the metrics' label `queue`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crawl => rad_core::metrics::CRAWL_QUEUE,
            Self::Tasks => rad_core::metrics::TASK_QUEUE,
        }
    }
}

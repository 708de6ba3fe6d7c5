//! Counts and logs the requests that reach a server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

/// One request, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Time of arrival in microseconds since the server started.
    pub at_micros: u64,
    /// Path and query.
    pub path: String,
    /// The status it is answered with. It is decided at arrival, before any hold or latency.
    pub status: u16,
    /// Requests that were being answered at this moment, with this one.
    pub in_flight: u32,
}

/// Requests that are being answered by several servers together.
#[derive(Debug, Default)]
pub(crate) struct Load {
    now: AtomicU32,
    most: AtomicU32,
}

impl Load {
    pub(crate) fn most(&self) -> u32 {
        self.most.load(Ordering::Relaxed)
    }
}

/// Everything a server remembers of its requests.
pub(crate) struct Arrivals {
    started: Instant,
    journal: Mutex<Journal>,
    in_flight: AtomicU32,
    /// Of this server and those beside it.
    load: Arc<Load>,
    total: watch::Sender<u64>,
    /// A server that runs for days must not keep a line for each request.
    logged: bool,
}

#[derive(Default)]
struct Journal {
    hits: HashMap<String, u32>,
    log: Vec<Hit>,
    max_in_flight: u32,
}

/// A request that is being answered; ends with its drop, also if the client hangs up.
pub(crate) struct InFlight<'a> {
    /// The first request of the server is 1.
    pub(crate) number: u64,
    all: &'a AtomicU32,
    load: &'a Load,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::Relaxed);
        self.load.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Arrivals {
    pub(crate) fn new(logged: bool, load: Arc<Load>) -> Self {
        Self {
            load,
            started: Instant::now(),
            journal: Mutex::default(),
            in_flight: AtomicU32::new(0),
            total: watch::Sender::new(0),
            logged,
        }
    }

    /// Notes a request to `path`; `status` decides the answer from the number of requests to the path,
    /// with this one. Both happen under one lock, so the log is in the order of arrival.
    pub(crate) fn arrive(&self, path: &str, status: impl FnOnce(u32) -> u16) -> (u16, InFlight<'_>) {
        let mut journal = self.journal();
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let together = self.load.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.load.most.fetch_max(together, Ordering::Relaxed);
        journal.max_in_flight = journal.max_in_flight.max(in_flight);
        let status = status(journal.count(path));
        if self.logged {
            let at_micros = u64::try_from(self.started.elapsed().as_micros())
                .expect("a server doesn't run for half a million years");
            let path = path.to_owned();
            journal.log.push(Hit { at_micros, path, status, in_flight });
        }
        drop(journal);
        let mut number = 0;
        self.total.send_modify(|total| {
            *total += 1;
            number = *total;
        });
        (status, InFlight { number, all: &self.in_flight, load: &self.load })
    }

    /// Panics when they don't come within `within`.
    pub(crate) async fn wait(&self, count: u64, within: Duration) {
        let mut total = self.total.subscribe();
        let arrived = timeout(within, total.wait_for(|total| *total >= count)).await;
        let Ok(arrived) = arrived else {
            panic!("only {} of {count} requests have arrived within {within:?}", self.total());
        };
        arrived.expect("the sender lives in self");
    }

    pub(crate) fn total(&self) -> u64 {
        *self.total.borrow()
    }

    pub(crate) fn hits(&self) -> HashMap<String, u32> {
        self.journal().hits.clone()
    }

    pub(crate) fn log(&self) -> Vec<Hit> {
        self.journal().log.clone()
    }

    pub(crate) fn load(&self) -> &Arc<Load> {
        &self.load
    }

    pub(crate) fn max_in_flight(&self) -> u32 {
        self.journal().max_in_flight
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        // Each change of the journal is complete in itself, so one left by a panic is still true.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Counts a request to `path` and says how many there were, with this one.
    fn count(&mut self, path: &str) -> u32 {
        if let Some(count) = self.hits.get_mut(path) {
            *count += 1;
            return *count;
        }
        self.hits.insert(path.to_owned(), 1);
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_every_arrival_with_the_load_at_that_moment() {
        let arrivals = Arrivals::new(true, Arc::default());
        let (_, first) = arrivals.arrive("/a", |_| 200);
        let (_, second) = arrivals.arrive("/b", |_| 404);
        drop((first, second));
        drop(arrivals.arrive("/a", |count| if count == 2 { 503 } else { 200 }));

        let log = arrivals.log();
        let seen: Vec<_> = log.iter().map(|hit| (hit.path.as_str(), hit.status, hit.in_flight)).collect();
        assert_eq!(seen, [("/a", 200, 1), ("/b", 404, 2), ("/a", 503, 1)]);
        assert!(log.is_sorted_by_key(|hit| hit.at_micros));
        assert_eq!(arrivals.max_in_flight(), 2);
        assert_eq!(arrivals.total(), 3);
        assert_eq!(arrivals.hits()["/a"], 2);
    }

    #[tokio::test]
    #[should_panic(expected = "only 1 of 2 requests have arrived")]
    async fn requests_that_never_come_are_not_waited_for_without_end() {
        let arrivals = Arrivals::new(false, Arc::default());
        drop(arrivals.arrive("/a", |_| 200));
        arrivals.wait(1, Duration::ZERO).await;
        arrivals.wait(2, Duration::from_millis(1)).await;
    }

    #[test]
    fn without_a_log_the_counts_remain() {
        let arrivals = Arrivals::new(false, Arc::default());
        drop(arrivals.arrive("/a", |_| 200));
        assert!(arrivals.log().is_empty());
        assert_eq!(arrivals.hits()["/a"], 1);
    }
}

//! Ends a worker with a page that keeps a thread for longer than any page may take.
//!
//! Code that waits gives its thread back and has deadlines of its own; code that computes for ever, in a parser
//! or a regular expression, can't be stopped from outside. So the code of pages and commits says when it takes a
//! thread and when it gives it back, and a thread kept for too long ends the process. Pages that merely wait for
//! a store that is down are not concerned: an outage must not end the whole fleet.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rad_core::ids::TaskId;
use rad_schema::process::watchdog::{self, PERIOD, Stuck};

/// What keeps threads busy at this moment.
#[derive(Default)]
pub(crate) struct Threads {
    /// The clock: looks of the watchdog so far.
    looks: AtomicU32,
    busy: Mutex<Busy>,
}

#[derive(Default)]
struct Busy {
    /// Numbers grow, so the first is the one that keeps its thread for the longest time.
    kept: BTreeMap<u64, Kept>,
    next: u64,
}

struct Kept {
    doing: &'static str,
    tasks: Arc<[TaskId]>,
    since: u32,
}

/// Gives the thread back when it is dropped.
pub(crate) struct OnThread<'a> {
    threads: &'a Threads,
    number: u64,
}

impl Drop for OnThread<'_> {
    fn drop(&mut self) {
        self.threads.busy().kept.remove(&self.number);
    }
}

impl Threads {
    /// The calling thread works for `tasks` until the guard is dropped.
    pub(crate) fn keep(&self, doing: &'static str, tasks: Arc<[TaskId]>) -> OnThread<'_> {
        let since = self.looks.load(Ordering::Relaxed);
        let mut busy = self.busy();
        let number = busy.next;
        busy.next += 1;
        busy.kept.insert(number, Kept { doing, tasks, since });
        OnThread { threads: self, number }
    }

    /// Runs `future`, and says each time that it has a thread.
    pub(crate) async fn watched<F: Future>(
        self: Arc<Self>,
        doing: &'static str,
        tasks: Arc<[TaskId]>,
        future: F,
    ) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            let _kept = self.keep(doing, Arc::clone(&tasks));
            future.as_mut().poll(context)
        })
        .await
    }

    /// One look of the watchdog: what has kept a thread since `limit` or more looks.
    fn look(&self, limit: u32) -> Option<Stuck> {
        let now = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        let busy = self.busy();
        let kept = busy.kept.values().next()?;
        // The first look may have come right after the thread was taken.
        let looks = now.saturating_sub(kept.since);
        (looks > limit).then(|| Stuck {
            what: format!("{} keeps a thread", kept.doing),
            still: PERIOD * (looks - 1),
            tasks: kept.tasks.iter().map(|task| task.0).collect(),
        })
    }

    fn busy(&self) -> MutexGuard<'_, Busy> {
        // Inserts and removals leave the map valid whatever happens between them.
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the process when something has kept a thread for `limit`.
pub(crate) fn watch(threads: Arc<Threads>, limit: Duration) -> io::Result<()> {
    let looks = u32::try_from(limit.as_secs() / PERIOD.as_secs()).unwrap_or(u32::MAX);
    watchdog::start(move || threads.look(looks))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn tasks(number: i64) -> Arc<[TaskId]> {
        Arc::new([TaskId(number)])
    }

    #[test]
    fn a_thread_that_is_given_back_in_time_is_never_stuck() {
        let threads = Threads::default();
        for task in 0..20 {
            let kept = threads.keep("a page", tasks(task));
            assert_eq!(threads.look(2), None);
            assert_eq!(threads.look(2), None);
            drop(kept);
            assert_eq!(threads.look(2), None);
        }
    }

    #[test]
    fn a_thread_that_is_kept_for_longer_is_named_with_its_task_and_time() {
        let threads = Threads::default();
        let _kept = threads.keep("a page", tasks(7));
        let _later = threads.keep("a commit", tasks(8));
        assert_eq!(threads.look(2), None);
        assert_eq!(threads.look(2), None);
        let stuck = threads.look(2);
        let expected = Stuck { what: "a page keeps a thread".to_owned(), still: PERIOD * 2, tasks: vec![7] };
        assert_eq!(stuck, Some(expected));
    }

    #[test]
    fn a_future_that_waits_keeps_no_thread() {
        let threads = Arc::new(Threads::default());
        let mut waiting =
            pin!(Arc::clone(&threads).watched("a page", tasks(1), std::future::pending::<()>()));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..10 {
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!(threads.look(1), None);
        }
    }

    #[test]
    fn a_future_keeps_its_thread_while_it_runs() {
        let threads = Arc::new(Threads::default());
        let inside = Arc::clone(&threads);
        let running = async move { (0..5).find_map(|_| inside.look(3)) };
        let mut watched = pin!(Arc::clone(&threads).watched("a page", tasks(1), running));
        let Poll::Ready(stuck) = watched.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it does not wait for anything");
        };
        assert_eq!(stuck.map(|stuck| stuck.tasks), Some(vec![1]));
        assert!(threads.busy().kept.is_empty());
    }
}

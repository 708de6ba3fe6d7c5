//! Workers that claim and complete as fast as they can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rad_core::ids::{Incarnation, TaskId};
use rad_schema::window::{Claimed, Completion, Window};
use tokio::task::JoinSet;

use super::QueueError;
use super::bench::{Bench, TERMS};

/// While there is work, somebody gets some within this time.
const STUCK: Duration = Duration::from_secs(20);

/// How often a worker looks again when every host rests.
const REST: Duration = Duration::from_millis(1);

/// How workers claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Tasks asked for in a call.
    pub(super) batch: usize,
    /// Calls before what they brought is completed together.
    pub(super) calls: usize,
}

/// What all workers have got.
#[derive(Debug, Default)]
pub(super) struct Served {
    pub(super) tasks: Vec<TaskId>,
    /// Claims that brought something.
    pub(super) claims: usize,
}

/// One worker of many.
struct Worker {
    window: Window,
    incarnation: Incarnation,
    load: Load,
    request: u64,
    served: Served,
}

/// Lets `workers` workers claim and complete until they have got `most` tasks or a few more.
pub(super) async fn drive(
    bench: &mut Bench,
    windows: &[Window],
    workers: usize,
    load: Load,
    most: usize,
) -> Result<Served, QueueError> {
    let taken = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    for window in windows.iter().cycle().take(workers) {
        let incarnation = bench.worker(window).await?;
        let worker =
            Worker { window: window.clone(), incarnation, load, request: 0, served: Served::default() };
        running.spawn(worker.run(taken.clone(), most));
    }
    let mut all = Served::default();
    for served in running.join_all().await {
        let served = served?;
        all.tasks.extend(served.tasks);
        all.claims += served.claims;
    }
    Ok(all)
}

impl Worker {
    async fn run(mut self, taken: Arc<AtomicUsize>, most: usize) -> Result<Served, QueueError> {
        let mut last = Instant::now();
        while taken.load(Ordering::Relaxed) < most {
            let hand = self.claim().await?;
            if hand.is_empty() {
                if last.elapsed() > STUCK {
                    let got = taken.load(Ordering::Relaxed);
                    return Err(QueueError::Broken(format!(
                        "{got} of {most} tasks handed out, then none in {STUCK:?}"
                    )));
                }
                tokio::time::sleep(REST).await;
                continue;
            }
            last = Instant::now();
            taken.fetch_add(hand.len(), Ordering::Relaxed);
            complete(&self.window, &hand).await?;
            self.served.tasks.extend(hand.iter().map(|task| task.task));
        }
        Ok(self.served)
    }

    async fn claim(&mut self) -> Result<Vec<Claimed>, QueueError> {
        let mut hand = Vec::new();
        for _ in 0..self.load.calls {
            self.request += 1;
            let batch = self.window.claim(self.incarnation, self.request, self.load.batch, TERMS).await?;
            self.served.claims += usize::from(!batch.tasks.is_empty());
            hand.extend(batch.tasks);
        }
        Ok(hand)
    }
}

/// Ends every lease in `hand`, all of which must still be ours.
pub(super) async fn complete(window: &Window, hand: &[Claimed]) -> Result<(), QueueError> {
    let done: Vec<_> = hand
        .iter()
        .map(|task| Completion { task: task.task, fence: task.fence, pause: Duration::ZERO })
        .collect();
    let ended = window.complete(&done, &[], &[]).await?;
    if usize::try_from(ended).is_ok_and(|ended| ended == hand.len()) {
        Ok(())
    } else {
        Err(QueueError::Broken(format!("{ended} of {} leases were still held", hand.len())))
    }
}

//! From a push to the claim by a worker that slept.

use std::time::{Duration, Instant};

use rad_schema::window::{NewTask, Window};

use super::QueueError;
use super::bench::{Bench, LOOK, TERMS};
use super::layout::Layout;
use super::load::complete;
use super::options::Sizes;
use super::statistics::Percentiles;

const AT_MOST: Duration = Duration::from_secs(5);

/// More than the wake list holds.
const TOKENS: u64 = 1_000;

/// The wake-up test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wake {
    /// Milliseconds from the push of a URL to the answer of the claim that took it.
    pub(super) push_to_claim_ms: Percentiles,
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<Wake, QueueError> {
    bench.tell("from push to claim");
    let windows = bench.fresh().await?;
    let layout = Layout::of(1, 1, 0);
    layout.fill(&windows).await?;
    let worker = bench.worker(&windows[0]).await?;
    let mut waiter = bench.link().waiter().await?;
    let mut samples = Vec::with_capacity(sizes.pushes);
    for (request, task) in (1_u64..).zip(1_i64..).take(sizes.pushes) {
        let (claimer, pusher) = (windows[0].clone(), &windows[windows.len() - 1]);
        let sleeper = tokio::spawn(async move {
            let (mut request, mut hand) = (request * TOKENS, Vec::new());
            // Tokens of earlier pushes may be left: they bring nothing.
            while hand.is_empty() && waiter.for_work(AT_MOST).await? {
                request += 1;
                hand = claimer.claim(worker, request, 1, TERMS).await?.tasks;
            }
            let at = Instant::now();
            complete(&claimer, &hand).await?;
            Ok::<_, QueueError>((waiter, hand.len() == 1, at))
        });
        asleep(bench).await?;
        let began = Instant::now();
        push(pusher, &layout, task).await?;
        let (back, brought, at) = sleeper.await.expect("nothing in the sleeper panics")?;
        if !brought {
            return Err(QueueError::Broken("a push woke nobody".to_owned()));
        }
        waiter = back;
        samples.push(at.duration_since(began));
    }
    Ok(Wake { push_to_claim_ms: Percentiles::of(&mut samples) })
}

async fn asleep(bench: &Bench) -> Result<(), QueueError> {
    while bench.read().await?.blocked_clients == 0 {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// As a commit does that has found a link.
async fn push(window: &Window, layout: &Layout, task: i64) -> Result<(), QueueError> {
    let lane = layout.lane(0);
    let new = NewTask {
        tenant: lane.tenant,
        host: lane.host,
        task: rad_core::ids::TaskId(task),
        rank: layout.now + task,
    };
    window.complete(&[], &[], &[new]).await?;
    Ok(())
}

//! Following a crawl through the API until it ends, or until there is nothing to wait for.

use std::time::Duration;

use rad_loadtest::client::{Api, ApiError, Counts, CrawlStatus, Progress};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

const POLL: Duration = Duration::from_millis(500);

/// So many looks in a row must find a paused crawl unchanged: what was in flight when the limit was reached has
/// come to rest by then.
const LOOKS: u32 = 3;

/// An API that is silent for longer will not come back by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why it is followed no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It has ended.
    Ended,
    /// A quota of its tenant pauses it.
    Quota,
    /// The time to wait is over.
    TimedOut,
    /// Somebody asked to stop.
    Interrupted,
}

/// A crawl, as it was last seen.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) status: CrawlStatus,
    pub(crate) outcome: Outcome,
}

/// Follows a crawl, with progress on standard error. The crawl itself goes on whatever happens here.
pub(crate) async fn follow(
    api: &Api,
    mut status: CrawlStatus,
    within: Option<Duration>,
    stop: &CancellationToken,
) -> Result<Followed, Failure> {
    let deadline = within.map(|within| Instant::now() + within);
    let mut progress = Progress::new();
    let mut rest = Rest::default();
    let outcome = loop {
        progress.show(&status);
        if status.has_ended() {
            break Outcome::Ended;
        }
        if rest.reached(&status) {
            break Outcome::Quota;
        }
        tokio::select! {
            () = stop.cancelled() => break Outcome::Interrupted,
            () = passed(deadline) => break Outcome::TimedOut,
            next = next(api, status.id) => match next {
                Ok(next) => status = next,
                Err(error) => {
                    progress.finish();
                    return Err(error.into());
                }
            },
        }
    };
    progress.finish();
    Ok(Followed { status, outcome })
}

/// Never, without a deadline.
async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The next look at the crawl. Outages of the API are waited out for a while.
async fn next(api: &Api, id: i64) -> Result<CrawlStatus, ApiError> {
    let began = Instant::now();
    loop {
        sleep(POLL).await;
        match api.crawl(id).await {
            Err(error) if error.is_transient() && began.elapsed() < PATIENCE => {}
            answer => return answer,
        }
    }
}

/// Tells a crawl that a quota brought to rest from one that is about to go on.
#[derive(Debug, Default)]
struct Rest {
    counts: Option<Counts>,
    looks: u32,
}

impl Rest {
    /// Whether the last looks found it paused and unchanged.
    fn reached(&mut self, status: &CrawlStatus) -> bool {
        let quota = status.pause.as_ref().is_some_and(|pause| pause.verdict == "quota");
        let paused = status.state == "paused" && quota;
        let unchanged = self.counts == Some(status.counts);
        self.looks = match (paused, unchanged) {
            (true, true) => self.looks + 1,
            (true, false) => 1,
            (false, _) => 0,
        };
        self.counts = paused.then_some(status.counts);
        self.looks >= LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::tests::{crawl, paused};

    #[test]
    fn only_a_pause_without_change_over_three_looks_is_rest() {
        let mut more = paused();
        more.counts.stored += 1;
        let mut rest = Rest::default();
        let looks = [&paused(), &paused(), &more, &more, &crawl(), &more, &more, &more];
        let reached: Vec<_> = looks.into_iter().map(|status| rest.reached(status)).collect();
        assert_eq!(reached, [false, false, false, false, false, false, false, true]);
    }
}

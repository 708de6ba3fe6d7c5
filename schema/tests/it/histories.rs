//! Random histories of the whole protocol over a real Redis and a real Postgres, beside a reference model.
//!
//! Every operation and every fault is a step: crashes between any two calls, lost answers, wipes, stale actors,
//! limits that are reached. After each step both stores must be what the model says, and in the end, when faults have
//! stopped, everything must come to its end. `RAD_HISTORY_SEED=n` replays one history, `RAD_HISTORIES=n` sets how
//! many there are; `docs/model.md` says more.

mod check;
mod commit;
mod completion;
mod drain;
mod glass;
mod hand;
mod judgement;
mod leader;
mod ledger;
mod people;
mod sabotage;
mod tally;
mod worker;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use self::sabotage::Sabotage;
use self::tally::Tally;
use self::world::{History, Stores};
use crate::Done;
use crate::snapshot::assert_counts_are_true;

const STEPS: usize = 100;
/// No more histories are begun after this, unless their number is given: a busy machine checks fewer.
const BUDGET: Duration = Duration::from_secs(40);
/// Histories in one database: checks read whole tables.
const IN_A_ROW: u64 = 50;
/// And the whole database is read so often, with what the model does not have: chunks, bodies, bytes, reasons.
const TRUE_EVERY: u64 = 10;
/// What must have happened in so many histories, or they prove little.
const EXPECTED: [(&str, u64); 7] = [
    ("crashes", 20),
    ("deaths", 20),
    ("wipes", 20),
    ("suspects", 40),
    ("refused: not ours", 40),
    ("poisoned", 200),
    ("refused: quota", 400),
];
/// Long runs say how far they are.
const TOLD_EVERY: u64 = 100;
/// A gap in a heartbeat of the test's own that is longer is not the protocol's doing: the machine stood still, and
/// time limits have passed that the model does not have. A history that fails with one is told again.
const STANDSTILL: Duration = Duration::from_secs(3);
/// A sabotage that so many histories do not notice is not noticed.
const MOST_UNNOTICED: u64 = 40;

impl History {
    async fn step(&mut self) -> Done {
        match self.dice.roll(20) {
            0..14 => self.work().await?,
            14..18 => self.lead().await?,
            _ => self.people().await?,
        }
        self.tally.add("steps");
        self.check().await
    }
}

/// One history; the stores again, for the next.
async fn history(
    stores: Stores,
    seed: u64,
    serial: u64,
    sabotage: Option<Sabotage>,
) -> anyhow::Result<(Stores, Tally)> {
    let mut history = History::begin(stores, seed, serial, sabotage).await.context("beginning")?;
    history.check().await.context("begun")?;
    for step in 0..STEPS {
        history.step().await.with_context(|| format!("step {step}"))?;
    }
    history.drain().await.context("draining")?;
    history.tally.add("histories");
    let (mut stores, tally) = history.end();
    if serial % TRUE_EVERY == TRUE_EVERY - 1 {
        assert_counts_are_true(&mut stores.owner).await?;
    }
    Ok((stores, tally))
}

/// Notices when the machine stands still.
struct Pulse {
    longest: Arc<AtomicU64>,
    beats: tokio::task::JoinHandle<()>,
}

impl Pulse {
    fn start() -> Self {
        let longest = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&longest);
        let beats = tokio::spawn(async move {
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let now = Instant::now();
                let gap = u64::try_from((now - last).as_millis()).unwrap_or(u64::MAX);
                seen.fetch_max(gap, Ordering::Relaxed);
                last = now;
            }
        });
        Self { longest, beats }
    }

    fn longest(&self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::Relaxed))
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.beats.abort();
    }
}

fn number(name: &str) -> anyhow::Result<Option<u64>> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse())
        .transpose()
        .with_context(|| format!("{name} is a number"))
}

/// Histories of every second seed from `first` on, or from so many later as `RAD_HISTORY_FROM` says.
async fn histories(first: u64) -> Done {
    let first = first + number("RAD_HISTORY_FROM")?.unwrap_or(0);
    let replayed = number("RAD_HISTORY_SEED")?;
    let wanted = number("RAD_HISTORIES")?;
    let many = if replayed.is_some() { first % 2 } else { wanted.unwrap_or(u64::MAX / 2).div_ceil(2) };
    let (began, mut stores, mut tally) = (Instant::now(), Stores::start().await?, Tally::default());
    let mut done = 0;
    while done < many && (wanted.is_some() || began.elapsed() < BUDGET) {
        if done > 0 && done % IN_A_ROW == 0 {
            stores = stores.renewed().await?;
        }
        let seed = replayed.unwrap_or(first + 2 * done);
        let pulse = Pulse::start();
        match history(stores, seed, done, None).await {
            Ok((next, of_this)) => {
                (stores, done) = (next, done + 1);
                tally.merge(&of_this);
                if done % TOLD_EVERY == 0 {
                    eprintln!("from seed {first} in {:.0} s: {tally}", began.elapsed().as_secs_f64());
                }
            }
            Err(error) if pulse.longest() > STANDSTILL => {
                eprintln!("the machine stood still for {:?} in {seed}: {error:#}", pulse.longest());
                tally.add("told again after a standstill");
                stores = Stores::start().await?;
            }
            Err(error) => {
                let after = began.elapsed().as_secs();
                return Err(error.context(format!("after {after} s, with RAD_HISTORY_SEED={seed}")));
            }
        }
    }
    eprintln!("from seed {first} in {:.0} s: {tally}", began.elapsed().as_secs_f64());
    if replayed.is_none() {
        for (kind, among) in EXPECTED {
            ensure!(done < among || tally.of(kind) > 0, "no {kind} in {done} histories");
        }
    }
    stores.remove().await
}

#[tokio::test]
async fn random_histories_agree_with_the_model_and_come_to_their_end() -> Done {
    histories(1).await
}

#[tokio::test]
async fn more_random_histories_agree_with_the_model_and_come_to_their_end() -> Done {
    histories(2).await
}

/// What the checks say of histories with a sabotage.
async fn notice(sabotage: Sabotage) -> Done {
    let mut stores = Stores::start().await?;
    for seed in 0..MOST_UNNOTICED {
        match history(stores, seed, seed, Some(sabotage)).await {
            Ok((again, _)) => stores = again,
            Err(error) => {
                eprintln!("{sabotage:?}, seed {seed}: {error:#}");
                return Ok(());
            }
        }
    }
    bail!("nobody noticed {sabotage:?} in {MOST_UNNOTICED} histories")
}

#[tokio::test]
async fn a_commit_under_the_rows_own_fence_is_noticed() -> Done {
    notice(Sabotage::UnfencedCommit).await
}

#[tokio::test]
async fn a_second_bill_is_noticed() -> Done {
    notice(Sabotage::BilledTwice).await
}

#[tokio::test]
async fn a_lane_that_is_never_fed_is_noticed() -> Done {
    notice(Sabotage::DroppedFeed).await
}

#[tokio::test]
async fn a_lost_url_is_noticed() -> Done {
    notice(Sabotage::ForgottenUrl).await
}

#[tokio::test]
async fn an_uncounted_death_is_noticed() -> Done {
    notice(Sabotage::UncountedDeath).await
}

#[tokio::test]
async fn a_forgotten_month_is_noticed() -> Done {
    notice(Sabotage::ForgottenUsage).await
}

#[tokio::test]
async fn a_stolen_lease_is_noticed() -> Done {
    notice(Sabotage::StolenLease).await
}

#[tokio::test]
async fn a_host_without_rest_is_noticed() -> Done {
    notice(Sabotage::HurriedHost).await
}

#[tokio::test]
async fn a_generation_that_is_over_and_hydrates_is_noticed() -> Done {
    notice(Sabotage::StaleHydrate).await
}

#[tokio::test]
async fn an_attempt_that_is_counted_twice_is_noticed() -> Done {
    notice(Sabotage::CountedTwice).await
}

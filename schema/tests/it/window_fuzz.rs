//! Random histories of the window: after every step it is whole, and at the end everything can be drained.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::Done;
use crate::rig::Rig;
use crate::window_history::History;
use crate::window_state::State;

const SEEDS: u64 = 40;
const STEPS: usize = 400;
/// No more seeds are begun after this: a busy machine checks fewer.
const BUDGET: Duration = Duration::from_secs(20);

/// One history: the rig again, in how many states a suspect was kept, and how many tasks died three times.
async fn history(rig: Rig, seed: u64) -> anyhow::Result<(Rig, u64, u64)> {
    let mut history = History::begin(rig, seed).await?;
    for step in 0..STEPS {
        let which = || format!("seed {seed}, step {step}");
        history.step().await.with_context(which)?;
        let state = State::read(&history.rig).await?;
        state.check().and_then(|()| history.check(&state)).with_context(which)?;
    }
    history.drain().await.with_context(|| format!("seed {seed}, draining"))?;
    let state = State::read(&history.rig).await?;
    state.check().with_context(|| format!("seed {seed}, drained"))?;
    ensure!(state.leases.is_empty() && state.lanes.is_empty(), "seed {seed}: {state:?}");
    ensure!(state.kept.is_empty() && state.suspects().is_empty(), "seed {seed}: {state:?}");
    Ok((history.rig, history.kept, history.poisoned))
}

/// Histories of some seeds in a row; `RAD_FUZZ_SEED` moves them.
async fn histories(first: u64) -> Done {
    let moved = std::env::var("RAD_FUZZ_SEED").ok().map_or(Ok(0), |seed| seed.parse::<u64>())?;
    let began = Instant::now();
    let mut rig = Rig::open().await?;
    let (mut done, mut kept, mut poisoned) = (0, 0, 0);
    while done < SEEDS / 2 && began.elapsed() < BUDGET {
        let (next, kept_here, poisoned_here) = history(rig, moved + first + done).await?;
        (rig, kept, poisoned) = (next, kept + kept_here, poisoned + poisoned_here);
        done += 1;
    }
    eprintln!("{done} histories from seed {}: {kept} times kept, {poisoned} poisoned", moved + first);
    ensure!(done > 0, "no history in {BUDGET:?}");
    ensure!(kept > 0, "no suspects in {done} histories");
    Ok(())
}

#[tokio::test]
async fn random_histories_keep_the_window_whole_and_can_be_drained() -> Done {
    histories(1).await
}

#[tokio::test]
async fn more_random_histories_keep_the_window_whole_and_can_be_drained() -> Done {
    histories(1 + SEEDS / 2).await
}

//! What a batch gives up when a limit has no room for all of it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rad_core::ids::{JobId, TaskId};
use rad_core::verdict::Verdict;

use super::outcome::{End, Excluded, Outcome};

/// A limit of what pages need different amounts of.
pub(super) struct Measure {
    /// With less room than this it is reached: nothing is fetched until there is more. What finds no room although there
    /// is more is a large page, and waits alone.
    full: i64,
    unit: &'static str,
    /// What the tenant has of it, for evidence.
    whose: &'static str,
    /// Said of whoever waits for it.
    reached: &'static str,
}

/// Bytes kept.
pub(super) const STORAGE: Measure = Measure {
    full: 64 * 1024,
    unit: "bytes",
    whose: "the tenant's storage",
    reached: "the tenant's storage is full",
};
/// Tokens stored in a month. A page of usual size has fewer than make it reached.
pub(super) const TOKENS: Measure = Measure {
    full: 4 * 1024,
    unit: "tokens",
    whose: "the tenant's month",
    reached: "the tenant's monthly tokens are used up",
};
/// From a large page's attempt to its next.
const LARGE_PAGE_WAIT: Duration = Duration::from_mins(15);

/// What a tenant may still store, and all that it may store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) left: i64,
    pub(super) limit: i64,
}

/// The pages behind the first `room` ones. At least one, or a refused attempt would be repeated as it was.
pub(super) fn surplus(batch: &[Outcome], room: usize, of: Option<JobId>) -> HashSet<TaskId> {
    let pages: Vec<_> = batch
        .iter()
        .filter(|outcome| matches!(outcome.end, End::Page(_)) && of.is_none_or(|job| outcome.job == job))
        .map(|outcome| outcome.task)
        .collect();
    let keep = room.min(pages.len().saturating_sub(1));
    pages[keep..].iter().copied().collect()
}

/// Lets the pages wait that the month has no room for.
pub(super) fn without_month(mut batch: Vec<Outcome>, room: usize) -> Vec<Outcome> {
    let surplus = surplus(&batch, room, None);
    for outcome in batch.iter_mut().filter(|outcome| surplus.contains(&outcome.task)) {
        wait_for_limit(outcome, "the tenant's monthly pages are used up");
    }
    batch
}

/// Takes out the pages that find no room when the batch is stored in its order. With them, the room that has to be
/// there before the tenant's next fetch, if the limit is reached.
pub(super) fn without_room(
    mut batch: Vec<Outcome>,
    growth: &HashMap<TaskId, i64>,
    room: Room,
    measure: &Measure,
) -> (Vec<Outcome>, Option<i64>) {
    let mut left = room.left;
    let mut growing = Vec::new();
    for outcome in &batch {
        let Some(bytes) = growth.get(&outcome.task).copied().filter(|bytes| *bytes > 0) else { continue };
        let fits = bytes <= left;
        if fits {
            left -= bytes;
        }
        growing.push((outcome.task, bytes, fits));
    }
    if growing.iter().all(|(_, _, fits)| *fits)
        && let Some((_, _, fits)) = growing.last_mut()
    {
        // Another commit gave room back meanwhile; still the next attempt must not be the same as this.
        *fits = false;
    }
    let out: HashMap<_, _> =
        growing.iter().filter(|(_, _, fits)| !fits).map(|(task, bytes, _)| (*task, *bytes)).collect();
    for outcome in &mut batch {
        if let Some(bytes) = out.get(&outcome.task) {
            give_up(outcome, *bytes, Room { left, ..room }, measure);
        }
    }
    let smallest = out.values().copied().filter(|bytes| *bytes <= room.limit && left < measure.full).min();
    (batch, smallest.map(|bytes| bytes.min(measure.full)))
}

fn give_up(outcome: &mut Outcome, amount: i64, room: Room, measure: &Measure) {
    let Room { left, limit } = room;
    let Measure { full, unit, whose, reached } = *measure;
    if amount > limit {
        // Its links are kept: the rest of the site may fit.
        let evidence = format!("it takes {amount} {unit}, the tenant may store {limit}");
        outcome.end = End::Failed { verdict: Verdict::TooLarge, evidence };
    } else if left < full {
        wait_for_limit(outcome, reached);
    } else {
        outcome.end = End::Wait {
            verdict: Verdict::Quota,
            evidence: format!("it takes {amount} {unit}, {whose} has room for {left}"),
            wait: LARGE_PAGE_WAIT,
            failed: false,
        };
    }
}

/// The page stays open and is fetched again when the limit allows, and finds its links again then.
fn wait_for_limit(outcome: &mut Outcome, evidence: &str) {
    outcome.end = End::Wait {
        verdict: Verdict::Quota,
        evidence: evidence.to_owned(),
        wait: Duration::ZERO,
        failed: false,
    };
    outcome.links.clear();
    outcome.excluded = Excluded::default();
}

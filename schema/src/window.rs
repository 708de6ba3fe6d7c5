//! The dispatch window in Redis: what is claimable now, leases, locks and host clocks.
//!
//! Everything here can be lost at any moment and is refilled from the ledger. Each Lua file is one state
//! transition; this module gives it typed arguments and maps each answer.

mod claim;
mod connect;
mod errand;
mod feed;
mod finish;
mod link;
mod protocol;
mod recover;
mod script;
mod shards;
mod shares;
mod user_lock;

use std::time::Duration;

pub use claim::{Batch, Claimed, LockOutcome};
pub use connect::{Dispatch, Waiter};
pub use errand::{Errand, Sent, outside_worker};
pub use feed::{Fed, LaneFeed};
pub use finish::{Completion, HostTerms, Nack, NewTask, Requeue};
pub use protocol::{Attached, Opened, PROTOCOL};
use rad_core::ids::{HostId, TenantId};
pub use recover::{Audit, DeadLease, Fate, Reaped, Reclaimed, Stats};
pub use shards::{MOST as MOST_SHARDS, Shards};
pub use shares::{ShareUse, Told};
use thiserror::Error;
pub use user_lock::{LockAnswer, LockHolder, Resource};

use self::link::Link;
use self::script::Scripts;
use crate::keys::ShardKeys;
use crate::layout::ShardPlace;

/// A lane holds at most this many ids, so that Redis keeps it as a listpack; `lua/prelude.lua` has the same.
pub const WINDOW: usize = 128;

/// The URLs of one tenant on one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// Whose URLs.
    pub tenant: TenantId,
    /// Where they are.
    pub host: HostId,
}

/// How long a worker is believed to live without a word, and how long a task may take at all.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// A heartbeat older than this means dead.
    pub ttl: Duration,
    /// A lease ends here even if heartbeats go on.
    pub hard_deadline: Duration,
}

impl Default for LeaseTerms {
    fn default() -> Self {
        // Three missed heartbeats of five seconds; a fetch of 60 s, its extraction and its commit.
        Self { ttl: Duration::from_secs(15), hard_deadline: Duration::from_mins(2) }
    }
}

/// A call to the window that had no effect.
#[derive(Debug, Error)]
pub enum WindowError {
    /// The window was rebuilt, wiped or moved: attach again and give up everything in hand.
    #[error("the dispatch window is of another generation")]
    Stale,
    /// The incarnation's deadline has passed: its leases belong to others now.
    #[error("the worker's lease has run out")]
    Gone,
    /// Redis did not answer; what was asked may or may not have happened.
    #[error("call the {script} script in Redis")]
    Redis {
        /// The script or command.
        script: &'static str,
        /// The driver's error.
        #[source]
        source: redis::RedisError,
    },
    /// An answer that the script does not give: the scripts of two versions are mixed.
    #[error("the {script} script answered {answer:?}")]
    Answer {
        /// The script.
        script: &'static str,
        /// Its answer.
        answer: String,
    },
}

/// The window of one generation. Cheap to clone; every call fails with [`WindowError::Stale`] once Redis has
/// another generation.
#[derive(Clone)]
pub struct Window {
    connection: Link,
    scripts: &'static Scripts,
    keys: ShardKeys,
    generation: i64,
}

impl Window {
    /// Generation that this handle speaks for.
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// The shard that this is a window of.
    pub fn place(&self) -> &ShardPlace {
        self.keys.place()
    }

    /// Whether the host lives in this shard.
    pub fn holds(&self, host: HostId) -> bool {
        self.keys.holds(host)
    }
}

/// The words of an answer after its status.
fn words<'a>(
    script: &'static str,
    answer: &'a str,
) -> Result<std::str::SplitAsciiWhitespace<'a>, WindowError> {
    let mut words = answer.split_ascii_whitespace();
    match words.next() {
        Some("OK") => Ok(words),
        Some("STALE") => Err(WindowError::Stale),
        Some("GONE") => Err(WindowError::Gone),
        _ => Err(WindowError::Answer { script, answer: answer.to_owned() }),
    }
}

/// The next word as a number.
fn number(
    script: &'static str,
    answer: &str,
    words: &mut dyn Iterator<Item = &str>,
) -> Result<i64, WindowError> {
    words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| WindowError::Answer { script, answer: answer.to_owned() })
}

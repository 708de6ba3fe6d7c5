//! The rules that keep the fleet right, each of which a model can leave out.

/// A rule of a script, a statement or a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A row ends only under the fence that it was hydrated with.
    CommitFence,
    /// A row ends only from the open state.
    CommitOpen,
    /// Hydrate takes a row only with a higher fence than the row has.
    HydrateFence,
    /// Hydrate takes open rows only.
    HydrateOpen,
    /// Hydrate refuses a generation that is over.
    HydrateGeneration,
    /// A failed attempt counts once after each hydrate.
    CountOnce,
    /// Claim compares the generation.
    ClaimGeneration,
    /// The call for the URL locks compares generation and `run_id`.
    LockGeneration,
    /// Claim asks the server for its `run_id`.
    ClaimRun,
    /// Claim refuses an incarnation whose heartbeat has ended.
    ClaimAlive,
    /// Claim repeats its last answer to the same request.
    ClaimReplay,
    /// A lease ends only under its own fence.
    ReleaseOwner,
    /// The reaper takes back only what the dead held.
    ReapExpired,
    /// A pushed task that is leased already stays out of its lane.
    EnqueueLeased,
    /// A fed task that is leased already stays out of its lane.
    FeedLeased,
    /// Complete compares the generation.
    CompleteGeneration,
    /// The reconciler feeds what nobody pushed.
    Reconciler,
    /// A lease that nobody ends is taken back after its hard deadline.
    HardDeadline,
    /// The leader compares the server's `run_id` with that of the shard.
    LeaderRun,
    /// Deaths count against open rows only.
    DeathsOpen,
    /// The death of an incarnation counts once against a task.
    DeathOnce,
    /// Old keys are swept after a rebuild.
    Sweep,
    /// A worker gives up its pages before its lease ends.
    SelfAbort,
    /// A heartbeat after the deadline is refused.
    RenewGone,
    /// Hosts that may be in contact rest after a rebuild.
    RestAfterRebuild,
    /// A host rests after its lease was taken back.
    RestAfterReap,
    /// A host rests after a request.
    RestAfterFetch,
    /// A claim takes a host only while fewer requests are in flight than it allows.
    HostConcurrency,
    /// A claim takes a host only after its rest.
    HostClock,
    /// The limit is a condition of the update that counts against it.
    LimitInUpdate,
    /// What a commit writes and what it bills is one transaction.
    OneTransaction,
    /// A refused attempt writes nothing.
    RollBack,
    /// A tenant that was refused is fed again when it has room.
    Unpark,
}

/// Which guards a model leaves out; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guards {
    removed: u64,
}

impl Guards {
    pub(crate) fn without(guards: &[Guard]) -> Self {
        Self { removed: guards.iter().fold(0, |removed, guard| removed | bit(*guard)) }
    }

    pub(crate) fn hold(self, guard: Guard) -> bool {
        self.removed & bit(guard) == 0
    }
}

fn bit(guard: Guard) -> u64 {
    1 << (guard as u64)
}

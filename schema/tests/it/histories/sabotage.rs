//! What a history does wrong on purpose, to prove that its checks notice.

/// One guard that the harness goes around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// A commit carries the row's present fence instead of its own.
    UnfencedCommit,
    /// A commit whose answer was lost bills once more.
    BilledTwice,
    /// One lane is never fed.
    DroppedFeed,
    /// A row of the ledger disappears.
    ForgottenUrl,
    /// Deaths are judged without being counted.
    UncountedDeath,
    /// The month is forgotten before a commit.
    ForgottenUsage,
    /// Somebody else's lease is ended.
    StolenLease,
    /// A host is told that it needs no rest.
    HurriedHost,
    /// A claim of an old generation is taken into hand under the new one.
    StaleHydrate,
    /// A failed attempt whose answer was lost is counted again.
    CountedTwice,
}

//! One newtype for every number that names something, so that a host can't be passed for a tenant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A tenant: the account that owns sources, crawls and documents.
    TenantId
);
number!(
    /// One crawl (a row of `jobs`): one pass over a source.
    JobId
);
number!(
    /// One URL of one crawl: the interned number that stands for it in Redis.
    TaskId
);
number!(
    /// A host (scheme, name and port), shared by all tenants.
    HostId
);
number!(
    /// A tenant's page by its final URL, across crawls.
    DocumentId
);
number!(
    /// One life of a worker process. Never reused, unlike the worker's name.
    Incarnation
);

/// The first 128 bits of BLAKE3 over a canonical URL or a body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash128(pub u128);

impl Hash128 {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut first = [0; 16];
        first.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Self(u128::from_be_bytes(first))
    }
}

impl fmt::Debug for Hash128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for Hash128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The fencing token of one claim: (generation, counter), compared in that order.
///
/// The generation lives in Postgres and rises at every rebuild of the dispatch window, so a counter that
/// Redis issues twice after a wipe is still a higher token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    /// Generation of the dispatch window that issued the token.
    pub generation: i64,
    /// Counter within the generation.
    pub counter: i64,
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.counter)
    }
}

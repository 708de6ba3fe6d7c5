//! What a caller may choose about the private stores.

use std::path::PathBuf;

/// How the private stores keep their data, and where their binaries are.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// Whether Postgres waits for the disk. Off, data survives the death of any process but not of the machine.
    pub fsync: bool,
    /// What Redis writes to disk.
    pub redis_persistence: RedisPersistence,
    /// Also open Redis on a free TCP port of 127.0.0.1, to which every local user can connect.
    pub redis_tcp: bool,
    /// The folders searched for the servers' binaries; `None` means PATH and then the usual places.
    pub search_path: Option<Vec<PathBuf>>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            fsync: true,
            redis_persistence: RedisPersistence::AofEverysec,
            redis_tcp: false,
            search_path: None,
        }
    }
}

impl LocalOptions {
    /// The fastest stores that still survive a killed Postgres: no wait for the disk, no Redis persistence.
    pub fn for_test() -> Self {
        Self { fsync: false, redis_persistence: RedisPersistence::None, ..Self::default() }
    }
}

/// What a private Redis writes to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisPersistence {
    /// An append-only file flushed once a second, as in production.
    AofEverysec,
    /// Nothing: the data ends with the process.
    None,
}

//! The unprivileged account that root's servers run as.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

use super::LocalError;

/// A user and its main group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: Uid,
    gid: Gid,
}

impl Account {
    /// The account for the servers, or `None` where they run as ourselves because we are not root.
    ///
    /// Data that an earlier run left in `data` keeps its owner: Postgres only serves data of its own user, and
    /// `sudo` after a run without it must find the same documents.
    pub(super) fn for_servers(data: &Path) -> Result<Option<Self>, LocalError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        if let Some(owner) = Self::owner_of(data).filter(|owner| !owner.uid.is_root()) {
            return Ok(Some(owner));
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Some(Self { uid: user.uid, gid: user.gid }))
            .ok_or(LocalError::NoAccount)
    }

    fn owner_of(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        Some(Self { uid: Uid::from_raw(found.uid()), gid: Gid::from_raw(found.gid()) })
    }

    /// Whether the account owns `path` itself.
    pub(super) fn owns(self, path: &Path) -> bool {
        Self::owner_of(path).is_some_and(|owner| owner.uid == self.uid)
    }

    /// Whether the permission bits let the account pass through the folder.
    pub(super) fn may_enter(self, folder: &Path) -> io::Result<bool> {
        let found = folder.metadata()?;
        let bit = if found.uid() == self.uid.as_raw() {
            0o100
        } else if found.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        Ok(found.mode() & bit != 0)
    }

    /// Gives one file or folder to the account.
    pub(super) fn take(self, path: &Path) -> Result<(), LocalError> {
        nix::unistd::chown(path, Some(self.uid), Some(self.gid))
            .map_err(LocalError::folder("change the owner of", path))
    }

    /// Makes the command run as this account.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
    }
}

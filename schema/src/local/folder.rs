//! The folder of the private stores: who owns it, and where it really is.
//!
//! ```text
//! <asked>/lock, owner    file locks
//! <asked>/location       only if the data had to go elsewhere: where
//! <home>/postgres/       Postgres' data
//! <home>/redis/          Redis' data
//! <home>/run/            the sockets, unless that path is too long for one
//! <home>/log/            one log per server
//! ```

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::Uid;

use super::LocalError;
use super::account::Account;

/// The kernel takes 107 bytes on Linux and 103 on BSD systems.
const MAX_SOCKET_PATH: usize = 100;

const LONGEST_SOCKET_NAME: &str = "/.s.PGSQL.5432";

/// Where root's data goes if the servers' account can't reach the folder asked for.
const ELSEWHERE: &str = "/var/tmp";

/// The prepared folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    asked: PathBuf,
    home: PathBuf,
    sockets: PathBuf,
    account: Option<Account>,
}

/// Creates the folder asked for and returns its path without symbolic links.
pub(super) fn create(dir: &Path) -> Result<PathBuf, LocalError> {
    fs::create_dir_all(dir).map_err(LocalError::folder("create", dir))?;
    dir.canonicalize().map_err(LocalError::folder("resolve", dir))
}

impl Folder {
    /// Chooses the account and the place, and creates what must exist before a server starts.
    pub(super) fn prepare(asked: PathBuf) -> Result<Self, LocalError> {
        let recorded = recorded_home(&asked)?;
        let earlier_data = recorded.as_deref().unwrap_or(&asked).join("postgres");
        let account = Account::for_servers(&earlier_data)?;
        let home = match (recorded, account) {
            (Some(home), _) => private_dir(home, account)?,
            (None, None) => asked.clone(),
            (None, Some(account)) => reachable_home(&asked, account)?,
        };
        let sockets = private_dir(socket_folder(&home), account)?;
        private_dir(home.join("redis"), account)?;
        private_dir(home.join("log"), None)?;
        Ok(Self { asked, home, sockets, account })
    }

    pub(super) fn asked(&self) -> &Path {
        &self.asked
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn sockets(&self) -> &Path {
        &self.sockets
    }

    pub(super) fn account(&self) -> Option<Account> {
        self.account
    }

    pub(super) fn redis_socket(&self) -> PathBuf {
        self.sockets.join("redis.sock")
    }

    pub(super) fn postgres_data(&self) -> PathBuf {
        self.home.join("postgres")
    }

    pub(super) fn redis_data(&self) -> PathBuf {
        self.home.join("redis")
    }

    pub(super) fn log(&self, server: &str) -> PathBuf {
        self.home.join("log").join(format!("{server}.log"))
    }

    /// An empty folder of the servers' account in place of whatever was there.
    pub(super) fn renew(&self, path: PathBuf) -> Result<PathBuf, LocalError> {
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(LocalError::folder("delete", path)(error))
            }
            _ => private_dir(path, self.account),
        }
    }
}

/// The folder asked for if the account can get there, or else a new one that it can reach.
///
/// Only the folder itself is handed over; changing the permissions of its parents is not ours to do.
fn reachable_home(asked: &Path, account: Account) -> Result<PathBuf, LocalError> {
    for parent in asked.ancestors().skip(1) {
        let enter = account.may_enter(parent);
        if !enter.map_err(LocalError::folder("inspect", parent))? {
            return new_home(asked, account);
        }
    }
    if !account.may_enter(asked).map_err(LocalError::folder("inspect", asked))? {
        account.take(asked)?;
    }
    Ok(asked.to_owned())
}

/// Creates a home elsewhere and records it.
///
/// The name has the time in it, so that deleting the folder asked for means a fresh start.
fn new_home(asked: &Path, account: Account) -> Result<PathBuf, LocalError> {
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let name = format!("rad-{:016x}-{nanoseconds:x}", path_hash(asked));
    let home = private_dir(Path::new(ELSEWHERE).join(name), Some(account))?;
    let location = asked.join("location");
    let unfinished = asked.join("location.new");
    fs::write(&unfinished, home.as_os_str().as_bytes())
        .and_then(|()| fs::rename(&unfinished, &location))
        .map_err(LocalError::folder("write", location))?;
    tracing::info!(folder = %home.display(), "the stores' account can't reach the folder asked for, using another");
    Ok(home)
}

fn recorded_home(asked: &Path) -> Result<Option<PathBuf>, LocalError> {
    let location = asked.join("location");
    match fs::read(&location) {
        Ok(path) => Ok(Some(PathBuf::from(OsString::from_vec(path)))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalError::folder("read", location)(error)),
    }
}

/// `run` below the home, or a short name that depends on the home alone, so that every process finds it.
fn socket_folder(home: &Path) -> PathBuf {
    let below = home.join("run");
    let bytes = below.as_os_str().as_bytes();
    let fits = bytes.len() + LONGEST_SOCKET_NAME.len() <= MAX_SOCKET_PATH;
    // Postgres takes a comma-separated list of folders, and a URL holds no arbitrary bytes.
    let plain = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.+@:= ".contains(byte));
    if fits && plain { below } else { PathBuf::from(format!("/tmp/rad-{:016x}", path_hash(home))) }
}

/// FNV-1a: unlike the standard library's hasher it gives the same name whichever compiler built us.
fn path_hash(path: &Path) -> u64 {
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A folder that only its owner (the account, or we) can enter: the servers ask for no password.
///
/// One that exists must be ours already, because names in shared folders can be guessed and taken by others.
fn private_dir(path: PathBuf, account: Option<Account>) -> Result<PathBuf, LocalError> {
    match DirBuilder::new().mode(0o700).create(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => require_ours(&path, account)?,
        Err(error) => return Err(LocalError::folder("create", path)(error)),
    }
    if let Some(account) = account.filter(|account| !account.owns(&path)) {
        account.take(&path)?;
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
        .map_err(LocalError::folder("close to others", &path))?;
    Ok(path)
}

fn require_ours(path: &Path, account: Option<Account>) -> Result<(), LocalError> {
    let found = path.symlink_metadata().map_err(LocalError::folder("inspect", path))?;
    let ours = found.uid() == Uid::effective().as_raw() || account.is_some_and(|account| account.owns(path));
    if found.is_dir() && ours { Ok(()) } else { Err(LocalError::ForeignFolder { path: path.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_stay_in_the_folder_while_their_path_is_short_and_plain() {
        assert_eq!(socket_folder(Path::new("/srv/rad")), Path::new("/srv/rad/run"));
        for odd in [format!("/srv/{}", "x".repeat(90)), "/srv/a,b".to_owned()] {
            let short = socket_folder(Path::new(&odd));
            assert!(short.starts_with("/tmp"), "{}", short.display());
            assert_eq!(short, socket_folder(Path::new(&odd)));
        }
        assert_ne!(socket_folder(Path::new("/srv/a,b")), socket_folder(Path::new("/srv/a,c")));
    }

    #[test]
    fn a_symbolic_link_in_place_of_a_private_folder_is_refused() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        let link = root.path().join("link");
        std::os::unix::fs::symlink("/", &link)?;
        assert!(matches!(private_dir(link, None), Err(LocalError::ForeignFolder { .. })));
        Ok(())
    }
}

//! Where the servers' programs are.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::LocalError;

const INSTALL: &str = "apt-get install -y postgresql redis-server";

/// Debian keeps the server programs of each major version out of PATH, in `<major>/bin` below this.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// The programs that the private stores run.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    pub(super) initdb: PathBuf,
    pub(super) postgres: PathBuf,
    pub(super) redis_server: PathBuf,
}

impl Binaries {
    /// Finds all programs in `folders`, or else in PATH and the usual places.
    pub(super) fn find(folders: Option<&[PathBuf]>) -> Result<Self, LocalError> {
        let folders = folders.map_or_else(usual_folders, <[PathBuf]>::to_vec);
        let redis_server = search(&folders, "redis-server").ok_or_else(|| missing("redis-server"))?;
        // Both must come from one installation: initdb of one major version makes no data for another.
        let (initdb, postgres) = folders
            .iter()
            .find_map(|folder| Some((program(folder, "initdb")?, program(folder, "postgres")?)))
            .ok_or_else(|| match search(&folders, "initdb") {
                Some(_) => missing("postgres"),
                None => missing("initdb"),
            })?;
        Ok(Self { initdb, postgres, redis_server })
    }
}

fn missing(name: &'static str) -> LocalError {
    LocalError::MissingBinary { name, install: INSTALL }
}

fn search(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders.iter().find_map(|folder| program(folder, name))
}

/// The absolute path of an executable file: the servers start in a folder of their own, so a relative entry of
/// PATH would mean another place there.
fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = std::path::absolute(folder.join(name)).ok()?;
    let found = path.metadata().ok()?;
    (found.is_file() && found.permissions().mode() & 0o111 != 0).then_some(path)
}

fn usual_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend(versions_newest_first(Path::new(DEBIAN_POSTGRES)));
    folders.extend(["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin", "/usr/sbin"].map(PathBuf::from));
    folders
}

/// The `bin` folders below `root`, highest number first (as numbers: 9 comes after 15).
fn versions_newest_first(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions.into_iter().map(|version| root.join(version.to_string()).join("bin")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(folder: &Path, name: &str, mode: u32) -> anyhow::Result<()> {
        let path = folder.join(name);
        fs::write(&path, "")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        Ok(())
    }

    #[test]
    fn a_missing_program_is_named_with_the_command_that_installs_it() -> anyhow::Result<()> {
        let empty = tempfile::tempdir()?;
        let error = Binaries::find(Some(&[empty.path().to_owned()])).expect_err("the folder is empty");
        assert_eq!(
            error.to_string(),
            "`redis-server` was not found; install it with: apt-get install -y postgresql redis-server"
        );
        Ok(())
    }

    #[test]
    fn initdb_and_postgres_are_taken_from_one_folder() -> anyhow::Result<()> {
        let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
        install(first.path(), "redis-server", 0o755)?;
        install(first.path(), "initdb", 0o755)?;
        install(first.path(), "postgres", 0o644)?;
        let only_first = [first.path().to_owned()];
        assert!(matches!(
            Binaries::find(Some(&only_first)),
            Err(LocalError::MissingBinary { name: "postgres", .. })
        ));

        install(second.path(), "initdb", 0o755)?;
        install(second.path(), "postgres", 0o755)?;
        let both = [first.path().to_owned(), second.path().to_owned()];
        let found = Binaries::find(Some(&both))?;
        assert_eq!(found.initdb, second.path().join("initdb"));
        assert_eq!(found.postgres, second.path().join("postgres"));
        Ok(())
    }

    #[test]
    fn the_newest_version_comes_first() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        for name in ["9", "17", "15", "common"] {
            fs::create_dir(root.path().join(name))?;
        }
        let expected = ["17", "15", "9"].map(|version| root.path().join(version).join("bin"));
        assert_eq!(versions_newest_first(root.path()), expected);
        Ok(())
    }
}

//! Where the fleet's binaries are: beside the one that runs now.

use std::path::{Path, PathBuf};

use super::process::ProcessError;

/// The binary called `name`.
pub(super) fn find(name: &'static str) -> Result<PathBuf, ProcessError> {
    let folder = std::env::current_exe().ok().and_then(|own| own.parent().map(of_binaries));
    let folder = folder.unwrap_or_default();
    let program = folder.join(name);
    if program.is_file() { Ok(program) } else { Err(ProcessError::Missing { name, folder }) }
}

/// Cargo puts test binaries one folder below.
fn of_binaries(own: &Path) -> PathBuf {
    let above = own.parent().filter(|_| own.ends_with("deps"));
    above.unwrap_or(own).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_looked_for_beside_a_binary_and_above_a_test() {
        assert_eq!(of_binaries(Path::new("/target/debug")), Path::new("/target/debug"));
        assert_eq!(of_binaries(Path::new("/target/debug/deps")), Path::new("/target/debug"));
    }

    #[test]
    fn a_missing_binary_is_an_error_that_says_how_to_build_it() {
        let error = find("rad-no-such-program").unwrap_err();
        assert!(error.to_string().contains("cargo build --workspace --bins"), "{error}");
    }
}

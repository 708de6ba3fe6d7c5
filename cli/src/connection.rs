//! Which API is asked, and with which key.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use rad_loadtest::client::Api;

use crate::failure::Failure;

/// Where a scheduler listens that was told nothing else.
const DEFAULT_API: &str = "http://127.0.0.1:7070";

const ADDRESS: &str = "RAD_API_URL";
const KEY: &str = "RAD_API_KEY";
const KEY_FILE: &str = "RAD_API_KEY_FILE";
const HELP_KEY: &str = "API key; others on this machine may see it, so rather use a file [env: RAD_API_KEY]";

/// Options of every command that asks the API.
///
/// The key is not an environment variable to clap: a file named by an option must stand over a key in the
/// environment, and clap would not tell which is which.
#[derive(Clone, Args)]
pub(crate) struct ApiOptions {
    /// Address of the API
    #[arg(long, value_name = "URL", env = "RAD_API_URL", default_value = DEFAULT_API)]
    api: String,
    #[arg(long, value_name = "KEY", conflicts_with = "key_file", help = HELP_KEY)]
    key: Option<String>,
    #[arg(long, value_name = "FILE", help = "File that holds the API key [env: RAD_API_KEY_FILE]")]
    key_file: Option<PathBuf>,
}

/// The environment, as a function so that tests have their own.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's environment. A variable that is set to nothing is not set.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

impl ApiOptions {
    /// The API with the key, which must be there.
    pub(crate) fn open(&self) -> Result<Api, Failure> {
        let key = self.key(&environment)?.ok_or_else(|| {
            Failure::configuration(
                "no API key: put it into a file and set RAD_API_KEY_FILE (or --key-file), or set RAD_API_KEY. \
                 `rad up` keeps its key in .rad/key; an operator makes others with `rad keys create TENANT`",
            )
        })?;
        self.open_with(&key)
    }

    /// The API with this key.
    pub(crate) fn open_with(&self, key: &str) -> Result<Api, Failure> {
        let api = self.api.trim();
        Ok(Api::new(if api.is_empty() { DEFAULT_API } else { api }, key)?)
    }

    /// Whether somebody said which API to ask, or with which key.
    pub(crate) fn is_set(&self) -> bool {
        let api = self.api.trim();
        let elsewhere = !api.is_empty() && api != DEFAULT_API;
        elsewhere
            || self.names_key()
            || [ADDRESS, KEY, KEY_FILE].iter().any(|name| environment(name).is_some())
    }

    /// Whether an option, and not the environment, names a key.
    pub(crate) fn names_key(&self) -> bool {
        self.key.is_some() || self.key_file.is_some()
    }

    /// The key: options stand over the environment, and there a key over a file.
    pub(crate) fn key(&self, environment: Environment<'_>) -> Result<Option<String>, Failure> {
        if let Some(key) = &self.key {
            return checked(key, "--key").map(Some);
        }
        if let Some(file) = &self.key_file {
            return read(file).map(Some);
        }
        if let Some(key) = environment(KEY) {
            return checked(&key, KEY).map(Some);
        }
        environment(KEY_FILE).map(|file| read(Path::new(&file))).transpose()
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let key = fs::read_to_string(file).map_err(|error| {
        Failure::configuration(format!("the file of the API key, {}, can't be read: {error}", file.display()))
    })?;
    checked(&key, &file.display().to_string())
}

/// The key goes into a header, where a line end would begin another one. It is never shown.
fn checked(key: &str, place: &str) -> Result<String, Failure> {
    let key = key.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::configuration(format!("{place} does not hold an API key (rad_live_…)")));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests;

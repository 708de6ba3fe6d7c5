//! The two ways in which an operator makes tenants and keys: through the API, or directly at the database.
//!
//! The first key of a fleet can't be made through the API, which asks for a key. Whoever may log in as the owner
//! of the schema may do everything anyway.

mod door;

use clap::Args;

use crate::connection::{ApiOptions, Environment, environment};
use crate::failure::Failure;

pub(crate) use door::Door;

const DATABASE: &str = "RAD_MIGRATE_URL";
const HELP_DATABASE: &str =
    "Postgres under the role that owns the schema, instead of the API [env: RAD_MIGRATE_URL]";

/// Options of commands for operators.
#[derive(Clone, Args)]
pub(crate) struct OperatorOptions {
    #[command(flatten)]
    api: ApiOptions,
    #[arg(long, value_name = "URL", conflicts_with_all = ["key", "key_file"], help = HELP_DATABASE)]
    database: Option<String>,
}

/// Which way is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// With this key.
    Api(String),
    /// At this URL.
    Database(String),
}

impl OperatorOptions {
    /// Opens the way that the options or the environment name.
    pub(crate) async fn open(&self) -> Result<Door, Failure> {
        match self.way(&environment)? {
            Way::Api(key) => Ok(Door::Api(self.api.open_with(&key)?)),
            Way::Database(url) => Door::at_database(&url).await,
        }
    }

    /// Options stand over the environment, and there a key over the database.
    fn way(&self, environment: Environment<'_>) -> Result<Way, Failure> {
        if let (Some(url), false) = (&self.database, self.api.names_key()) {
            return Ok(Way::Database(url.clone()));
        }
        if let Some(key) = self.api.key(environment)? {
            return Ok(Way::Api(key));
        }
        environment(DATABASE).map(Way::Database).ok_or_else(|| {
            Failure::configuration(
                "operators need one of two things: an API key with the scope admin (set RAD_API_KEY_FILE or \
                 RAD_API_KEY, and RAD_API_URL), or the database under the role that owns the schema (set \
                 RAD_MIGRATE_URL, or --database). The first key of a fleet is made at the database",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        operator: OperatorOptions,
    }

    fn way(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Way, u8> {
        let options = Line::try_parse_from([&["rad"], arguments].concat()).unwrap().operator;
        let environment =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        options.way(&environment).map_err(|failure| failure.code)
    }

    #[test]
    fn a_key_is_taken_before_the_database_unless_an_option_names_that() {
        let both = [("RAD_API_KEY", "k"), (DATABASE, "d")];
        let api = |key: &str| Ok(Way::Api(key.to_owned()));
        let database = |url: &str| Ok(Way::Database(url.to_owned()));
        assert_eq!(way(&[], &both), api("k"));
        assert_eq!(way(&["--database", "typed"], &both), database("typed"));
        assert_eq!(way(&["--key", "typed"], &both), api("typed"));
        assert_eq!(way(&[], &both[1..]), database("d"));
        assert_eq!(way(&[], &[]), Err(3));
    }
}

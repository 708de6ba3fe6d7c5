//! Limits of a tenant as options.

use clap::Args;
use rad_loadtest::client::{NewTenant, TenantChange};

use crate::amount::{self, Limit};
use crate::failure::Failure;

#[derive(Args)]
pub(super) struct Limits {
    /// Pages that it may store in a month, or none
    #[arg(long, value_name = "N", value_parser = amount::limit)]
    monthly_pages: Option<Limit>,
    /// Tokens of chunks that it may store in a month, or none
    #[arg(long, value_name = "N", value_parser = amount::limit)]
    monthly_tokens: Option<Limit>,
    /// Bytes that it may store, such as 10GB, or none
    #[arg(long, value_name = "SIZE", value_parser = amount::size_limit)]
    storage_bytes: Option<Limit>,
    /// Pages that it may fetch at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    max_crawlers: Option<i32>,
    /// Its share of the fleet, relative to others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    weight: Option<i32>,
}

impl Limits {
    /// Of a tenant to make, where not to name a limit and to take it away are the same.
    pub(super) fn of_new(&self, name: &str) -> NewTenant {
        NewTenant {
            name: name.to_owned(),
            monthly_pages: self.monthly_pages.and_then(|limit| limit.0),
            monthly_tokens: self.monthly_tokens.and_then(|limit| limit.0),
            storage_bytes: self.storage_bytes.and_then(|limit| limit.0),
            max_crawlers: self.max_crawlers,
            weight: self.weight,
        }
    }

    /// Of a tenant that there is. At least one must be named.
    pub(super) fn change(&self) -> Result<TenantChange, Failure> {
        let change = TenantChange {
            monthly_pages: self.monthly_pages.map(|limit| limit.0),
            monthly_tokens: self.monthly_tokens.map(|limit| limit.0),
            storage_bytes: self.storage_bytes.map(|limit| limit.0),
            max_crawlers: self.max_crawlers,
            weight: self.weight,
        };
        if change == TenantChange::default() {
            return Err(Failure::usage(
                "nothing to change: name --monthly-pages, --monthly-tokens, --storage-bytes, --max-crawlers or \
                 --weight",
            ));
        }
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        limits: Limits,
    }

    fn limits(arguments: &[&str]) -> Limits {
        Line::try_parse_from([&["rad"], arguments].concat()).unwrap().limits
    }

    #[test]
    fn none_takes_a_limit_away_and_what_is_not_named_stays() {
        let change = limits(&["--monthly-pages", "none", "--storage-bytes", "1KiB"]).change().unwrap();
        assert_eq!((change.monthly_pages, change.storage_bytes), (Some(None), Some(Some(1_024))));
        assert_eq!((change.max_crawlers, change.weight), (None, None));
        assert_eq!(limits(&[]).change().err().map(|failure| failure.code), Some(2));
    }

    #[test]
    fn a_new_tenant_has_the_limits_that_are_named() {
        let new =
            limits(&["--monthly-pages", "9", "--storage-bytes", "none", "--weight", "2"]).of_new("acme");
        assert_eq!((new.name.as_str(), new.monthly_pages, new.storage_bytes), ("acme", Some(9), None));
        assert_eq!((new.max_crawlers, new.weight), (None, Some(2)));
    }
}

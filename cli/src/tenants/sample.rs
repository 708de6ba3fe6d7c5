//! A tenant with small limits and a key, for a first try or for somebody who should not be able to do harm.

use std::hash::{BuildHasher as _, RandomState};

use rad_loadtest::client::NewTenant;
use serde_json::json;

use crate::failure::Failure;
use crate::keys;
use crate::operator::Door;
use crate::output;

const MONTHLY_PAGES: i64 = 1_000;
const STORAGE_BYTES: i64 = 1 << 30;
const MAX_CRAWLERS: i32 = 4;

pub(super) async fn make(door: &Door, quiet: bool, as_json: bool) -> Result<(), Failure> {
    let new = NewTenant {
        name: name(),
        monthly_pages: Some(MONTHLY_PAGES),
        monthly_tokens: None,
        storage_bytes: Some(STORAGE_BYTES),
        max_crawlers: Some(MAX_CRAWLERS),
        weight: None,
    };
    let tenant = door.create_tenant(&new).await?;
    let scopes = keys::DEFAULT_SCOPES.map(str::to_owned);
    let key = door.create_key(&tenant.name, &scopes).await.map_err(|failure| {
        let done = format!("the tenant {} is made, but not its key", tenant.name);
        Failure { error: failure.error.context(done), ..failure }
    })?;
    if as_json {
        output::json(&json!({ "tenant": tenant, "key": key }))?;
        keys::warn();
        return Ok(());
    }
    if !quiet {
        eprintln!(
            "Tenant {} may store {MONTHLY_PAGES} pages a month and 1 GiB, and fetch {MAX_CRAWLERS} pages at a time",
            tenant.name
        );
    }
    keys::print(&key, quiet)
}

/// A clash is not likely, and the database refuses it.
fn name() -> String {
    // Each state of the standard library's hasher has keys from the system's source of randomness.
    format!("sample-{:08x}", RandomState::new().hash_one(()) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_have_one_form() {
        let (one, other) = (name(), name());
        assert_ne!(one, other);
        assert!(one.len() == "sample-".len() + 8 && one.starts_with("sample-"), "{one}");
    }
}

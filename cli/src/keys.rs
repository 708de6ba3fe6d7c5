//! `rad keys`: makes, lists and revokes API keys.

use clap::{Args, Subcommand};
use rad_loadtest::client::{Key, NewKey};

use crate::failure::Failure;
use crate::operator::OperatorOptions;
use crate::output;
use crate::paint::Paint;
use crate::table::{Set, Table};

/// What a key may do where nothing was said.
pub(crate) const DEFAULT_SCOPES: [&str; 2] = ["read", "crawl"];

/// Make, list and revoke API keys (for operators).
#[derive(Args)]
pub(crate) struct KeysOptions {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the keys of a tenant, without their secrets
    List {
        /// Name of the tenant
        tenant: String,
        #[command(flatten)]
        common: Common,
    },
    /// Make a key and print it, the only time that it is shown
    Create {
        /// Name of the tenant
        tenant: String,
        /// What it may do: read, crawl, admin
        #[arg(long, value_delimiter = ',', value_parser = ["read", "crawl", "admin"], default_values = DEFAULT_SCOPES)]
        scopes: Vec<String>,
        /// Print only the key
        #[arg(long, conflicts_with = "json")]
        quiet: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Make a key useless
    Revoke {
        /// Name of the tenant
        tenant: String,
        /// The key's public part, as `rad keys list` shows it
        key_id: String,
        #[command(flatten)]
        common: Common,
    },
}

/// Options of all of them.
#[derive(Args)]
struct Common {
    /// Print one JSON object, or one a line where there are several
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: OperatorOptions,
}

pub(crate) async fn run(options: &KeysOptions) -> Result<u8, Failure> {
    match &options.action {
        Action::List { tenant, common } => {
            let keys = common.operator.open().await?.keys(tenant).await?;
            list(&keys, tenant, common.json)?;
        }
        Action::Create { tenant, scopes, quiet, common } => {
            let key = common.operator.open().await?.create_key(tenant, scopes).await?;
            if common.json {
                output::json(&key)?;
                warn();
            } else {
                print(&key, *quiet)?;
            }
        }
        Action::Revoke { tenant, key_id, common } => {
            let revoked = common.operator.open().await?.revoke_key(tenant, key_id).await?;
            if common.json {
                output::json(&revoked)?;
            } else {
                output::text(&format!("{} is revoked since {}\n", revoked.key_id, revoked.revoked_at))?;
            }
        }
    }
    Ok(0)
}

/// Prints a new key: alone, or with what it is.
pub(crate) fn print(key: &NewKey, quiet: bool) -> Result<(), Failure> {
    if quiet {
        output::text(&format!("{}\n", key.key))?;
    } else {
        let scopes = key.scopes.join(", ");
        output::text(&format!(
            "tenant  {}\nkey ID  {}\nscopes  {scopes}\nkey     {}\n",
            key.tenant, key.key_id, key.key
        ))?;
    }
    warn();
    Ok(())
}

/// A key that is lost can only be replaced.
pub(crate) fn warn() {
    eprintln!("Keep the key now: only its hash is stored, and it is not shown again");
}

fn list(keys: &[Key], tenant: &str, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(output::ndjson(keys)?);
    }
    if keys.is_empty() {
        eprintln!("The tenant has no keys; `rad keys create {tenant}` makes one");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("KEY ID", Set::Left),
        ("SCOPES", Set::Left),
        ("CREATED", Set::Left),
        ("REVOKED", Set::Left),
    ]);
    for key in keys {
        table.row([
            key.key_id.clone(),
            key.scopes.join(","),
            key.created_at.clone(),
            key.revoked_at.clone().unwrap_or_default(),
        ]);
    }
    Ok(output::text(&table.text(Paint::for_stdout()))?)
}

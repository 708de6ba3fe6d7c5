//! `rad tenants`: who may use the fleet, and how much.

mod limits;
mod sample;

use clap::{Args, Subcommand};
use rad_loadtest::client::{NewTenant, Tenant};

use crate::failure::Failure;
use crate::operator::OperatorOptions;
use crate::paint::Paint;
use crate::table::{Set, Table};
use crate::{amount, output};
use limits::Limits;

/// Make and change tenants (for operators).
#[derive(Args)]
pub(crate) struct TenantsOptions {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List all tenants
    List(Common),
    /// Show one tenant
    Show {
        /// Name of the tenant
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// Make a tenant
    Create {
        /// Name of the tenant
        name: String,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        common: Common,
    },
    /// Change limits of a tenant; what is not named stays
    Set {
        /// Name of the tenant
        name: String,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        common: Common,
    },
    /// Make a tenant with small limits and a key, to try things out
    Sample {
        /// Print only the key
        #[arg(long, conflicts_with = "json")]
        quiet: bool,
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

pub(crate) async fn run(options: &TenantsOptions) -> Result<u8, Failure> {
    match &options.action {
        Action::List(common) => {
            let tenants = common.operator.open().await?.tenants().await?;
            list(&tenants, common.json)?;
        }
        Action::Show { name, common } => {
            one(common.operator.open().await?.tenant(name).await?, common.json)?;
        }
        Action::Create { name, limits, common } => {
            let new: NewTenant = limits.of_new(name);
            one(common.operator.open().await?.create_tenant(&new).await?, common.json)?;
            eprintln!("`rad keys create {name}` makes a key for it");
        }
        Action::Set { name, limits, common } => {
            let change = limits.change()?;
            one(common.operator.open().await?.change_tenant(name, change).await?, common.json)?;
        }
        Action::Sample { quiet, common } => {
            sample::make(&common.operator.open().await?, *quiet, common.json).await?;
        }
    }
    Ok(0)
}

fn one(tenant: Tenant, as_json: bool) -> Result<(), Failure> {
    if as_json { Ok(output::json(&tenant)?) } else { list(&[tenant], false) }
}

fn list(tenants: &[Tenant], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(output::ndjson(tenants)?);
    }
    let mut table = Table::new(&[
        ("ID", Set::Right),
        ("NAME", Set::Cut),
        ("PAGES THIS MONTH", Set::Right),
        ("OF", Set::Right),
        ("TOKENS", Set::Right),
        ("OF", Set::Right),
        ("STORED", Set::Right),
        ("OF", Set::Right),
        ("CRAWLERS", Set::Right),
        ("WEIGHT", Set::Right),
    ]);
    for tenant in tenants {
        table.row([
            tenant.tenant_id.to_string(),
            tenant.name.clone(),
            tenant.pages_this_month.to_string(),
            amount::shown(tenant.monthly_pages, amount::plain),
            tenant.tokens_this_month.to_string(),
            amount::shown(tenant.monthly_tokens, amount::plain),
            amount::bytes(tenant.bytes_stored),
            amount::shown(tenant.storage_bytes, amount::bytes),
            tenant.max_crawlers.to_string(),
            tenant.weight.to_string(),
        ]);
    }
    Ok(output::text(&table.text(Paint::for_stdout()))?)
}

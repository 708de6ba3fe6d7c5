//! `rad whoami`: the tenant of the key, its limits and what is left of them.

use clap::Args;
use rad_loadtest::client::{Limit, Whoami};

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::paint::Paint;
use crate::table::{Set, Table};
use crate::{amount, clean, output};

/// Show whose key this is, with limits and use.
#[derive(Args)]
pub(crate) struct WhoamiOptions {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &WhoamiOptions) -> Result<u8, Failure> {
    let whoami = options.api.open()?.whoami().await?;
    if options.json {
        output::json(&whoami)?;
    } else {
        output::text(&text(&whoami, Paint::for_stdout()))?;
    }
    Ok(0)
}

fn text(whoami: &Whoami, paint: Paint) -> String {
    let title = format!("Tenant {} (number {})", whoami.name, whoami.tenant_id);
    let mut table = Table::new(&[
        ("LIMIT", Set::Left),
        ("USED", Set::Right),
        ("ALLOWED", Set::Right),
        ("LEFT", Set::Right),
        ("", Set::Left),
    ]);
    for limit in &whoami.limits {
        table.row(row(limit));
    }
    format!(
        "{}\nThe key may: {}\n\n{}",
        paint.bold(clean::line(&title)),
        clean::line(&whoami.scopes.join(", ")),
        table.text(paint)
    )
}

fn row(limit: &Limit) -> [String; 5] {
    let show = if limit.limit == "storage_bytes" { amount::bytes } else { amount::plain };
    [
        limit.limit.clone(),
        limit.used.map_or_else(|| "?".to_owned(), show),
        amount::shown(limit.allowed, show),
        limit.left.map(show).unwrap_or_default(),
        if limit.reached { "reached".to_owned() } else { String::new() },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shown_in_their_units() {
        let limit = |limit: &str, used, allowed: Option<i64>, left, reached| Limit {
            limit: limit.to_owned(),
            used: Some(used),
            allowed,
            left,
            reached,
        };
        let whoami = Whoami {
            tenant_id: 3,
            name: "acme".to_owned(),
            scopes: vec!["read".to_owned(), "crawl".to_owned()],
            limits: vec![
                limit("monthly_pages", 5, Some(5), Some(0), true),
                limit("storage_bytes", 2_048, None, None, false),
            ],
        };
        let expected = "\
Tenant acme (number 3)
The key may: read, crawl

LIMIT             USED  ALLOWED  LEFT
monthly_pages        5        5     0  reached
storage_bytes  2.0 KiB     none
";
        assert_eq!(text(&whoami, Paint::plain()), expected);
    }
}

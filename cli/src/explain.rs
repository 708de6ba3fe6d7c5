//! `rad explain`: why a URL was fetched or not, and what comes next.

use clap::Args;
use rad_loadtest::client::Explanation;

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::paint::Paint;
use crate::{clean, output, start_url};

/// Tell why a URL was fetched or not, and what comes next.
#[derive(Args)]
pub(crate) struct ExplainOptions {
    /// The URL
    url: String,
    /// Number of the crawl [default: the newest]
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    crawl: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &ExplainOptions) -> Result<u8, Failure> {
    let url = start_url::parse(&options.url)?;
    let api = options.api.open()?;
    let crawl = if let Some(id) = options.crawl {
        id
    } else if let Some(newest) = api.crawls(None, 1).await?.first() {
        newest.id
    } else {
        eprintln!("There is no crawl yet: `rad crawl {}` starts one", clean::line(url.as_str()));
        return Ok(0);
    };
    let explanation = api.explain(crawl, url.as_str()).await?;
    if options.json {
        output::json(&explanation)?;
    } else {
        output::text(&text(&explanation, Paint::for_stdout()))?;
    }
    Ok(0)
}

fn text(explanation: &Explanation, paint: Paint) -> String {
    let title = format!("{} in crawl {}", explanation.url, explanation.crawl);
    let mut lines = vec![
        paint.bold(clean::line(&title)),
        format!("Why   {}", clean::line(&explanation.why)),
        format!("Next  {}", clean::line(&explanation.next)),
    ];
    for (name, value) in &explanation.more {
        match value {
            serde_json::Value::Null | serde_json::Value::Object(_) => {}
            serde_json::Value::String(value) => lines.push(format!("{name}: {}", clean::line(value))),
            other => lines.push(format!("{name}: {other}")),
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_sentences_come_first_and_control_characters_do_not_come_through() {
        let more = serde_json::json!({ "depth": 2, "verdict": "robots", "evidence": null, "host": {} });
        let explanation = Explanation {
            url: "http://a.com/".to_owned(),
            crawl: 7,
            state: "skipped".to_owned(),
            why: "line 2\u{1b}[31m".to_owned(),
            next: "nothing".to_owned(),
            more: more.as_object().unwrap().clone(),
        };
        let text = text(&explanation, Paint::plain());
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.starts_with("http://a.com/ in crawl 7\nWhy   line 2"), "{text}");
        assert!(text.contains("Next  nothing\ndepth: 2\nverdict: robots"), "{text}");
    }
}

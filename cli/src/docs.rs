//! `rad docs`: what was stored.

mod document;

use clap::Args;
use rad_loadtest::client::Document;

use crate::connection::ApiOptions;
use crate::failure::Failure;
use crate::output;
use crate::paint::Paint;
use crate::table::{Set, Table};

/// Rows of a table where nothing was said.
const ROWS: u32 = 100;

/// List documents, or show one.
#[derive(Args)]
pub(crate) struct DocsOptions {
    /// Number of a document
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    id: Option<i64>,
    /// Only documents that this crawl stored, or found unchanged
    #[arg(long, value_name = "ID", conflicts_with = "id", value_parser = clap::value_parser!(i64).range(1..))]
    crawl: Option<i64>,
    /// Rows to show at most [default: 100; all with --json and of chunks]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// The chunks of the document
    #[arg(long, requires = "id", conflicts_with = "markdown")]
    chunks: bool,
    /// Only the content of the document
    #[arg(long, requires = "id", conflicts_with = "json")]
    markdown: bool,
    /// Print one JSON object, or one a line where there are several
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiOptions,
}

pub(crate) async fn run(options: &DocsOptions) -> Result<u8, Failure> {
    let api = options.api.open()?;
    match options.id {
        None => {
            let most = output::most(options.limit, ROWS, options.json);
            list(&api.first_documents(options.crawl, most).await?, most, options.json)?;
        }
        Some(id) if options.chunks => {
            let most = output::most(options.limit, u32::MAX, options.json);
            document::chunks(&api.chunks(id, most).await?, options.json)?;
        }
        Some(id) if options.markdown => output::content(&api.document(id).await?.markdown)?,
        Some(id) => document::show(&api.document(id).await?, options.json)?,
    }
    Ok(0)
}

fn list(documents: &[Document], most: usize, as_json: bool) -> Result<(), Failure> {
    if as_json {
        output::ndjson(documents)?;
        output::note_cut(documents.len(), most);
        return Ok(());
    }
    if documents.is_empty() {
        eprintln!("There are no documents here; `rad status` lists the crawls");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("ID", Set::Right),
        ("CHUNKS", Set::Right),
        ("TOKENS", Set::Right),
        ("LANG", Set::Left),
        ("TITLE", Set::Cut),
        ("URL", Set::Cut),
    ]);
    for document in documents {
        table.row([
            document.document_id.to_string(),
            document.chunk_count.to_string(),
            document.tokens.to_string(),
            document.language.clone().unwrap_or_default(),
            document.title.clone().unwrap_or_default(),
            document.url.clone(),
        ]);
    }
    output::text(&table.text(Paint::for_stdout()))?;
    output::note_cut(documents.len(), most);
    Ok(())
}

//! One document, or its chunks.

use std::fmt::Write as _;

use rad_loadtest::client::{Chunk, DocumentDetail};

use crate::failure::Failure;
use crate::paint::Paint;
use crate::{amount, clean, output};

pub(super) fn show(document: &DocumentDetail, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(output::json(document)?);
    }
    Ok(output::text(&text(document, Paint::for_stdout()))?)
}

pub(super) fn chunks(chunks: &[Chunk], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(output::ndjson(chunks)?);
    }
    let paint = Paint::for_stdout();
    let text: String = chunks.iter().map(|chunk| chunk_text(chunk, paint)).collect();
    Ok(output::text(&text)?)
}

fn text(detail: &DocumentDetail, paint: Paint) -> String {
    let document = &detail.document;
    let title = clean::line(document.title.as_deref().unwrap_or("(no title)"));
    let mut text = format!("{}\n\n", paint.bold(title));
    let rows = [
        ("document", Some(document.document_id.to_string())),
        ("URL", Some(document.url.clone())),
        ("canonical", detail.canonical.clone()),
        ("language", document.language.clone()),
        ("author", detail.metadata.get("author").cloned()),
        ("published", detail.metadata.get("published").cloned()),
        ("about", detail.metadata.get("description").cloned()),
        ("type", detail.content_type.clone()),
        ("size", detail.raw_bytes.map(amount::bytes)),
        ("chunks", Some(format!("{} with {} tokens", document.chunk_count, document.tokens))),
        ("crawl", detail.crawl.map(amount::plain)),
        ("fetched", Some(detail.fetched_at.clone())),
        ("modified", detail.last_modified.clone()),
        ("content", Some(detail.content_hash.clone())),
    ];
    let near = detail.near_duplicates.iter();
    let near = near.map(|near| ("nearly", Some(format!("{} (document {})", near.url, near.document_id))));
    for (name, value) in rows.into_iter().chain(near) {
        if let Some(value) = value {
            writeln!(text, "  {name:<12}{}", clean::line(&value)).expect("a String takes all writes");
        }
    }
    let id = document.document_id;
    let more = paint.dim(format_args!("  rad docs {id} --markdown, rad docs {id} --chunks"));
    text + "\n" + &more + "\n"
}

fn chunk_text(chunk: &Chunk, paint: Paint) -> String {
    let place = clean::line(&chunk.heading_path.join(" > "));
    let heading = format!("Chunk {}: {place} ({} tokens)", chunk.ordinal, chunk.tokens);
    format!("{}\n{}\n\n", paint.bold(heading), clean::lines(chunk.text.trim_end()))
}

#[cfg(test)]
mod tests {
    use rad_loadtest::client::{Document, NearDuplicate};

    use super::*;

    #[test]
    fn what_a_website_says_is_shown_without_its_controls() {
        let document = Document {
            document_id: 7,
            url: "http://a.example/".to_owned(),
            title: Some("A\u{1b}[2J".to_owned()),
            language: None,
            chunk_count: 2,
            tokens: 40,
        };
        let near = NearDuplicate { document_id: 8, url: "http://a.example/print".to_owned(), distance: 1 };
        let detail = DocumentDetail {
            document,
            canonical: None,
            metadata: [("author".to_owned(), "J. Doe\u{7}".to_owned())].into(),
            near_duplicates: vec![near],
            content_type: Some("text/html\u{9b}".to_owned()),
            last_modified: None,
            fetched_at: "2026-01-01T00:00:00Z".to_owned(),
            content_hash: "ab".repeat(16),
            raw_bytes: Some(2_048),
            crawl: Some(3),
            markdown: "# A".to_owned(),
        };
        let text = text(&detail, Paint::plain());
        assert!(text.starts_with("A�[2J\n\n  document    7\n  URL         http://a.example/\n"), "{text}");
        assert!(text.contains("  type        text/html�\n  size        2.0 KiB\n"), "{text}");
        assert!(text.contains("  author      J. Doe�\n"), "{text}");
        assert!(text.contains("  nearly      http://a.example/print (document 8)\n"), "{text}");
        assert!(!text.contains("language"), "{text}");
        let chunk = Chunk {
            chunk_id: String::new(),
            ordinal: 0,
            heading_path: vec!["A".to_owned(), "B\n\u{7}".to_owned()],
            tokens: 3,
            start_byte: 0,
            end_byte: 9,
            text: "one\n\u{1b}two\n".to_owned(),
        };
        assert_eq!(chunk_text(&chunk, Paint::plain()), "Chunk 0: A > B � (3 tokens)\none\n�two\n\n");
    }
}

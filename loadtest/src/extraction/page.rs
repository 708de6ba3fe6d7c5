//! The report in which pages, reference texts and results stand side by side.

use std::fmt::Write as _;
use std::path::Path;

use super::ExtractError;
use super::corpus::{Corpus, Sample};
use super::score::{self, Judged};
use super::words::{Words, is_part};

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:1rem}table{border-collapse:collapse}\
td,th{padding:.15rem .7rem;text-align:left}tr:nth-child(even){background:#f4f4f4}\
.side{display:grid;grid-template-columns:1fr 1fr 1fr;gap:1rem;height:90vh}\
.side>*{overflow:auto;height:100%;width:100%;border:1px solid #ccc;box-sizing:border-box}\
pre{white-space:pre-wrap;margin:0;padding:.5rem;font:13px/1.45 system-ui,sans-serif}mark{background:#fdd}";

/// Writes an index of all pages, and the worst `most` with their texts.
pub(super) fn write(
    folder: &Path,
    corpus: &Corpus,
    judged: &[Judged],
    most: usize,
) -> Result<(), ExtractError> {
    std::fs::create_dir_all(folder).map_err(ExtractError::write(folder))?;
    let mut worst: Vec<_> = judged.iter().collect();
    worst.sort_by(|a, b| a.outcomes[0].agreement.f1.total_cmp(&b.outcomes[0].agreement.f1));
    let mut rows = String::new();
    for (at, page) in worst.iter().enumerate() {
        let shown = at < most;
        if shown {
            write_page(folder, &corpus.sample(&page.name)?)?;
        }
        row(&mut rows, page, shown);
    }
    let head = "<tr><th>page<th>type<th>F1<th>precision<th>recall<th>others' F1<th>KB<th>ms</tr>";
    let html = document("Extraction, page by page", &format!("<table>{head}{rows}</table>"));
    put(&folder.join("index.html"), &html)
}

fn row(rows: &mut String, page: &Judged, shown: bool) {
    let (ours, name) = (&page.outcomes[0], escaped(&page.name));
    let link = if shown { format!("<a href='{name}.html'>{name}</a>") } else { name };
    let others: Vec<_> =
        page.outcomes[1..].iter().map(|other| format!("{:.3}", other.agreement.f1)).collect();
    let cells = format!(
        "<tr><td>{link}<td>{}<td>{:.3}<td>{:.3}<td>{:.3}<td>{}<td>{}<td>{:.1}</tr>\n",
        escaped(&page.kind),
        ours.agreement.f1,
        ours.agreement.precision,
        ours.agreement.recall,
        others.join(" "),
        page.bytes / 1_000,
        ours.cpu.as_secs_f64() * 1e3,
    );
    rows.push_str(&cells);
}

/// The page stands in a frame in which no script runs and from which nothing is sent.
fn write_page(folder: &Path, sample: &Sample) -> Result<(), ExtractError> {
    let found = score::read(&sample.html, &sample.url).unwrap_or_default();
    let page = String::from_utf8_lossy(&sample.html);
    let policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    let frame = format!(
        "<iframe sandbox srcdoc='{}'></iframe>",
        format!("{policy}{page}").replace('&', "&amp;").replace('\'', "&#39;")
    );
    let truth = marked(&sample.truth, &Words::of(&found));
    let ours = marked(&found, &Words::of(&sample.truth));
    let body = format!(
        "<p><a href='index.html'>all pages</a> | {} | {} | marked: words that the other text lacks</p>\
         <div class=side>{frame}<pre>{truth}</pre><pre>{ours}</pre></div>",
        escaped(&sample.kind),
        escaped(sample.url.as_str()),
    );
    put(&folder.join(format!("{}.html", sample.name)), &document(&sample.name, &body))
}

fn document(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{body}\n"
    )
}

/// A text with the words marked that `other` does not have.
fn marked(text: &str, other: &Words) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let in_word = is_part(c);
        let end = rest.find(|c| is_part(c) != in_word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        if in_word && !other.contains(&piece.to_lowercase()) {
            write!(out, "<mark>{}</mark>", escaped(piece)).expect("a String takes all that is written");
        } else {
            out.push_str(&escaped(piece));
        }
        rest = after;
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}

fn put(path: &Path, html: &str) -> Result<(), ExtractError> {
    std::fs::write(path, html).map_err(ExtractError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_the_other_text_lacks_are_marked() {
        let marked = marked("A <b>, Cc é", &Words::of("a é"));
        assert_eq!(marked, "A &lt;<mark>b</mark>&gt;, <mark>Cc</mark> é");
    }
}
